"""Rules about the caller's and our agent's legs: who hears whom, and where a caller goes who has nobody.

The dialplan carries every step; these rules follow it. What they order themselves is only what the dialplan
cannot know.
"""

from __future__ import annotations

from dataclasses import replace

from callflow.domain import ownership
from callflow.domain.calls import Agent, Attempt, Call, Caller, Ownership
from callflow.domain.commands import KeepAgent, OpenTicket, PopScreen, SendOutcome
from callflow.domain.draft import Draft
from callflow.domain.events import (
    AgentAnswered,
    AgentOffered,
    CallerArrived,
    CallerRecalled,
    CallerReturned,
    CallerWaiting,
    LegLeft,
)
from callflow.domain.names import Kind, Outcome, Phase, Role
from callflow.domain.presence import LOOKED_AFTER, place
from callflow.domain.rules import SiteRules

DELIVERED = 7
"""Q.850 "call awarded and being delivered in an established channel": he is in through the caller's own leg."""

NORMAL_CLEARING = 16
"""Q.850: somebody hung up. Every other cause of a last leg means that the caller was left by a fault."""

LOST_WITHIN_S = 3.0
"""A target that leaves this soon after it answered did not take the caller over (R-005: answer + BYE < 3 s)."""


# ---- the caller comes


def arrived(event: CallerArrived, rules: SiteRules) -> Draft:
    """A new call: the caller waits for an agent. Who brings an incident first is its first receiver (R-007)."""
    first = event.first_receiver or event.from_site or rules.site
    caller = Caller(
        channel=event.caller_channel,
        number=event.number,
        presentation=event.presentation,
        verified=event.verified,
        from_site=event.from_site,
        dialled=event.dialled,
        hop=event.hop,
        handed_by=event.handed_by,
    )
    draft = Draft(
        Call(
            call_id=event.call_id,
            incident_id=event.incident_id,
            site=rules.site,
            phase=Phase.QUEUED,
            phase_since=event.at,
            arrived_at=event.at,
            caller=caller,
            language=event.language,
            ownership=Ownership(first_receiver=first, owner=first),
            is_signed=event.from_site is None or event.signed,
            is_said=event.said and not event.signed,
        )
    )
    if event.from_site is not None and event.signed:
        draft.add(OpenTicket(event.call_id, event.incident_id))
    return draft


# ---- our agents


def agent_offered(draft: Draft, event: AgentOffered, _rules: SiteRules) -> None:
    """An agent's phone is about to ring: his desk shows the caller first."""
    agent = draft.call.agent
    if draft.call.agent_is_in or (agent is not None and agent.channel == event.agent_channel):
        return
    draft.change(agent=Agent(event.agent_id, event.agent_channel))
    draft.add(PopScreen(event.call_id, event.agent_id))


def agent_answered(draft: Draft, event: AgentAnswered, _rules: SiteRules) -> None:
    """An agent is with the caller. The newest word counts: the dialplan rings nobody else meanwhile."""
    call = draft.call
    if call.agent_is_in and call.agent is not None and call.agent.channel == event.agent_channel:
        return
    draft.change(
        agent=Agent(event.agent_id, event.agent_channel, answered_at=event.at),
        agents=(*(a for a in call.agents if a != event.agent_id), event.agent_id),
        recalled=False,
        released=False,
    )
    if call.caller.from_site is not None:
        draft.mark("connected")
    if call.phase is Phase.HANDED_OVER:
        _releases_nobody(draft)  # he is back with us: the one key that handed him on has had its agent
    place(draft, event.at)


def caller_returned(draft: Draft, event: CallerReturned, rules: SiteRules) -> None:
    """A platform handed him back into his live bridge. An agent who was about to leave him is kept."""
    call = draft.call
    if call.returned_by == event.from_site and event.hop <= call.caller.hop:
        return
    hop = max(event.hop, call.caller.hop)
    draft.change(returned_by=event.from_site, caller=replace(call.caller, hop=hop))
    draft.mark("returned")
    draft.tell(call.agent.agent_id if call.agent else None, "returned")
    if _releases_nobody(draft) and call.agent_is_in:
        draft.change(stay=True)
        draft.add(KeepAgent(event.call_id))
    ownership.given_back(draft, rules)


def _releases_nobody(draft: Draft) -> bool:
    """From now on none of the targets that are in will release our agent. False when none would have."""
    would = [a for a in draft.call.attempts if a.is_joined and a.kind is Kind.ONE_KEY]
    for attempt in would:
        draft.change_attempt(attempt, kind=Kind.THREE_PARTY)
    return bool(would)


def leg_left(draft: Draft, event: LegLeft, rules: SiteRules) -> None:
    """An agent's or a target's leg ended; whoever is left goes on talking."""
    left = agent_left(draft, event, rules) if event.role is Role.AGENT else target_left(draft, event, rules)
    if not left or place(draft, event.at) or draft.call.phase in LOOKED_AFTER:
        return
    if event.cause == NORMAL_CLEARING and draft.call.phase is not Phase.WAITING:
        draft.change(alone_since=event.at)  # a goodbye: the dialplan ends the caller's leg next
    else:
        recall_needed(draft, event.at)


