"""The database goes away in the middle of a call: the call goes on, and everything is written once it is back."""

from __future__ import annotations

import pytest

from callflow.domain.commands import InviteTarget, OpenTicket
from callflow.domain.names import Phase
from callflow.service.ports import FactsAway
from tests.unit.domain.made_up import CALL
from tests.unit.service.site import ANSWERED, INVITED, JOINED, ONE_KEY, PlatformInMemory, until


@pytest.mark.covers("R-027")
async def test_a_handover_works_while_the_database_is_away_and_is_written_once_afterwards() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.facts.is_away = True

    await site.controller.submit(ONE_KEY, key="desk:1")
    await site.controller.submit(ONE_KEY, key="desk:1")
    await site.happen(INVITED, JOINED)

    assert (await site.call()).phase is Phase.THREE_WAY
    assert [type(o) for o in site.pbx.carried_out] == [InviteTarget]
    assert site.patient.unwritten == 3

    site.facts.is_away = False
    await site.patient.write_waiting()

    assert site.facts.calls[CALL] == await site.call()
    assert len([r for r in site.facts.records if isinstance(r, OpenTicket)]) == 1
    assert await site.facts.orders_open() == []


async def test_a_new_caller_is_served_while_the_database_is_away() -> None:
    site = PlatformInMemory()
    site.facts.is_away = True

    await site.happen(*ANSWERED)

    assert (await site.call()).phase is Phase.TALKING
    assert [call.call_id for call in await site.patient.live_calls()] == [CALL]


async def test_nothing_overtakes_what_waits() -> None:
    site = PlatformInMemory()
    site.facts.is_away = True
    await site.happen(ANSWERED[0])
    site.facts.is_away = False

    await site.happen(ANSWERED[1])

    assert site.facts.calls == {}
    await site.patient.write_waiting()
    assert site.facts.calls[CALL].phase is Phase.TALKING


async def test_the_runner_writes_by_itself_when_the_database_is_back() -> None:
    site = PlatformInMemory()
    async with site.running():
        site.facts.is_away = True
        await site.happen(*ANSWERED)
        site.facts.is_away = False

        await until(lambda: not site.patient.unwritten)

    assert site.facts.calls[CALL].phase is Phase.TALKING


async def test_without_a_database_nothing_begins() -> None:
    site = PlatformInMemory()
    site.facts.is_away = True

    with pytest.raises(FactsAway):
        await site.runner.run()
