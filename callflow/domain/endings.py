"""Rules about the end of a call: the caller goes, the two agents who talk on go, and what is closed then."""

from __future__ import annotations

from collections.abc import Sequence

from callflow.domain import danger, ownership
from callflow.domain.calls import Attempt
from callflow.domain.draft import Draft
from callflow.domain.events import CallerEnded, LegLeft
from callflow.domain.legs import report_outcome, target_left
from callflow.domain.names import Outcome, Phase, Role
from callflow.domain.presence import LOOKED_AFTER
from callflow.domain.rules import SiteRules

TOGETHER_S = 0.5
"""Two ends of one talk within this time are one hang-up: the dialplan's `after` waits 0.25 s before music."""

UNANSWERED = LOOKED_AFTER | {Phase.WAITING}
"""A caller who hangs up here gave up waiting."""


def caller_ended(draft: Draft, event: CallerEnded, rules: SiteRules) -> None:
    """The caller's leg ended. Who was cut, or left in danger, is called back; two agents may talk on."""
    call = draft.call
    draft.change(end_cause=event.cause)
    if event.by_fault:
        draft.call_back("cut" if call.caller.from_site is None else "trunk_lost")
    elif danger.is_unanswered(call, rules):
        draft.call_back("danger")
    talking_on = [
        a
        for a in call.attempts
        if (a.is_joined and a.returned_at is None) or (a.is_live and (a.danger or a.consulting_at))
    ]
    if call.agent_is_in and talking_on:
        _drop_attempts(draft, event.at, rules, keep=talking_on)
        draft.move(Phase.AGENTS_ONLY, event.at)
    else:
        finish(draft, event.at, rules)


def agents_left(draft: Draft, event: LegLeft, rules: SiteRules) -> None:
    """After the caller is gone, the talk of the two agents ends with the first who leaves."""
    if event.role is Role.AGENT:
        agent = draft.call.agent
        gone = agent is not None and agent.channel == event.channel
    else:
        gone = target_left(draft, event, rules) and not any(a.is_live for a in draft.call.attempts)
    if gone:
        finish(draft, event.at, rules)


def finish(draft: Draft, at: float, rules: SiteRules) -> None:
    """The call is over: close what is open and say how it ended."""
    call = draft.call
    gave_up = call.phase in UNANSWERED and not (call.phase is not Phase.QUEUED and at - call.phase_since < TOGETHER_S)
    if call.caller.from_site is not None and not call.agents:
        draft.mark("not_connected")
    _drop_attempts(draft, at, rules, keep=())
    draft.change(agent=None, released=False, alone_since=None, ended_at=at)
    draft.move(Phase.CALL_BACK if call.call_back else Phase.ABANDONED if gave_up else Phase.ENDED, at)
    ownership.call_is_over(draft, rules)


def _drop_attempts(draft: Draft, at: float, rules: SiteRules, keep: Sequence[Attempt]) -> None:
    for attempt in draft.call.attempts:
        if attempt in keep or not attempt.is_live:
            continue
        if attempt.is_joined:
            draft.change_attempt(attempt, ended_at=at)
        else:
            draft.change_attempt(attempt, ended_at=at, outcome=Outcome.CANCELLED)
            draft.mark("not_connected")
            report_outcome(draft, attempt, Outcome.CANCELLED, rules)
