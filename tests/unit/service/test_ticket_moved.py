"""A ticket's step that is no event of a call reaches the desks whose call it is about, and no other."""

from __future__ import annotations

from callflow.domain.events import AgentAnswered, CallerEnded, LegLeft, TargetJoined
from callflow.domain.names import ChannelName, IncidentId, Role
from callflow.domain.screenpop import WRITE_UP_S
from tests.unit.domain.made_up import AGENT, AGENT_CHANNEL, CALL, COLLEAGUE, FIRST, INCIDENT
from tests.unit.service.site import ANSWERED, INVITED, ONE_KEY, PlatformInMemory


def tickets_told(site: PlatformInMemory) -> int:
    return site.desks.names(AGENT).count("ticket")


async def test_who_has_the_call_and_who_had_it_are_told_and_nobody_else() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    await site.controller.ticket_moved(INCIDENT)
    assert site.desks.streams[AGENT][-1][0] == "ticket"
    assert site.desks.streams[AGENT][-1][1]["incident_id"] == INCIDENT

    await site.happen(
        ONE_KEY, INVITED, TargetJoined(CALL, 5.0, FIRST), LegLeft(CALL, 9.0, Role.AGENT, AGENT_CHANNEL, 16)
    )
    before = tickets_told(site)
    await site.controller.ticket_moved(INCIDENT)
    await site.controller.ticket_moved(IncidentId("01ANOTHER00000000000000000"))

    assert tickets_told(site) == before + 1
    assert COLLEAGUE not in site.desks.streams


async def test_after_the_call_it_is_told_while_somebody_may_be_writing_it_up() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, CallerEnded(CALL, 30.0, 16, by_fault=False))
    before = tickets_told(site)

    site.now = 30.0 + WRITE_UP_S
    await site.controller.ticket_moved(INCIDENT)
    site.now += 1
    await site.controller.ticket_moved(INCIDENT)

    assert tickets_told(site) == before + 1


async def test_a_caller_whom_nobody_has_answered_is_on_no_desk() -> None:
    site = PlatformInMemory()
    await site.happen(ANSWERED[0])

    await site.controller.ticket_moved(INCIDENT)

    assert [name for stream in site.desks.streams.values() for name, _ in stream if name == "ticket"] == []


async def test_without_the_database_it_is_not_told_and_nothing_fails() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.facts.is_away = True

    await site.controller.ticket_moved(INCIDENT)
    await site.happen(AgentAnswered(CALL, 20.0, COLLEAGUE, ChannelName("PJSIP/8002-1")))
