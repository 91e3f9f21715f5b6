"""What the desk may not ask, and why: pure guards with stable codes, asked before an event is queued.

`refusal` is the one source of these rules: the API answers with the code, and the machine, which asks again,
ignores what the API would have refused. Danger is never refused. The API's table of problems has the sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from callflow.domain.calls import Attempt, Call
from callflow.domain.events import (
    CancelRequested,
    ConsentRecorded,
    DeskEvent,
    Disposed,
    DropRequested,
    HandoverRequested,
    JoinRequested,
    LanguageSaid,
    LeaveRequested,
    NoteWritten,
    NuisanceMarked,
    OwnerDecided,
    StayRequested,
)
from callflow.domain.names import Consent, Kind, Phase, TargetCode, Way
from callflow.domain.ownership import can_be_returned, peers_of
from callflow.domain.rules import SiteRules


class RefusalCode(StrEnum):
    """Stable codes of the API's problem+json answers (architecture §6)."""

    CALL_ENDED = "call-ended"
    NOT_YOUR_CALL = "not-your-call"
    CALLER_GONE = "caller-gone"
    UNKNOWN_TARGET = "unknown-target"
    UNKNOWN_CONTACT = "unknown-contact"
    CONSENT_MISSING = "consent-missing"
    CONSENT_DECLINED = "consent-declined"
    RETURNED_ALREADY = "returned-already"
    HANDOVER_IN_PROGRESS = "handover-in-progress"
    HOP_LIMIT = "hop-limit"
    TARGET_UNREACHABLE = "target-unreachable"
    NOTHING_TO_CANCEL = "nothing-to-cancel"
    NOT_IN_THE_TALK = "not-in-the-talk"
    DANGER_NOT_CANCELLED = "danger-not-cancelled"
    WOULD_LEAVE_CALLER_ALONE = "would-leave-caller-alone"
    NOTHING_TO_JOIN = "nothing-to-join"
    THIRD_PARTY_IN = "third-party-in"
    NOTHING_TO_KEEP = "nothing-to-keep"
    NOTHING_TO_OWN = "nothing-to-own"
    OWNER_SETTLED = "owner-settled"
    CONSENT_KNOWN = "consent-known"


def refusal(
    call: Call, request: DeskEvent, rules: SiteRules, unreachable: frozenset[TargetCode] = frozenset()
) -> RefusalCode | None:
    """Why this request cannot be granted now, or None. The first reason in reading order counts.

    `unreachable`: directory codes whose trunk or line is known to be down now.
    """
    if isinstance(request, HandoverRequested) and call.attempt(request.attempt_id) is not None:
        return None  # granted already: asked again after a lost answer
    asked = Asked(call, request, rules, unreachable)
    return next((code for code, holds in GUARDS.get(type(request), ()) if holds(asked)), None)


# ---- what the guards look at


def releasing(call: Call) -> Attempt | None:
    """The attempt that will release our agent when its target is in, if there is one."""
    if call.released:
        return None
    return next((a for a in call.attempts if a.is_live and a.kind is Kind.ONE_KEY), None)


def is_leaving(call: Call) -> bool:
    """Our agent is about to leave, or will be as soon as a target is in."""
    return call.released or releasing(call) is not None


def cancellable(call: Call, target: TargetCode | None) -> Attempt | None:
    """The attempt a cancel would end: the named target's, or the newest; never a danger attempt."""
    live = [a for a in call.attempts if a.is_live and not a.danger and target in (None, a.target)]
    live = [a for a in live if a.returned_at is None]  # that platform has him by his own leg: there is none to end
    return live[-1] if live else None


