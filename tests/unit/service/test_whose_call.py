"""Whose call and whose matter it is: who may decide it, and what was decided before the caller's voice came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import (
    MarkTicket,
    SettleOwner,
)
from callflow.domain.events import (
    AgentOffered,
    CallerEnded,
    LegLeft,
    OwnerDecided,
    StayRequested,
)
from callflow.domain.names import CallId, Role, Settled
from callflow.domain.refusals import RefusalCode
from callflow.service.messages import Handover
from callflow.service.take_in import NO_CALL, OpenLinkedTicket
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    COLLEAGUE,
    GOV,
    INCIDENT,
    PEER_CALL,
    POLICE,
    caller_arrived,
)
from tests.unit.service.site import ANSWERED, INVITED, JOINED, ONE_KEY, PlatformInMemory


@pytest.mark.covers("R-006")
async def test_after_one_key_the_owner_is_settled_and_cannot_be_pressed_away() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, ONE_KEY, INVITED, JOINED, LegLeft(CALL, 9.0, Role.AGENT, AGENT_CHANNEL, 16))

    late = await site.controller.submit(OwnerDecided(CALL, 10.0, AGENT, accept=True), key="desk:9")

    assert late.refused is RefusalCode.OWNER_SETTLED
    assert (await site.call()).ownership.owner == POLICE


async def test_another_agent_cannot_press_the_keys_of_my_call() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, ONE_KEY)

    taken = await site.controller.submit(StayRequested(CALL, 2.0, COLLEAGUE), key="desk:2")

    assert taken.refused is RefusalCode.NOT_YOUR_CALL


@pytest.mark.covers("R-007")
async def test_a_caller_who_comes_back_keeps_his_first_receiver() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)

    await site.happen(caller_arrived(9.0, call_id=PEER_CALL, from_site=POLICE, hop=2))

    assert (await site.call(PEER_CALL)).ownership.first_receiver == GOV


@pytest.mark.covers("R-008")
async def test_danger_that_came_before_the_callers_voice_is_on_the_desk_that_he_is_offered_to() -> None:
    site = PlatformInMemory()
    danger = [MarkTicket(CALL, INCIDENT, "danger")]
    await site.facts.commit(None, danger, (), event_key="peer:1", journal_offset=None, at=0.0)

    await site.happen(caller_arrived(from_site=POLICE, hop=1), AgentOffered(CALL, 1.0, AGENT, AGENT_CHANNEL))

    call = await site.facts.call(CALL)
    assert call is not None
    assert call.danger
    assert "danger" in site.desks.names(AGENT)


@pytest.mark.covers("R-019")
async def test_who_handed_him_over_is_on_the_call_also_when_it_was_said_before_his_voice_came() -> None:
    site = PlatformInMemory()
    said = OpenLinkedTicket(NO_CALL, INCIDENT, POLICE, Handover.model_construct(by="9001"))
    await site.facts.commit(None, [said], (), event_key="peer:1", journal_offset=None, at=0.0)

    await site.happen(caller_arrived(from_site=POLICE, hop=1), AgentOffered(CALL, 1.0, AGENT, AGENT_CHANNEL))

    assert (await site.call()).caller.handed_by == "9001"
    assert dict(site.desks.streams[AGENT])["pop"]["by"] == "9001"


@pytest.mark.covers("R-007")
async def test_an_owner_who_was_settled_before_the_callers_voice_is_the_calls_owner_too() -> None:
    site = PlatformInMemory()
    settled = [SettleOwner(CALL, INCIDENT, POLICE, "first_receiver")]
    await site.facts.commit(None, settled, (), event_key="peer:1", journal_offset=None, at=0.0)

    await site.happen(caller_arrived(from_site=POLICE, hop=1))

    call = await site.facts.call(CALL)
    assert call is not None
    assert (call.ownership.owner, call.ownership.settled) == (POLICE, Settled.FIRST_RECEIVER)


@pytest.mark.covers("R-007")
async def test_a_caller_who_was_brought_back_has_the_owner_that_his_first_call_here_settled() -> None:
    site = PlatformInMemory()
    returned = CallId("01RETURNED0000000000000000")
    await site.happen(caller_arrived())
    await site.happen(replace(caller_arrived(from_site=POLICE, hop=2), call_id=returned))

    await site.happen(CallerEnded(CALL, 3.0, 16, by_fault=False))

    first, second = await site.facts.call(CALL), await site.facts.call(returned)
    assert first is not None
    assert second is not None
    assert first.ownership.settled is not None
    assert second.ownership == replace(first.ownership, decisions=())
