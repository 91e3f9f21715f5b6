"""Both platforms on one box: one address, one deployment; the stories of two boxes, and two of all that is kept."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from callflow.domain.names import SiteId
from callflow.lab import lab as lab_up_down
from callflow.lab.keys import load_keys
from callflow.lab.plan import Plan, plan_lab
from softphone_sim.lab import Lab
from tests.e2e.conftest import BASE, SCENARIOS, SCRIPTS, Play
from tests.e2e.scene import quiet
from tests.e2e.test_tickets_without_a_call import Seat

STORIES = (
    SCENARIOS / "02-one-key-110-to-12345.yaml",
    SCENARIOS / "04-busy-then-three-party.yaml",
    SCRIPTS / "danger.yaml",
    SCENARIOS / "01-one-key-12345-to-110.yaml",
)
ACCOUNTS = {"12345": ("8100", "8300", "8400"), "110": ("9100", "9300", "9400")}
"""Supervisor, auditor, administrator of each."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """A lab of its own, with both platforms at one address."""
    plan = plan_lab(BASE + 1, state=tmp_path_factory.mktemp("box"), one_box=True)
    lab_up_down.up(plan, quiet)
    try:
        yield plan
    finally:
        lab_up_down.down(plan)


@pytest.mark.covers("R-058", "R-001", "R-008", "R-040")
@pytest.mark.parametrize("script", STORIES, ids=lambda path: path.stem)
async def test_a_story_of_two_boxes_holds_on_one(running: Plan, script: Path, play_script: Play) -> None:
    result = await play_script(script)

    assert result.failure is None
    async with asyncio.timeout(10):
        while not linked(gov := pairs(running, 0), pairs(running, 1)):  # noqa: ASYNC110 - books of other programs tell nobody
            await asyncio.sleep(0.05)
    assert {ours[:2] + theirs[:2] for ours, theirs in gov.values()} == {"GDJD"}


def pairs(running: Plan, nth: int) -> dict[str, tuple[str, str]]:
    """Incident -> this platform's ticket and the number of the other's, out of its own books."""
    with sqlite3.connect(f"file:{running.sites[nth].state / 'facts.db'}?mode=ro", uri=True) as base:
        rows = base.execute("SELECT incident_id, ticket_id, peer_ticket_id FROM tickets").fetchall()
    return {incident: (ours, theirs) for incident, ours, theirs in rows}


def linked(gov: dict[str, tuple[str, str]], police: dict[str, tuple[str, str]]) -> bool:
    return gov.keys() == police.keys() and all(police[incident] == pair[::-1] for incident, pair in gov.items())


@pytest.fixture
async def incident(running: Plan, lab: Lab) -> str:
    """A matter that both platforms know."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        seat, agent = Seat(browser, lab.sites[0].http), lab.sites[0].agents[0]
        await seat.sign_in(agent.desk_user, agent.desk_password)
        _, ticket = await seat.ask("POST", "/tickets", {"summary": "有人打架", "dispatch_to": "110"})
    async with asyncio.timeout(10):
        while ticket["incident_id"] not in pairs(running, 1):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
    return str(ticket["incident_id"])


@pytest.mark.covers("R-058", "R-063", "R-065")
async def test_nobody_of_one_platform_sees_the_audit_of_the_other(running: Plan, lab: Lab, incident: str) -> None:
    """Each account at its own desk and at the other's, by one browser that keeps every cookie it is given."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        for home, away in ((lab.sites[0], lab.sites[1]), (lab.sites[1], lab.sites[0])):
            keys = load_keys(running.keys, SiteId(home.id))
            for account in ACCOUNTS[home.id]:
                user = {"user": account, "password": keys.agents[account].desk_password}  # type: ignore[index] # an AgentId
                assert (await ask(browser, "POST", f"{away.http}/api/v1/session", user))[0] == 401
                status, session = await ask(browser, "POST", f"{home.http}/api/v1/session", user)
                assert status == 200
                for path in (f"/api/v1/incidents/{incident}/trace", "/api/v1/site", "/api/v1/calls"):
                    assert (await ask(browser, "GET", away.http + path))[0] == 401, (account, path)
                await ask(browser, "DELETE", f"{home.http}/api/v1/session", csrf=session["csrf"])


async def test_one_seat_may_hold_both_roles_by_two_sessions_that_know_nothing_of_each_other(
    running: Plan, lab: Lab, incident: str
) -> None:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        for site in lab.sites:
            account = ACCOUNTS[site.id][1]
            password = load_keys(running.keys, SiteId(site.id)).agents[account].desk_password  # type: ignore[index] # an AgentId
            status, _ = await ask(
                browser, "POST", f"{site.http}/api/v1/session", {"user": account, "password": password}
            )
            assert status == 200
        for site in lab.sites:
            status, trace = await ask(browser, "GET", f"{site.http}/api/v1/incidents/{incident}/trace")
            assert (status, trace["site"]) == (200, site.id)


@pytest.mark.covers("R-058", "R-063", "R-065")
def test_what_is_kept_is_kept_twice_and_opens_only_for_its_own(running: Plan, incident: str) -> None:
    gov, police = (load_keys(running.keys, SiteId(site.id)) for site in running.sites)
    secrets = [
        {keys.ami_secret, keys.redis_password, keys.session_secret, keys.ticket_system_in, keys.ticket_system_out}
        | {one for agent in keys.agents.values() for one in (agent.sip_password, agent.desk_password)}
        for keys in (gov, police)
    ]
    assert secrets[0] & secrets[1] == set()
    assert gov.exchange_key != police.exchange_key
    assert {site.host for site in running.sites} == {f"{running.net}.11"}

    chains = []
    for site in running.sites:
        for mine in (site.state / "facts.db", site.place.journal / "steps.csv", site.place.log):
            assert site.id in mine.parts, mine
            assert mine.exists(), mine
        assert stat.S_IMODE(site.state.stat().st_mode) == 0o700
        with sqlite3.connect(f"file:{site.state / 'facts.db'}?mode=ro", uri=True) as base:
            chains.append({row[0] for row in base.execute("SELECT hash FROM audit")})
            assert base.execute("SELECT count(*) FROM audit WHERE incident_id = ?", (incident,)).fetchone()[0] > 0
    assert chains[0]
    assert chains[1]
    assert chains[0] & chains[1] == set()


async def ask(browser: ClientSession, method: str, url: str, body: Any = None, csrf: str = "") -> tuple[int, Any]:
    async with browser.request(method, url, json=body, headers={"X-CSRF-Token": csrf}) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text else None
