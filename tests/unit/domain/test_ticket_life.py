"""The life of a ticket: stories, laws over the whole table, and any order of steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.domain.limits import Deadline, Level, Matter, Stage
from callflow.domain.names import IncidentId, SiteId, TicketId
from callflow.domain.ticket_life import EVENTS, TABLE, live, nothing
from callflow.domain.ticket_refusals import TicketRefusal, ticket_refusal
from callflow.domain.tickets import (
    CalledBack,
    Chased,
    CitizenTold,
    Closed,
    Described,
    Dispatched,
    Disputed,
    Entrusted,
    Escalated,
    FedBack,
    Happening,
    Life,
    Merged,
    PeerCalledBack,
    PeerFedBack,
    Relevelled,
    Responded,
    Returned,
    Sealed,
    Settled,
    Signed,
    State,
    Unsealed,
)

LIFE = Life(
    ticket_id=TicketId("GD20261122-000001"),
    incident_id=IncidentId("01M8138XG5Y6S0S0S0S0S0S0S0"),
    state=State.DISPATCHED,
    since=0.0,
    opened_at=0.0,
    level=Level.THREE,
    matter=Matter.COMPLAINT,
    limits="2025",
    unit="510100001",
    peer=SiteId("110"),
    awaits_peer=True,
)
UNIT = {"by": "510100001"}
STEPS: dict[type[Happening], Happening] = {
    Dispatched: Dispatched(1.0, unit="510100002", assisting=("510100003",), **UNIT),
    Signed: Signed(2.0, **UNIT),
    Responded: Responded(3.0, **UNIT),
    FedBack: FedBack(4.0, result="路灯已修复", **UNIT),
    CitizenTold: CitizenTold(5.0, channel="phone", **UNIT),
    PeerFedBack: PeerFedBack(6.0, result="已出警", by="110"),
    CalledBack: CalledBack(7.0, satisfied=True, **UNIT),
    PeerCalledBack: PeerCalledBack(7.5, satisfied=False, by="110"),
    Closed: Closed(8.0, **UNIT),
    Returned: Returned(9.0, reason="不属于本单位职责", **UNIT),
    Disputed: Disputed(10.0, reason="职责交叉", **UNIT),
    Settled: Settled(11.0, unit="510100004", binds=True, **UNIT),
    Escalated: Escalated(12.0, reason="现场持刀对峙", **UNIT),
    Merged: Merged(13.0, into=TicketId("GD20261122-000007"), **UNIT),
    Relevelled: Relevelled(14.0, level=Level.ONE, **UNIT),
    Described: Described(14.2, location="红星路", summary="路灯不亮", **UNIT),
    Entrusted: Entrusted(14.5, peer=SiteId("110"), owes=True, **UNIT),
    Sealed: Sealed(14.6, by="8001", insiders=("8001", "8002")),
    Unsealed: Unsealed(14.7, by="8300", reason="已公开"),
    Chased: Chased(15.0, key="result:breached", by="clock"),
}


def after(*steps: type[Happening], life: Life = LIFE) -> Life:
    """The life after these steps, none of which may be refused."""
    for step in steps:
        assert ticket_refusal(life, STEPS[step]) is None, step
        life = live(life, STEPS[step]).life
    return life


@pytest.mark.covers("R-041", "R-053")
def test_from_dispatch_to_the_end() -> None:
    life = after(Signed, Responded, FedBack, CitizenTold, PeerFedBack, CalledBack, Closed)

    assert (life.state, life.satisfied) == (State.CLOSED, True)
    assert life.done == {Stage.SIGNED, Stage.RESPONSE, Stage.RESULT}


@pytest.mark.covers("R-041")
def test_it_is_not_closed_before_the_other_platforms_feedback() -> None:
    life = after(Signed, FedBack, CitizenTold)

    assert ticket_refusal(life, STEPS[Closed]) is TicketRefusal.PEER_FEEDBACK_MISSING
    assert after(PeerFedBack, Closed, life=life).state is State.CLOSED


@pytest.mark.covers("R-053")
def test_it_is_not_closed_before_the_citizen_knows() -> None:
    assert ticket_refusal(after(Signed, FedBack, PeerFedBack), STEPS[Closed]) is TicketRefusal.CITIZEN_NOT_TOLD


@pytest.mark.covers("R-018")
def test_it_is_returned_once_and_then_somebody_has_to_keep_it() -> None:
    life = after(Returned, Dispatched, Signed)

    assert ticket_refusal(life, STEPS[Returned]) is TicketRefusal.RETURNED_ONCE
    assert live(life, STEPS[Returned]).life == life


@pytest.mark.covers("R-017", "R-052")
def test_a_decided_dispute_binds_and_cannot_be_returned() -> None:
    life = after(Disputed, Settled)

    assert (life.state, life.unit) == (State.DISPATCHED, "510100004")
    assert ticket_refusal(life, STEPS[Returned]) is TicketRefusal.PRECEDENT_BINDS


@pytest.mark.covers("R-012")
def test_escalated_it_goes_on_with_its_clocks_and_its_danger_stays() -> None:
    life = after(Signed, Responded, Escalated)

    assert (life.state, life.danger, life.opened_at) == (State.IN_HAND, True, LIFE.opened_at)


@pytest.mark.covers("R-054")
def test_a_citizen_in_danger_is_not_called_back() -> None:
    life = after(Signed, FedBack, Escalated)

    assert ticket_refusal(life, STEPS[CalledBack]) is TicketRefusal.NO_CALL_BACK_IN_DANGER


@pytest.mark.covers("R-011", "R-018")
def test_given_to_the_other_platform_it_comes_back_once_and_then_stays() -> None:
    sent = Entrusted(1.0, "8001", peer=SiteId("110"), owes=True)
    life = live(replace(LIFE, unit="", awaits_peer=False), sent).life
    assert (life.unit, life.awaits_peer) == ("110", True)

    back = live(life, STEPS[Returned]).life

    assert (back.state, back.awaits_peer) == (State.RETURNED, False)
    assert ticket_refusal(back, sent) is TicketRefusal.RETURNED_ONCE
    assert live(back, STEPS[Dispatched]).life.unit == "510100002"


@pytest.mark.covers("R-030")
def test_judged_anew_it_has_the_limits_of_the_new_judgement() -> None:
    due = (Deadline(Stage.RESULT, 0.0, 99.0),)
    life = live(LIFE, Relevelled(1.0, "8001", Level.TWO, Matter.HELP, "公共设施类", due)).life

    assert (life.level, life.matter, life.category, life.open_deadlines) == (2, Matter.HELP, "公共设施类", due)
    assert live(life, STEPS[Merged]).life.open_deadlines == ()


@pytest.mark.covers("R-030")
def test_a_level_is_raised_and_never_lowered() -> None:
    life = after(Relevelled)

    assert life.level is Level.ONE
    assert ticket_refusal(life, Relevelled(1.0, "x", Level.TWO)) is TicketRefusal.LEVEL_NOT_LOWERED


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (Returned(1.0, "x", "  "), TicketRefusal.REASON_MISSING),
        (Disputed(1.0, "x", ""), TicketRefusal.REASON_MISSING),
        (Escalated(1.0, "x", ""), TicketRefusal.REASON_MISSING),
        (Unsealed(1.0, "x", ""), TicketRefusal.REASON_MISSING),
        (Unsealed(1.0, "x", "已公开"), TicketRefusal.NOT_NOW),
        (Dispatched(1.0, "x", ""), TicketRefusal.UNIT_MISSING),
        (Merged(1.0, "x", LIFE.ticket_id), TicketRefusal.MERGED_INTO_ITSELF),
        (FedBack(1.0, "x", " "), TicketRefusal.RESULT_MISSING),
        (Closed(1.0, "x"), TicketRefusal.NOT_NOW),
        (CalledBack(1.0, "x", satisfied=None), TicketRefusal.NOT_NOW),
    ],
)
def test_what_is_refused_is_refused_by_name(step: Happening, code: TicketRefusal) -> None:
    assert ticket_refusal(LIFE, step) is code


# ---- laws over the whole table


def lives() -> list[Life]:
    """Every state, with and without what decides about the next step."""
    return [
        replace(LIFE, state=state, returns=returns, bound=bound, peer_fed_back=fed, danger=danger, confidential=sealed)
        for state in State
        for returns in (0, 1)
        for bound in (False, True)
        for fed in (False, True)
        for danger in (False, True)
        for sealed in (False, True)
    ]


def test_every_state_has_a_row_for_every_event() -> None:
    assert set(TABLE) == set(State)
    assert all(set(rows) == set(EVENTS) == set(STEPS) for rows in TABLE.values())


@pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: type(step).__name__)
def test_a_row_leads_where_it_says_and_repeating_it_changes_nothing(step: Happening) -> None:
    for life in lives():
        row, outcome = TABLE[life.state][type(step)], live(life, step)
        assert outcome.life.state in (life.state, *row.to)
        assert outcome.life.version == life.version + bool(outcome.told)
        assert live(outcome.life, step).life == outcome.life
        if row.rule is nothing:
            assert outcome.life == life


def test_what_is_not_refused_changes_something_and_what_is_over_stays_so() -> None:
    for life in lives():
        for step in STEPS.values():
            if ticket_refusal(life, step) is None:
                told = live(life, step).told
                assert told or isinstance(step, PeerFedBack | PeerCalledBack | Escalated | Settled | Entrusted), (
                    life.state,
                    step,
                )
            if life.is_over:
                assert live(life, step).life.state is life.state
            if life.is_over and not isinstance(step, PeerCalledBack | Sealed | Unsealed):
                assert ticket_refusal(life, step) is TicketRefusal.TICKET_OVER
                assert live(life, step).life == life


@pytest.mark.covers("R-007", "R-018")
@given(st.lists(st.sampled_from(sorted(STEPS.values(), key=lambda step: step.at)), max_size=30))
def test_in_whatever_order_things_happen_a_ticket_can_be_ended_and_its_promises_hold(steps: list[Any]) -> None:
    life, danger = LIFE, False
    for step in steps:
        if ticket_refusal(life, step) is None:
            life = live(life, step).life
        danger = danger or life.danger
        assert life.danger is danger
        assert life.returns <= 1
        assert life.state is not State.CLOSED or (life.peer_fed_back and life.citizen_told_at is not None)
        assert life.state is not State.MERGED or life.merged_into is not None
    if not life.is_over:
        assert ticket_refusal(life, STEPS[Merged]) is None


@pytest.mark.covers("R-054")
def test_the_other_platforms_call_back_is_kept_once_also_by_a_ticket_that_is_closed() -> None:
    closed = after(Signed, FedBack, CitizenTold, PeerFedBack, Closed)

    asked = live(closed, STEPS[PeerCalledBack])
    again = live(asked.life, replace(STEPS[PeerCalledBack], at=99.0))

    assert (asked.life.state, asked.life.satisfied, asked.life.called_back_at) == (State.CLOSED, False, 7.5)
    assert again.told == ()
    assert ticket_refusal(after(Signed, FedBack, PeerCalledBack), STEPS[CalledBack]) is (
        TicketRefusal.CALLED_BACK_ALREADY
    )


@pytest.mark.covers("R-013", "R-014")
def test_a_part_for_the_other_platform_leaves_unit_and_clocks_as_they_are() -> None:
    alone = replace(LIFE, unit="", awaits_peer=False)
    beside = Entrusted(1.0, "8001", peer=SiteId("110"), owes=True, beside=True)

    outcome = live(alone, beside)

    assert (outcome.life.unit, outcome.life.awaits_peer, outcome.life.state) == ("", True, State.DISPATCHED)
    assert outcome.life.deadlines == alone.deadlines
