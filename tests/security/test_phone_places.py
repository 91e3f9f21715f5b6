"""An agent's password in the wrong hands: he is told of a new address, and a site may allow its own networks only."""

from __future__ import annotations

import asyncio
import re

import pytest

from callflow.lab.plan import Plan
from softphone_sim.desk import Desk, DeskEvent
from softphone_sim.lab import Lab
from tests.e2e.entries import with_site
from tests.e2e.scene import eventually
from tests.security.conftest import PLATFORM
from tests.security.wire import Wire, digest, status_of, wire

SEAT = 4


async def registers(one: Wire, user: str, password: str, contact: str | None = None) -> int:
    """REGISTER with the right password; the last response's code. `contact`: the host it names instead of its own."""
    uri = f"sip:{one.server[0]}"

    def request(headers: str = "") -> str:
        text = one.request("REGISTER", uri, user, headers=headers)
        return (
            text
            if contact is None
            else re.sub(r"(?m)^Contact: <sip:([^@]+)@[^:>]+", rf"Contact: <sip:\1@{contact}", text)
        )

    first = await one.ask(request())
    if status_of(first) != 401:
        return status_of(first)
    return status_of(await one.ask(request(digest(first, "REGISTER", uri, user, password))))


@pytest.mark.covers("T-12")
async def test_an_agent_is_told_that_his_password_is_used_from_elsewhere(lab: Lab, net: str, sip: str) -> None:
    account = lab.seat(PLATFORM, SEAT)
    async with asyncio.TaskGroup() as group, wire(f"{net}.44", sip) as phone, wire(f"{net}.67", sip) as thief:
        desk = Desk(lab.site(PLATFORM).http, lambda _event: None)
        await desk.log_in(account.desk_user, account.desk_password, group)
        assert await registers(phone, account.sip_user, account.sip_password) == 200
        assert await registers(thief, account.sip_user, account.sip_password) == 200

        async def told() -> list[DeskEvent]:
            return [event for event in desk.events if event.type == "phone"]

        events = await eventually(told, lambda seen: any(one.body["address"] == f"{net}.67" for one in seen))
        await desk.close()

    (event,) = [one for one in events if one.body["address"] == f"{net}.67"]
    assert (event.body["agent_id"], event.body["code"]) == (account.sip_user, "phone-new-address")


@pytest.mark.covers("T-12")
async def test_where_the_site_names_its_phones_networks_no_password_helps_from_elsewhere(
    lab: Lab, running: Plan, net: str, sip: str
) -> None:
    account, site = lab.seat(PLATFORM, SEAT), running.sites[0]
    only = site.site.security.model_validate({"phones": [f"{net}.44/32"]})
    async with wire(f"{net}.44", sip) as phone, wire(f"{net}.68", sip) as thief:
        async with with_site(running, site, site.site.model_copy(update={"security": only})):
            at_his_desk = await registers(phone, account.sip_user, account.sip_password)
            elsewhere = await registers(thief, account.sip_user, account.sip_password)
            led_away = await registers(phone, account.sip_user, account.sip_password, contact="198.51.100.9")
        again = await registers(thief, account.sip_user, account.sip_password)

    # challenged again and again, as an account that does not exist: the answer tells nothing
    assert (at_his_desk, elsewhere, led_away) == (200, 401, 401)
    assert again == 200, "a site that names no network lets its agents work from anywhere"