def in_the_talk(call: Call, target: TargetCode) -> Attempt | None:
    """This target's attempt while its leg is in the caller's bridge or in a private talk with our agent."""
    return next((a for a in call.attempts if a.target == target and (a.is_joined or a.is_consulting)), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with everything that a guard may look at. `request`: the type that the guard's row names."""

    call: Call
    request: Any
    rules: SiteRules
    unreachable: frozenset[TargetCode]


def _is_over(asked: Asked) -> bool:
    return asked.call.is_over


def _is_not_in_talk(asked: Asked) -> bool:
    agent = asked.call.agent
    return agent is None or agent.answered_at is None or agent.agent_id != asked.request.agent_id


def _never_had_it(asked: Asked) -> bool:
    return asked.request.agent_id not in asked.call.agents


def _caller_gone(asked: Asked) -> bool:
    return asked.call.phase is Phase.AGENTS_ONLY


def _unknown_target(asked: Asked) -> bool:
    return asked.request.target not in asked.rules.targets


def _unknown_contact(asked: Asked) -> bool:
    return bool(asked.request.contact > asked.rules.contacts.get(asked.request.target, 0))


def _not_asked(asked: Asked) -> bool:
    return asked.request.consent is Consent.NOT_RECORDED


def _declined(asked: Asked) -> bool:
    return asked.request.consent is Consent.DECLINED


def _returned_already(asked: Asked) -> bool:
    return any(
        a.is_live and a.returned_at is not None and a.target == asked.request.target for a in asked.call.attempts
    )


def _in_progress(asked: Asked) -> bool:
    call, request = asked.call, asked.request
    same_target = any(a.is_live and a.target == request.target for a in call.attempts)
    if any(a.is_consulting or (a.is_ringing and (a.private or request.private)) for a in call.attempts):
        return True  # a private talk and another attempt would meet
    return same_target or (request.kind is Kind.ONE_KEY and is_leaving(call))


def _cannot_be_private(asked: Asked) -> bool:
    return asked.request.private and any(a.is_joined for a in asked.call.attempts)


def _nothing_to_join(asked: Asked) -> bool:
    return not any(a.is_consulting and a.way is Way.DESK for a in asked.call.attempts)  # a phone joins by its own keys


def _hops_spent(asked: Asked) -> bool:
    peer = asked.rules.peer_of(asked.request.target)
    limit = asked.rules.max_hops.get(peer) if peer is not None else None
    return limit is not None and asked.call.caller.hop + 1 >= limit


def _line_down(asked: Asked) -> bool:
    return asked.request.contact == 0 and asked.request.target in asked.unreachable  # a duty phone is another line


def _only_danger_lives(asked: Asked) -> bool:
    live = [a for a in asked.call.attempts if a.is_live and asked.request.target in (None, a.target)]
    return bool(live) and all(a.danger for a in live)


def _nothing_to_cancel(asked: Asked) -> bool:
    return cancellable(asked.call, asked.request.target) is None


def _caller_would_be_alone(asked: Asked) -> bool:
    return not any(a.is_joined for a in asked.call.attempts)


def _not_in_the_talk(asked: Asked) -> bool:
    return in_the_talk(asked.call, asked.request.target) is None


def _nothing_to_keep(asked: Asked) -> bool:
    return releasing(asked.call) is None


def _no_peer_involved(asked: Asked) -> bool:
    return not peers_of(asked.call, asked.rules)


def _owner_settled(asked: Asked) -> bool:
    reopened = can_be_returned(asked.call, asked.rules, accept=asked.request.accept)
    return asked.call.ownership.settled is not None and not reopened


def _consent_known(asked: Asked) -> bool:
    return not any(a.consent is Consent.NOT_RECORDED for a in asked.call.attempts)


Guard = tuple[RefusalCode, Callable[[Asked], bool]]

IN_TALK: tuple[Guard, ...] = (
    (RefusalCode.CALL_ENDED, _is_over),
    (RefusalCode.NOT_YOUR_CALL, _is_not_in_talk),
)

GUARDS: dict[type[DeskEvent], tuple[Guard, ...]] = {
    HandoverRequested: (
        *IN_TALK,
        (RefusalCode.CALLER_GONE, _caller_gone),
        (RefusalCode.UNKNOWN_TARGET, _unknown_target),
        (RefusalCode.UNKNOWN_CONTACT, _unknown_contact),
        (RefusalCode.CONSENT_MISSING, _not_asked),
        (RefusalCode.CONSENT_DECLINED, _declined),
        (RefusalCode.RETURNED_ALREADY, _returned_already),
        (RefusalCode.HANDOVER_IN_PROGRESS, _in_progress),
        (RefusalCode.THIRD_PARTY_IN, _cannot_be_private),
        (RefusalCode.HOP_LIMIT, _hops_spent),
        (RefusalCode.TARGET_UNREACHABLE, _line_down),
    ),
    CancelRequested: (
        *IN_TALK,
        (RefusalCode.DANGER_NOT_CANCELLED, _only_danger_lives),
        (RefusalCode.NOTHING_TO_CANCEL, _nothing_to_cancel),
    ),
    DropRequested: (
        *IN_TALK,
        (RefusalCode.DANGER_NOT_CANCELLED, _only_danger_lives),
        (RefusalCode.NOT_IN_THE_TALK, _not_in_the_talk),
    ),
    JoinRequested: (
        *IN_TALK,
        (RefusalCode.CALLER_GONE, _caller_gone),
        (RefusalCode.NOTHING_TO_JOIN, _nothing_to_join),
    ),
    StayRequested: (*IN_TALK, (RefusalCode.NOTHING_TO_KEEP, _nothing_to_keep)),
    LeaveRequested: (*IN_TALK, (RefusalCode.WOULD_LEAVE_CALLER_ALONE, _caller_would_be_alone)),
    OwnerDecided: (
        (RefusalCode.NOT_YOUR_CALL, _never_had_it),
        (RefusalCode.NOTHING_TO_OWN, _no_peer_involved),
        (RefusalCode.OWNER_SETTLED, _owner_settled),
    ),
    NuisanceMarked: ((RefusalCode.NOT_YOUR_CALL, _never_had_it),),
    Disposed: ((RefusalCode.NOT_YOUR_CALL, _never_had_it),),
    LanguageSaid: ((RefusalCode.NOT_YOUR_CALL, _never_had_it),),
    NoteWritten: ((RefusalCode.NOT_YOUR_CALL, _never_had_it),),
    ConsentRecorded: (
        (RefusalCode.NOT_YOUR_CALL, _never_had_it),
        (RefusalCode.CONSENT_KNOWN, _consent_known),
    ),
}
"""What each request must pass. `DangerRaised` has no row: danger is never refused (R-008)."""
