"""What it means that a clock ran out (`clocks.py` says which clocks run when)."""

from __future__ import annotations

from callflow.domain import attempts, legs, ownership
from callflow.domain.clocks import give_up_at, next_deadline, unheard
from callflow.domain.commands import CancelAttempt, RecallAgent, ReleaseAgent
from callflow.domain.draft import Draft, Rule
from callflow.domain.events import AttemptFailed, DeadlinePassed
from callflow.domain.names import Kind, Outcome
from callflow.domain.rules import SiteRules

LATE_RELEASE_S = 10.0
"""A release this much overdue is not made: we were away, and an agent who stayed so long is in the talk."""


def time_ran_out(draft: Draft, event: DeadlinePassed, rules: SiteRules) -> None:
    """One of the phase's clocks ran out. A wake-up that is not due any more changes nothing."""
    due = next_deadline(draft.call, rules)
    if due is not None and due[1] == event.name and due[0] <= event.at:
        WHEN_TIME_IS_UP[event.name](draft, event, rules)


def release_agent(draft: Draft, event: DeadlinePassed, rules: SiteRules) -> None:
    """One key: the target is in, our agent leaves now."""
    due = next_deadline(draft.call, rules)
    if due is not None and event.at - due[0] > LATE_RELEASE_S:
        for attempt in draft.call.attempts:
            if attempt.is_joined and attempt.kind is Kind.ONE_KEY:
                draft.change_attempt(attempt, kind=Kind.THREE_PARTY)
        return
    draft.change(released=True)
    draft.add(ReleaseAgent(event.call_id))


def recall_agent(draft: Draft, event: DeadlinePassed, _rules: SiteRules) -> None:
    """A caller has nobody and the dialplan has not said that it looks after him: ring an agent."""
    legs.recall_needed(draft, event.at)
    draft.change(phase_since=event.at)
    draft.add(RecallAgent(event.call_id))


def give_up_attempts(draft: Draft, event: DeadlinePassed, rules: SiteRules) -> None:
    """An attempt of which nothing more was heard: end its leg, if there is one, and say it failed."""
    for attempt in unheard(draft.call):
        if give_up_at(attempt, rules) <= event.at:
            if not attempt.danger:
                draft.add(CancelAttempt(event.call_id, attempt.attempt_id, attempt.target))
            outcome = Outcome.CANCELLED if attempt.cancelling else Outcome.UNREACHABLE
            failed = AttemptFailed(event.call_id, event.at, attempt.attempt_id, outcome, sip_code=0, cause=0)
            attempts.attempt_failed(draft, failed, rules)


def owner_by_rule(draft: Draft, _event: DeadlinePassed, rules: SiteRules) -> None:
    """Nobody agreed in time: the first receiver owns it."""
    ownership.by_rule(draft, rules)


WHEN_TIME_IS_UP: dict[str, Rule] = {
    "grace": release_agent,
    "alone": recall_agent,
    "waiting": recall_agent,
    "recall": recall_agent,
    "attempt": give_up_attempts,
    "owner": owner_by_rule,
}
