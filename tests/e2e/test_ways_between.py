"""The lab's two real programs on other lines: pulled one way, as files the other, a ticket system beside one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, web

from callflow.domain.names import SiteId
from callflow.lab.keys import load_keys
from callflow.lab.plan import Plan
from softphone_sim.lab import Lab
from tests.contract.exchange.own_system import example
from tests.e2e.conftest import BASE, SCENARIOS, Play
from tests.e2e.site_files import another_lab
from tests.e2e.test_tickets_without_a_call import Seat, eventually

UNIT = "510104000000"
PEER = "uui_key_id = 1\n"
PLACE = f"127.0.{BASE + 1}.40", 9800
SYSTEM = f"""
[ticket_system]
id = "ztb"
url = "http://{PLACE[0]}:{PLACE[1]}/steps"
numbers = "masked"
"""


def carried(gateway: Path) -> Callable[[str], str]:
    """12345's messages are fetched by 110 at 12345's door; 110's are put down as files."""

    def edit(text: str) -> str:
        is_gov = 'id = "12345"\nname_zh' in text
        own, other = ("12345", "110") if is_gov else ("110", "12345")
        ways = ("pull", "file") if is_gov else ("file", "pull")
        folders = f'{{out = "{gateway}/from-{own}", into = "{gateway}/from-{other}"}}'
        said = f'exchange_out = "{ways[0]}"\nexchange_in = "{ways[1]}"\nexchange_folders = {folders}\n'
        assert text.count(PEER) == 1
        return text.replace(PEER, PEER + said) + (SYSTEM if is_gov else "")

    return edit


@pytest.fixture(scope="module")
def running(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """A lab of its own with such a line."""
    folder = tmp_path_factory.mktemp("line")
    with another_lab(BASE + 1, plan.sites[0].site_file.parent, folder / "sites", carried(folder)) as made:
        yield made


@pytest.mark.covers("R-050", "R-061", "R-001", "R-040", "R-043")
@pytest.mark.parametrize(
    ("script", "origin", "seen_s"),
    [
        ("01-one-key-12345-to-110", 0, 3.0),  # the word of it is pulled, and what became of it comes as files
        ("02-one-key-110-to-12345", 1, 1.0),  # the other way about; a question is open all the time
    ],
    ids=["told by pull", "told by files"],
)
async def test_a_key_is_pressed_and_the_pair_of_tickets_lives_on(
    lab: Lab, play_script: Play, script: str, origin: int, seen_s: float
) -> None:
    began = time.time()
    result = await play_script(SCENARIOS / f"{script}.yaml")
    assert result.failure is None

    jars = [CookieJar(unsafe=True), CookieJar(unsafe=True)]
    async with ClientSession(cookie_jar=jars[0]) as at_gov, ClientSession(cookie_jar=jars[1]) as at_police:
        seats = [Seat(http, site.http) for http, site in zip((at_gov, at_police), lab.sites, strict=True)]
        for seat, site in zip(seats, lab.sites, strict=True):
            await seat.sign_in(site.agents[0].desk_user, site.agents[0].desk_password)
        here, there = seats[origin], seats[1 - origin]
        _, found = await here.ask("POST", "/tickets/search", {"opened_from": began})
        (incident_id,) = {ticket["incident_id"] for ticket in found["tickets"]}

        async def pair() -> list[Any]:
            return await asyncio.gather(here.ticket_of(incident_id), there.ticket_of(incident_id))

        (ours, theirs), _ = await eventually(pair, is_a_pair)
        await there.step(theirs["ticket_id"], "dispatch", unit=UNIT)
        await there.step(theirs["ticket_id"], "sign")
        seen, lag_s = await eventually(
            lambda: here.ticket_of(incident_id), lambda ticket: ticket["peer_state"] == "signed"
        )

    assert (seen["ticket_id"], seen["owner"], lag_s < seen_s) == (ours["ticket_id"], theirs["owner"], True)


@pytest.mark.covers("R-040", "R-041")
async def test_the_ticket_system_beside_12345_hears_every_step_and_takes_its_own(
    lab: Lab, running: Plan, play_script: Play, tmp_path: Path
) -> None:
    """It is away while the key is pressed, and has everything when it is there."""
    keys = load_keys(running.keys, SiteId("12345"))
    receiver = example().Receiver(tmp_path / "system.db", keys.ticket_system_out, keys.ticket_system_in)
    result = await play_script(SCENARIOS / "01-one-key-12345-to-110.yaml")
    assert result.failure is None
    async with serving(receiver.app()), ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        seat = Seat(http, lab.sites[0].http)
        await seat.sign_in(lab.sites[0].agents[0].desk_user, lab.sites[0].agents[0].desk_password)
        _, found = await seat.ask("POST", "/tickets/search", {})
        newest = found["tickets"][0]

        async def kept() -> dict[str, Any]:
            row = receiver.books.execute(ROW, (newest["incident_id"],)).fetchone()
            return {"owner": ""} if row is None else json.loads(row[1]) | {"steps": json.loads(row[2])}

        told, _ = await eventually(kept, lambda seen: seen["owner"] == "110")
        ticket = await seat.ticket_of(newest["incident_id"])
        status, said = await receiver.say(
            f"{lab.sites[0].http}/api/v1/ticket-system/steps",
            ticket_id=ticket["ticket_id"],
            step="citizen-told",
            channel="sms",
            by="wang",
        )

    receiver.books.close()
    assert (told["steps"][0], told["ticket_id"], told["number"]) == ("opened", ticket["ticket_id"], "138****8001")
    assert (told["peer_ticket_id"], ticket["system_number"][:3]) == (ticket["peer_ticket_id"], "ZTB")
    assert (status, said["told"]) == (200, ["citizen_told"])


ROW = "SELECT number, ticket, steps FROM tickets WHERE incident = ?"


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, *PLACE).start()
    try:
        yield
    finally:
        await runner.cleanup()


def is_a_pair(pair: list[Any]) -> bool:
    one, other = pair
    return (
        None not in pair
        and (one["peer_ticket_id"], other["peer_ticket_id"]) == (other["ticket_id"], one["ticket_id"])
        and one["owner"] == other["owner"]
    )
