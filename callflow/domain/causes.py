"""Why an attempt failed: the dialplan's raw facts -> one of seven outcomes that a person can act on.

Measured in Asterisk 22: DIALSTATUS and the Q.850 cause look the same for a person's refusal and for a network's
(CHANUNAVAIL/21 for 403 and 603 alike), so the SIP code and whether it rang decide, in this order.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from callflow.domain.commands import InviteTarget, Order, ReportDanger
from callflow.domain.events import AttemptFailed
from callflow.domain.names import Outcome


@dataclass(frozen=True, slots=True)
class Failure:
    """A `failed` line of the journal. Absent values are "" and 0. `rang`: a 180 or 183 was seen."""

    dial_status: str = ""
    sip_code: int = 0
    cause: int = 0
    rang: bool = False
    cancelled: bool = False


FIRST_FAILURE_CODE = 300
"""Below it a SIP code says how far the call got, not why it failed."""

OUR_OWN_CANCEL = 487
"""The answer to our CANCEL (RFC 3261 §21.4.25): when Dial's time is up, and when somebody cancelled."""

SIP_OUTCOME: dict[int, Outcome] = {
    # RFC 3261 §21.4-21.6. A 480 is a platform or phone that is there but has nobody to answer.
    408: Outcome.UNREACHABLE,
    480: Outcome.NO_ANSWER,
    486: Outcome.BUSY,
    600: Outcome.BUSY,
    603: Outcome.REJECTED,
    607: Outcome.REJECTED,  # RFC 8197: unwanted
    403: Outcome.REJECTED,
    433: Outcome.REJECTED,  # RFC 5079: anonymity disallowed
}

STATUS_OUTCOME: dict[str, Outcome] = {
    "BUSY": Outcome.BUSY,
    "NOANSWER": Outcome.NO_ANSWER,
    "CANCEL": Outcome.CANCELLED,
}

CAUSE_OUTCOME: dict[int, Outcome] = {
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,
    19: Outcome.NO_ANSWER,
    21: Outcome.REJECTED,
}


def outcome_of(failure: Failure, number_refused_codes: Container[int]) -> Outcome:
    """The outcome of a failed attempt. What no row knows is `unreachable`.

    `number_refused_codes`: the target's own list in the site file; they count only where nothing rang before,
    since a person's refusal has the same code.
    """
    if failure.cancelled:
        return Outcome.CANCELLED
    if failure.dial_status == "ANSWER":
        return Outcome.LOST_AFTER_ANSWER
    if failure.sip_code in number_refused_codes and not failure.rang:
        return Outcome.NUMBER_REFUSED
    if failure.sip_code >= FIRST_FAILURE_CODE and failure.sip_code != OUR_OWN_CANCEL:
        return SIP_OUTCOME.get(failure.sip_code, Outcome.UNREACHABLE)
    by_asterisk = STATUS_OUTCOME.get(failure.dial_status) or CAUSE_OUTCOME.get(failure.cause)
    silent = by_asterisk is Outcome.NO_ANSWER and not failure.rang  # a trunk that swallows packets
    return Outcome.UNREACHABLE if by_asterisk is None or silent else by_asterisk


def order_refused(order: Order, at: float) -> AttemptFailed | None:
    """What it means that Asterisk would not take this order: an attempt that never began has failed."""
    if isinstance(order, InviteTarget | ReportDanger):
        return AttemptFailed(order.call_id, at, order.attempt_id, Outcome.UNREACHABLE, sip_code=0, cause=0)
    return None
