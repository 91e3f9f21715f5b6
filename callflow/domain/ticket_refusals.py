"""Why a step of a ticket is refused: a stable code each, looked up before the machine is asked.

The order of a row is the order of the answers. Sentences in Chinese and English stand in web/ticket_refusals.py.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from callflow.domain.ticket_life import TABLE, nothing
from callflow.domain.tickets import (
    CalledBack,
    Closed,
    Dispatched,
    Disputed,
    Entrusted,
    Escalated,
    FedBack,
    Happening,
    Life,
    Merged,
    Relevelled,
    Returned,
    Sealed,
    State,
    Unsealed,
)


class TicketRefusal(StrEnum):
    """Codes that never change their meaning."""

    TICKET_OVER = "ticket-over"
    NOT_NOW = "step-not-now"
    REASON_MISSING = "reason-missing"
    UNIT_MISSING = "unit-missing"
    RESULT_MISSING = "result-missing"
    RETURNED_ONCE = "returned-once"
    PRECEDENT_BINDS = "precedent-binds"
    IN_CONFERENCE = "in-conference"
    PEER_FEEDBACK_MISSING = "peer-feedback-missing"
    CITIZEN_NOT_TOLD = "citizen-not-told"
    NO_CALL_BACK_IN_DANGER = "no-call-back-in-danger"
    CALLED_BACK_ALREADY = "called-back-already"
    CALL_BACK_IS_THEIRS = "call-back-is-theirs"
    MATTER_IS_THEIRS = "matter-is-theirs"
    MERGED_INTO_ITSELF = "merged-into-itself"
    MERGE_TARGET_GONE = "merge-target-gone"
    CHANGED_MEANWHILE = "changed-meanwhile"
    LEVEL_NOT_LOWERED = "level-not-lowered"


Guard = Callable[[Life, Any], bool]
"""Whether the step must not happen."""


def _over(life: Life, event: Happening) -> bool:
    return life.is_over and _not_now(life, event)


def _disputed(life: Life, _event: Happening) -> bool:
    return life.state is State.DISPUTED


def _no_reason(_life: Life, event: Returned | Disputed | Escalated | Unsealed) -> bool:
    return not event.reason.strip()


def _no_unit(_life: Life, event: Dispatched) -> bool:
    return not event.unit.strip()


def _no_result(_life: Life, event: FedBack) -> bool:
    return not event.result.strip()


def _returned_once(life: Life, _event: Returned) -> bool:
    return life.returns > 0


def _bound(life: Life, _event: Returned) -> bool:
    return life.bound


def _peer_owes(life: Life, _event: Closed) -> bool:
    return life.awaits_peer and not life.peer_fed_back


def _citizen_waits(life: Life, _event: Closed) -> bool:
    return life.citizen_told_at is None


def _in_danger(life: Life, _event: CalledBack) -> bool:
    return life.danger


def _called_back(life: Life, _event: CalledBack) -> bool:
    return life.called_back_at is not None


def _itself(life: Life, event: Merged) -> bool:
    return event.into == life.ticket_id


def _not_higher(life: Life, event: Relevelled) -> bool:
    return event.level > life.level


def _sent_before(life: Life, event: Entrusted) -> bool:
    return event.owes and life.returns > 0 and life.state is State.RETURNED and life.unit == event.peer


def _not_sealed(life: Life, _event: Unsealed) -> bool:
    return not life.confidential


def _knows_already(life: Life, event: Sealed) -> bool:
    return life.confidential and set(event.insiders) <= set(life.insiders)


def _not_now(life: Life, event: Happening) -> bool:
    return TABLE[life.state][type(event)].rule is nothing


GUARDS: dict[type[Happening], tuple[tuple[TicketRefusal, Guard], ...]] = {
    Dispatched: ((TicketRefusal.UNIT_MISSING, _no_unit), (TicketRefusal.IN_CONFERENCE, _disputed)),
    FedBack: ((TicketRefusal.RESULT_MISSING, _no_result),),
    CalledBack: (
        (TicketRefusal.NO_CALL_BACK_IN_DANGER, _in_danger),
        (TicketRefusal.CALLED_BACK_ALREADY, _called_back),
    ),
    Closed: (
        (TicketRefusal.NOT_NOW, _not_now),
        (TicketRefusal.PEER_FEEDBACK_MISSING, _peer_owes),
        (TicketRefusal.CITIZEN_NOT_TOLD, _citizen_waits),
    ),
    Returned: (
        (TicketRefusal.REASON_MISSING, _no_reason),
        (TicketRefusal.PRECEDENT_BINDS, _bound),
        (TicketRefusal.RETURNED_ONCE, _returned_once),
    ),
    Disputed: ((TicketRefusal.REASON_MISSING, _no_reason), (TicketRefusal.IN_CONFERENCE, _disputed)),
    Escalated: ((TicketRefusal.REASON_MISSING, _no_reason),),
    Merged: ((TicketRefusal.MERGED_INTO_ITSELF, _itself),),
    Entrusted: ((TicketRefusal.RETURNED_ONCE, _sent_before),),
    Relevelled: ((TicketRefusal.LEVEL_NOT_LOWERED, _not_higher),),
    Sealed: ((TicketRefusal.NOT_NOW, _knows_already),),
    Unsealed: ((TicketRefusal.REASON_MISSING, _no_reason), (TicketRefusal.NOT_NOW, _not_sealed)),
}
"""What each step asks beyond the table; a step that is not named asks nothing more."""


def ticket_refusal(life: Life, event: Happening) -> TicketRefusal | None:
    """The first reason against this step now; None when it may happen."""
    guards = ((TicketRefusal.TICKET_OVER, _over), *GUARDS.get(type(event), ()), (TicketRefusal.NOT_NOW, _not_now))
    return next((code for code, holds in guards if holds(life, event)), None)
