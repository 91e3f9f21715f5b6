"""After a cut: what is believed is held against Asterisk's channels, and orders left open are judged."""

from __future__ import annotations

import pytest

from callflow.domain.commands import InviteTarget, RecallAgent
from callflow.domain.events import CallerEnded
from callflow.domain.names import CallId, Outcome, Phase
from callflow.service.ports import LiveChannel
from tests.unit.domain.made_up import (
    AGENT_CHANNEL,
    CALL,
    CALLER_CHANNEL,
    TRUNK,
)
from tests.unit.service.site import ANSWERED, INVITED, JOINED, ONE_KEY, PlatformInMemory, live, until


async def reconciled(site: PlatformInMemory, at: float) -> None:
    """The program runs, is cut off and looks, at this moment."""
    async with site.running():
        site.now = at
        await site.runner.reconcile()


async def test_what_the_journal_says_counts_before_what_the_channels_say() -> None:
    site = PlatformInMemory()
    for event in (*ANSWERED, CallerEnded(CALL, 3.0, 16, by_fault=False)):
        await site.journal.write(event)

    await reconciled(site, at=5.0)

    assert (await site.call()).phase is Phase.ENDED


async def test_after_a_cut_an_agent_whose_leg_is_gone_is_missed_and_another_is_rung() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.pbx.channels = live(CALLER_CHANNEL)

    async with site.running():
        site.now = 5.0
        await site.runner.reconcile()
        assert (await site.call()).phase is Phase.RECALLING

        site.now = 9.0
        site.deadlines.watch(await site.call())
        await until(lambda: any(isinstance(o, RecallAgent) for o in site.pbx.carried_out))


async def test_a_target_invited_while_the_channels_were_listed_has_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for at 1.0, listed from 1.05 on, invited at 1.1: that list need not have its leg."""
    site = PlatformInMemory(now=1.05)
    await site.happen(*ANSWERED, ONE_KEY)

    async def invited_meanwhile() -> list[LiveChannel]:
        site.now = 1.2
        await site.journal.write(INVITED)
        return live(CALLER_CHANNEL, AGENT_CHANNEL)

    async with site.running():
        monkeypatch.setattr(site.pbx, "live_channels", invited_meanwhile)
        await site.runner.reconcile()
        assert (await site.call()).attempts[0].channel == TRUNK
        assert (await site.call()).attempts[0].outcome is None

        await site.runner.reconcile()
        assert (await site.call()).attempts[0].outcome is Outcome.UNREACHABLE, "it is not there later, either"


async def test_who_is_missing_from_one_list_only_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """While Asterisk moves a channel (masquerade) its list lacks it; chaos saw a caller taken for cut by that."""
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    lists = [live(AGENT_CHANNEL), live(CALLER_CHANNEL, AGENT_CHANNEL)]

    async def listed() -> list[LiveChannel]:
        return lists.pop(0)

    async with site.running():
        monkeypatch.setattr(site.pbx, "live_channels", listed)
        site.now = 5.0
        await site.runner.reconcile()

    assert lists == []
    assert (await site.call()).phase is Phase.TALKING


async def test_after_a_cut_a_target_that_is_still_in_is_left_alone() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED, ONE_KEY, INVITED, JOINED)
    site.pbx.channels = live(CALLER_CHANNEL, AGENT_CHANNEL, TRUNK)
    before = await site.call()

    async with site.running():
        await site.runner.reconcile()

    assert await site.call() == before


async def test_a_channel_name_used_again_by_another_call_is_not_taken_for_ours() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.pbx.channels = live(CALLER_CHANNEL, AGENT_CHANNEL, call_id=CallId("01JCALL0000000000000000009"))

    await reconciled(site, at=5.0)

    assert (await site.call()).phase is Phase.CALL_BACK


async def test_an_invitation_left_open_is_sent_when_the_link_is_back_at_once() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.pbx.is_down = True
    await site.controller.submit(ONE_KEY, key="desk:1")
    site.pbx.is_down, site.pbx.channels = False, live(CALLER_CHANNEL, AGENT_CHANNEL)

    await reconciled(site, at=4.0)

    assert [type(o) for o in site.pbx.carried_out] == [InviteTarget]
    assert await site.facts.orders_open() == []


async def test_an_invitation_left_open_too_long_has_failed_and_is_not_sent() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.pbx.is_down = True
    await site.controller.submit(ONE_KEY, key="desk:1")
    site.pbx.is_down, site.pbx.channels = False, live(CALLER_CHANNEL, AGENT_CHANNEL)

    await reconciled(site, at=40.0)

    call = await site.call()
    assert site.pbx.carried_out == []
    assert (call.phase, call.attempts[0].outcome) == (Phase.TALKING, Outcome.UNREACHABLE)


async def test_reconcile_waits_when_the_link_goes_down_again() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.pbx.is_down = True

    async with site.running():
        await site.runner.reconcile()

    assert (await site.call()).phase is Phase.TALKING
