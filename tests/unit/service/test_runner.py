"""The journal is read from where it was left, the clocks run, and a cut is made good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import InviteTarget, QueueCallBack, ReleaseAgent, SendHandover
from callflow.domain.events import AgentAnswered, CallerEnded, LegLeft, TargetRinging
from callflow.domain.names import Kind, Phase, Role
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    CALLER_CHANNEL,
    FIRST,
    GOV,
    TRUNK,
    caller_arrived,
)
from tests.unit.service.site import ANSWERED, INVITED, JOINED, ONE_KEY, PlatformInMemory, live, until


async def test_the_journal_becomes_calls() -> None:
    site = PlatformInMemory()

    async with site.running():
        for event in (*ANSWERED, INVITED, JOINED):
            await site.journal.write(event)
        await site.settle()

    assert (await site.call()).phase is Phase.THREE_WAY


@pytest.mark.covers("C-01", "R-027")
async def test_what_was_pressed_while_python_was_dead_is_recorded_once_when_it_is_back() -> None:
    dead = PlatformInMemory()
    for event in (*ANSWERED, INVITED, JOINED):
        await dead.journal.write(event)
    async with dead.running():
        pass
    again = PlatformInMemory(facts=dead.facts, journal=dead.journal, now=6.0)

    async with again.running():
        await again.settle()

    assert (await again.call()).phase is Phase.THREE_WAY
    assert len([r for r in again.facts.records if isinstance(r, SendHandover)]) == 1
    assert not [o for o in again.pbx.carried_out if isinstance(o, InviteTarget)]  # the dialplan did that itself


@pytest.mark.covers("C-01")
async def test_a_target_that_began_to_ring_while_python_was_dead_is_shown_ringing_when_it_is_back() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, INVITED)
    site.now = 8.0
    channels = live(CALLER_CHANNEL, AGENT_CHANNEL, TRUNK)
    site.pbx.channels = [*channels[:2], replace(channels[2], state="Ringing")]

    async with site.running():
        await site.runner.link_up()
        await until(lambda: site.facts.calls[CALL].attempts[0].ringing_at is not None)

    assert (await site.call()).attempts[0].ringing_at == 8.0


async def test_the_offset_never_passes_a_line_that_is_not_decided() -> None:
    site = PlatformInMemory()

    async with site.running():
        await site.journal.write(caller_arrived())
        await site.settle()
        assert site.facts.offset == 0  # a restart reads the last line again; its key says that it is known
        await site.journal.write(AgentAnswered(CALL, 0.0, AGENT, AGENT_CHANNEL))
        await site.settle()

    assert site.facts.offset == site.journal.LINE_BYTES


async def test_one_broken_event_does_not_stop_the_others() -> None:
    site = PlatformInMemory()

    async with site.running():
        await site.journal.write(replace(caller_arrived(), at="not a moment"))
        for event in ANSWERED:
            await site.journal.write(event)
        await site.settle()

    assert (await site.call()).phase is Phase.TALKING


@pytest.mark.covers("R-001")
async def test_three_seconds_after_the_join_our_agent_is_released() -> None:
    site = PlatformInMemory()
    async with site.running():
        await site.happen(*ANSWERED, ONE_KEY, INVITED)

        site.now = 8.0  # three seconds after the join, when it becomes known
        await site.controller.happened(JOINED)
        await until(lambda: any(isinstance(o, ReleaseAgent) for o in site.pbx.carried_out))

    assert (await site.call()).released


@pytest.mark.covers("C-01")
async def test_clocks_go_on_after_a_restart() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, ONE_KEY, INVITED, JOINED)
    again = PlatformInMemory(facts=site.facts, now=9.0)

    async with again.running():
        await until(lambda: any(isinstance(o, ReleaseAgent) for o in again.pbx.carried_out))


async def test_a_release_that_is_long_overdue_is_not_made() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, ONE_KEY, INVITED, JOINED)
    again = PlatformInMemory(facts=site.facts, now=300.0)

    async with again.running():
        await until(lambda: again.facts.calls[CALL].attempts[0].kind is not ONE_KEY.kind)

    assert not again.pbx.carried_out


async def test_the_owner_clock_goes_on_after_a_restart() -> None:
    site = PlatformInMemory()
    three_party = replace(INVITED, kind=Kind.THREE_PARTY)
    await site.happen(
        *ANSWERED,
        three_party,
        JOINED,
        CallerEnded(CALL, 20.0, 16, by_fault=False),
        LegLeft(CALL, 21.0, Role.AGENT, AGENT_CHANNEL, 16),
    )
    assert (await site.call()).ownership.settled is None
    again = PlatformInMemory(facts=site.facts, now=100.0)

    async with again.running():
        await until(lambda: again.facts.calls[CALL].ownership.settled is not None)

    assert (await again.call()).ownership.owner == GOV


# ---- after a cut


@pytest.mark.covers("R-027")
async def test_a_caller_cut_with_a_killed_asterisk_is_on_the_call_back_list() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)

    async with site.running():
        site.now = 5.0
        await site.runner.link_up()
        await until(lambda: site.facts.calls[CALL].is_over)

    assert (await site.call()).phase is Phase.CALL_BACK
    assert [r.reason for r in site.facts.records if isinstance(r, QueueCallBack)] == ["cut"]


@pytest.mark.covers("R-027")
async def test_a_caller_whose_end_no_line_tells_is_missed_although_nothing_was_cut() -> None:
    site = PlatformInMemory(sweep_every_s=0.01)
    await site.happen(*ANSWERED)
    site.pbx.channels = live(CALLER_CHANNEL, AGENT_CHANNEL)

    async with site.running():
        await site.runner.link_up()
        site.now = 5.0
        site.pbx.channels = []
        await until(lambda: site.facts.calls[CALL].is_over)

    assert (await site.call()).phase is Phase.CALL_BACK


async def test_nothing_is_compared_while_the_link_is_down() -> None:
    site = PlatformInMemory(sweep_every_s=0.01)
    await site.happen(*ANSWERED)
    site.pbx.channels = live(CALLER_CHANNEL, AGENT_CHANNEL)

    async with site.running():
        await site.runner.link_up()
        await site.runner.link_lost("cut")
        site.now, site.pbx.channels = 5.0, []
        await site.journal.write(INVITED)
        await until(lambda: site.facts.calls[CALL].phase is Phase.INVITING)

    assert (await site.call()).phase is Phase.INVITING


async def test_ringing_comes_from_the_link() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, ONE_KEY, INVITED)

    await site.runner.target_rings(TargetRinging(CALL, 2.0, FIRST))

    assert (await site.call()).attempts[0].ringing_at is not None
