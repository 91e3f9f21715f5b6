"""The one door: in order per call, side by side between calls, once per key, and honest about refusals."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from callflow.domain.calls import Call
from callflow.domain.commands import (
    CancelAttempt,
    InviteTarget,
    OpenTicket,
    Order,
    PopScreen,
    SendHandover,
    SendOutcome,
)
from callflow.domain.events import (
    AgentOffered,
    CancelRequested,
    LegLeft,
    TargetRinging,
)
from callflow.domain.names import CallId, Outcome, Phase, Role, TargetCode
from callflow.domain.refusals import RefusalCode
from callflow.service.ports import AsteriskRefused, Known
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    FIRST,
    PEER_CALL,
    POLICE,
    SECOND,
    TO_FIRE,
    TRUNK,
    caller_arrived,
)
from tests.unit.service.site import ANSWERED, INVITED, JOINED, ONE_KEY, PlatformInMemory

RINGS = TargetRinging(CALL, 1.5, FIRST)


@pytest.mark.covers("R-001", "R-011")
async def test_one_press_makes_ticket_message_and_invitation() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)

    taken = await site.controller.submit(ONE_KEY, key="desk:1")

    assert taken.call is not None
    assert taken.call.phase is Phase.INVITING
    assert [o for o in site.pbx.carried_out if isinstance(o, InviteTarget)] == [
        InviteTarget(CALL, FIRST, ONE_KEY.target, ONE_KEY.kind, danger=False)
    ]
    assert {type(r) for r in site.facts.records} >= {OpenTicket, SendHandover}
    assert site.outbox.woken == [POLICE]
    assert site.desks.names(AGENT)[-3:] == ["call", "attempt", "ticket"]


async def test_the_same_press_sent_again_is_the_same_press() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)

    first = await site.controller.submit(ONE_KEY, key="desk:1")
    again = await site.controller.submit(ONE_KEY, key="desk:1")

    assert first == again
    assert len([r for r in site.facts.records if isinstance(r, SendHandover)]) == 1
    assert len([o for o in site.pbx.carried_out if isinstance(o, InviteTarget)]) == 1


async def test_a_second_press_while_one_attempt_lives_is_refused_by_name() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    await site.controller.submit(ONE_KEY, key="desk:1")

    second = await site.controller.submit(replace(ONE_KEY, attempt_id=SECOND), key="desk:2")

    assert second.refused is RefusalCode.HANDOVER_IN_PROGRESS


async def test_two_presses_at_the_same_moment_give_one_attempt() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)

    both = await asyncio.gather(
        site.controller.submit(ONE_KEY, key="desk:1"),
        site.controller.submit(replace(ONE_KEY, attempt_id=SECOND), key="desk:2"),
    )

    assert [one.refused for one in both] == [None, RefusalCode.HANDOVER_IN_PROGRESS]
    assert len((await site.call()).attempts) == 1


@pytest.mark.covers("R-001")
async def test_two_presses_at_once_in_two_programs_on_one_database_give_one_attempt() -> None:
    one = PlatformInMemory()
    other = PlatformInMemory(facts=one.facts)
    await one.happen(*ANSWERED)

    both = await asyncio.gather(
        one.controller.submit(ONE_KEY, key="desk:1"),
        other.controller.submit(replace(ONE_KEY, attempt_id=SECOND), key="desk:2"),
    )

    assert sorted(said.refused or "" for said in both) == ["", RefusalCode.HANDOVER_IN_PROGRESS]
    assert len((await one.call()).attempts) == 1
    assert len([o for site in (one, other) for o in site.pbx.carried_out if isinstance(o, InviteTarget)]) == 1


async def test_a_fact_that_another_program_overtook_is_decided_again() -> None:
    one = PlatformInMemory()
    other = PlatformInMemory(facts=one.facts)
    await one.happen(*ANSWERED)
    await one.controller.submit(ONE_KEY, key="desk:1")

    await asyncio.gather(one.controller.happened(INVITED, "journal:1"), other.controller.happened(RINGS))

    (attempt,) = (await one.call()).attempts
    assert attempt.channel == TRUNK
    assert attempt.ringing_at is not None


async def test_a_wish_for_a_call_nobody_knows_is_answered_with_nothing() -> None:
    site = PlatformInMemory()

    taken = await site.controller.submit(ONE_KEY, key="desk:1")

    assert taken.call is None
    assert taken.refused is None


async def test_how_an_attempt_went_is_counted_once_whatever_comes_after() -> None:
    site = PlatformInMemory()
    counted: list[Outcome | None] = []
    site.controller = replace(site.controller, outcome_known=lambda attempt: counted.append(attempt.outcome))
    await site.happen(*ANSWERED, INVITED, JOINED)
    await site.happen(LegLeft(CALL, 6.0, Role.TARGET, TRUNK, 44, FIRST))
    await site.happen(LegLeft(CALL, 6.5, Role.TARGET, TRUNK, 44, FIRST))

    assert counted == [Outcome.JOINED, Outcome.LOST_AFTER_ANSWER]


async def test_a_target_whose_line_is_down_is_refused_at_once() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    controller = replace(site.controller, unreachable=lambda: frozenset({TargetCode("110")}))

    taken = await controller.submit(ONE_KEY, key="desk:1")

    assert taken.refused is RefusalCode.TARGET_UNREACHABLE


async def test_an_invitation_that_asterisk_refuses_has_failed_and_the_agent_hears_why() -> None:
    site = PlatformInMemory()
    site.pbx.refuses[InviteTarget] = AsteriskRefused("no such extension")
    await site.happen(*ANSWERED)

    taken = await site.controller.submit(ONE_KEY, key="desk:1")

    assert taken.call is not None
    assert taken.call.phase is Phase.TALKING
    assert taken.call.attempts[0].outcome is Outcome.UNREACHABLE
    assert SendOutcome in {type(r) for r in site.facts.records}
    notices = [body["notice"]["code"] for _, body in site.desks.streams[AGENT] if "notice" in body]
    assert notices == ["unreachable"]
    assert await site.facts.orders_open() == []


async def test_an_order_stays_open_while_the_link_is_down() -> None:
    site = PlatformInMemory()
    await site.happen(*ANSWERED)
    site.pbx.is_down = True

    await site.controller.submit(ONE_KEY, key="desk:1")

    assert [type(stored.order) for stored in await site.facts.orders_open()] == [InviteTarget]


@pytest.mark.covers("R-001")
async def test_the_desk_sees_the_caller_before_the_phone_is_answered() -> None:
    site = PlatformInMemory()
    site.files.known = Known({"platform": "110"}, ({"ticket_id": "GD-1"},), ("a note",))
    await site.happen(caller_arrived(from_site=POLICE, hop=1))

    await site.happen(AgentOffered(CALL, 1.0, AGENT, AGENT_CHANNEL))

    name, body = site.desks.streams[AGENT][0]
    assert name == "pop"
    assert body["number"] == "02800000001"
    assert body["from"] == POLICE
    assert body["tickets"] == [{"ticket_id": "GD-1"}]
    assert body["notes"] == ["a note"]
    assert isinstance(site.facts.orders[1].order, PopScreen)


class SlowPbx:
    """Takes one call's invitation only when the test lets it; everything else at once."""

    def __init__(self, slow_call: CallId) -> None:
        self.slow_call = slow_call
        self.let_go = asyncio.Event()
        self.begun = asyncio.Event()
        self.seen: list[Order] = []

    async def carry_out(self, order: Order, call: Call) -> None:
        self.begun.set()
        if call.call_id == self.slow_call and isinstance(order, InviteTarget):
            await self.let_go.wait()
        self.seen.append(order)


async def test_cancel_waits_for_its_call_while_another_call_goes_on() -> None:
    site = PlatformInMemory()
    slow = SlowPbx(CALL)
    site.controller = replace(site.controller, orders=replace(site.controller.orders, pbx=slow))  # type: ignore[arg-type] # only orders are given here
    await site.happen(*ANSWERED, *(replace(event, call_id=PEER_CALL) for event in ANSWERED))

    async with asyncio.TaskGroup() as group:
        group.create_task(site.controller.submit(ONE_KEY, key="desk:1"))
        await slow.begun.wait()
        group.create_task(site.controller.submit(CancelRequested(CALL, 2.0, AGENT, None), key="desk:2"))
        other = replace(ONE_KEY, call_id=PEER_CALL, attempt_id=SECOND, target=TO_FIRE)
        await group.create_task(site.controller.submit(other, key="desk:3"))

        assert [o.call_id for o in slow.seen] == [PEER_CALL]  # the other call did not wait for ours
        slow.let_go.set()

    assert [type(o) for o in slow.seen if o.call_id == CALL] == [InviteTarget, CancelAttempt]
