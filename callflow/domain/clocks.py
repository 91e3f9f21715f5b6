"""Each phase's own limits: when the shell shall wake the machine, and by which name.

A limit belongs to the phase, not to whoever started it. `DeadlinePassed` comes back through the ordinary door;
a wake-up that is early, late or for a phase already left changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from callflow.domain.calls import Attempt, Call
from callflow.domain.names import Kind, Phase
from callflow.domain.ownership import awaits_agreement
from callflow.domain.rules import SiteRules

ALONE_LIMIT_S = 3.0
"""After a goodbye the dialplan ends the caller's leg within 0.3 s; past this we ring an agent for him."""

RECALL_LIMIT_S = 3.0
"""A caller who has nobody is being rung for within 0.3 s by the dialplan; past this we order it, again and again."""

Clock = Callable[[Call, SiteRules], float | None]


def alone(call: Call, _rules: SiteRules) -> float | None:
    """A caller whose last partner said goodbye and whose own end does not come."""
    return None if call.alone_since is None else call.alone_since + ALONE_LIMIT_S


def attempt(call: Call, rules: SiteRules) -> float | None:
    """An attempt of which nothing more is heard, such as one whose order was lost with the link."""
    return min((give_up_at(a, rules) for a in unheard(call)), default=None)


def unheard(call: Call) -> tuple[Attempt, ...]:
    """Attempts that are being rung, as far as we know."""
    return tuple(a for a in call.attempts if a.is_ringing and a.consulting_at is None)


def give_up_at(attempt: Attempt, rules: SiteRules) -> float:
    """When an attempt has been silent for too long."""
    return attempt.started_at + rules.attempt_limit_s


def grace(call: Call, rules: SiteRules) -> float | None:
    """One key: our agent's last seconds with caller and target. Only where an answer means a person."""
    if call.released:
        return None
    leaving = [
        a.joined_at
        for a in call.attempts
        if a.joined_at is not None
        and a.is_joined
        and a.kind is Kind.ONE_KEY
        and rules.means_a_person(a.target, a.contact)
    ]
    return min(leaving) + rules.grace_s if leaving else None


def waiting(call: Call, rules: SiteRules) -> float | None:
    """How long a caller hears music for a ringing target."""
    return call.phase_since + rules.waiting_limit_s


def recall(call: Call, _rules: SiteRules) -> float | None:
    """A caller who has nobody, until the dialplan says that it is ringing an agent."""
    return None if call.recalled else call.phase_since + RECALL_LIMIT_S


def owner(call: Call, rules: SiteRules) -> float | None:
    """After the call: how long the two platforms may still agree."""
    if call.ended_at is None or not awaits_agreement(call, rules):
        return None
    return call.ended_at + rules.owner_limit_s


CLOCKS: dict[Phase, tuple[Clock, ...]] = {
    Phase.QUEUED: (attempt,),
    Phase.TALKING: (alone, attempt),
    Phase.INVITING: (attempt,),
    Phase.CONSULTING: (attempt,),
    Phase.THREE_WAY: (grace, attempt),
    Phase.WAITING: (waiting, attempt),
    Phase.HANDED_OVER: (alone, attempt),
    Phase.RECALLING: (recall, attempt),
    Phase.AGENTS_ONLY: (attempt,),
    Phase.ENDED: (owner,),
    Phase.ABANDONED: (owner,),
    Phase.CALL_BACK: (owner,),
}
"""Which clocks run in which phase. TALKING without `alone` and HANDED_OVER last as long as people talk."""


def next_deadline(call: Call, rules: SiteRules) -> tuple[float, str] | None:
    """When to wake the machine for this call, and the clock's name; None when only people can change it."""
    due = [(at, clock.__name__) for clock in CLOCKS[call.phase] if (at := clock(call, rules)) is not None]
    return min(due, default=None)