def agent_left(draft: Draft, event: LegLeft, rules: SiteRules) -> bool:
    """Our agent's leg is gone, ringing or talking. False when it was not the leg we know."""
    agent = draft.call.agent
    if agent is None or agent.channel != event.channel:
        return False
    draft.change(agent=None, released=False)
    if agent.answered_at is None:
        return False
    if any(a.is_joined for a in draft.call.attempts):
        handed_over(draft, rules)
    return True


def handed_over(draft: Draft, rules: SiteRules) -> None:
    """The caller is with the target and our agent is gone: done, and by one key the target owns it."""
    draft.mark("handed_over")
    if any(a.is_joined and a.kind is Kind.ONE_KEY for a in draft.call.attempts):
        ownership.handed_on_by_one_key(draft, rules)


def target_left(draft: Draft, event: LegLeft, rules: SiteRules) -> bool:
    """A joined target's leg is gone. One that fell off is told apart from one that said goodbye (R-005)."""
    attempt = next((a for a in draft.call.attempts if _has_answered(a) and _is_leg_of(a, event)), None)
    if attempt is None:
        return False
    if attempt.returned_at is not None:
        return False  # he has no leg any more
    if _came_back(draft.call, attempt, event, rules):
        draft.change_attempt(attempt, returned_at=event.at, channel=None)
        draft.mark("returned")
        return True
    if attempt.is_consulting:
        consult_over(draft, attempt, event, rules)
        return True
    decided = any(site == rules.peers.get(attempt.target) for site, _ in draft.call.ownership.decisions)
    hurried = draft.call.agent_is_in and event.at - (attempt.joined_at or event.at) < LOST_WITHIN_S and not decided
    lost = not attempt.cancelling and (event.cause not in (NORMAL_CLEARING, DELIVERED) or hurried)
    outcome = Outcome.LOST_AFTER_ANSWER if lost else attempt.outcome
    following = rules.contact_after(attempt.target, attempt.contact) if lost else None
    draft.change_attempt(attempt, ended_at=event.at, cause=event.cause, outcome=outcome, next_contact=following)
    if lost:
        draft.mark("not_connected")
        report_outcome(draft, attempt, Outcome.LOST_AFTER_ANSWER, rules)
    return True


def consult_over(draft: Draft, attempt: Attempt, event: LegLeft, rules: SiteRules) -> None:
    """The target left the private talk: he was asked and did not take the caller, or fell off, or was cancelled."""
    declined = Outcome.REJECTED if event.cause == NORMAL_CLEARING else Outcome.LOST_AFTER_ANSWER
    given_up = attempt.cancelling or (not event.by_himself and event.cause == NORMAL_CLEARING)
    outcome = Outcome.CANCELLED if given_up else declined
    following = rules.contact_after(attempt.target, attempt.contact)
    draft.change_attempt(attempt, ended_at=event.at, cause=event.cause, outcome=outcome, next_contact=following)
    if not any(a.is_joined for a in draft.call.attempts):
        draft.mark("not_connected")
    report_outcome(draft, attempt, outcome, rules)


def _came_back(call: Call, attempt: Attempt, event: LegLeft, rules: SiteRules) -> bool:
    """The platform that the caller came from has taken him back: into his bridge over there, by his own leg."""
    origin = call.caller.from_site
    by_own_leg = event.cause == DELIVERED and attempt.is_joined and call.phase is not Phase.AGENTS_ONLY
    return by_own_leg and origin is not None and rules.peer_of(attempt.target) == origin


def _has_answered(attempt: Attempt) -> bool:
    return attempt.is_joined or attempt.is_consulting


def _is_leg_of(attempt: Attempt, event: LegLeft) -> bool:
    if event.attempt_id is not None:
        return attempt.attempt_id == event.attempt_id
    return attempt.channel == event.channel


def report_outcome(draft: Draft, attempt: Attempt, outcome: Outcome, rules: SiteRules) -> None:
    """Tell the peer and the agent who asked how the attempt went."""
    peer = rules.peer_of(attempt.target)
    if peer is not None:
        draft.add(SendOutcome(draft.call.call_id, draft.call.incident_id, peer, attempt.attempt_id, outcome))
    if outcome is not Outcome.JOINED:
        agent = draft.call.agent
        draft.tell(agent.agent_id if agent else attempt.requested_by, outcome)


# ---- a caller without anybody


def recall_needed(draft: Draft, at: float) -> None:
    """The caller has nobody: the dialplan rings an agent; if it does not say so soon, a clock does."""
    draft.change(recalled=False, alone_since=None)
    draft.move(Phase.RECALLING, at)


def caller_waiting(draft: Draft, event: CallerWaiting, _rules: SiteRules) -> None:
    """The dialplan holds him with music for a ringing target: nobody else is with him any more."""
    _nobody_is_with_him(draft, event.at)
    draft.move(Phase.WAITING, event.at)


def caller_recalled(draft: Draft, event: CallerRecalled, _rules: SiteRules) -> None:
    """The dialplan is ringing an agent for him."""
    if draft.call.phase is not Phase.RECALLING:
        _nobody_is_with_him(draft, event.at)
        draft.move(Phase.RECALLING, event.at)
    draft.change(recalled=True, alone_since=None)


def _nobody_is_with_him(draft: Draft, at: float) -> None:
    if draft.call.agent_is_in:
        draft.change(agent=None, released=False, alone_since=None)
    for attempt in draft.call.attempts:
        if attempt.is_joined:
            draft.change_attempt(attempt, ended_at=at)
