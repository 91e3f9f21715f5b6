"""Rules about attempts: bringing a target in, and every way in which that ends.

Rules of this file
1. A failed attempt never touches the caller: he and our agent talk on.
2. At most one live attempt per target, and at most one that may release our agent (kind one_key).
3. What the dialplan has already begun (a phone key, REFER) is written down, never ordered a second time.
"""

from __future__ import annotations

from callflow.domain import danger, legs
from callflow.domain.calls import Attempt, Call
from callflow.domain.commands import (
    CancelAttempt,
    FetchCaller,
    InviteTarget,
    KeepAgent,
    OpenTicket,
    RecordConsent,
    ReleaseAgent,
    SendHandover,
)
from callflow.domain.draft import Draft
from callflow.domain.endings import finish
from callflow.domain.events import (
    AttemptFailed,
    CancelRequested,
    ConsentRecorded,
    ConsultStarted,
    DropRequested,
    HandoverRequested,
    JoinRequested,
    LeaveRequested,
    LegLeft,
    NumberRefused,
    StayRequested,
    TargetInvited,
    TargetJoined,
    TargetRinging,
)
from callflow.domain.legs import handed_over, recall_needed, report_outcome
from callflow.domain.names import AgentId, Consent, Kind, Outcome, Phase, Role, Way
from callflow.domain.ownership import peers_of, tell_who_came_late
from callflow.domain.presence import place
from callflow.domain.refusals import cancellable, in_the_talk, is_leaving, refusal, releasing
from callflow.domain.rules import SiteRules

# ---- an attempt begins


def handover_requested(draft: Draft, event: HandoverRequested, rules: SiteRules) -> None:
    """The one key at the desk: tickets, the peer's screen pop, and the target is rung beside the talk."""
    if draft.call.attempt(event.attempt_id) or refusal(draft.call, event, rules):
        return
    if event.note:
        draft.change(note=event.note)
    attempt = Attempt(
        attempt_id=event.attempt_id,
        target=event.target,
        kind=event.kind,
        way=Way.DESK,
        consent=event.consent,
        started_at=event.at,
        requested_by=event.agent_id,
        private=event.private,
        contact=event.contact,
    )
    call = draft.call
    draft.add(RecordConsent(call.call_id, call.incident_id, event.consent, event.agent_id))
    _begin(draft, attempt, event.at, rules)
    draft.add(
        InviteTarget(
            event.call_id,
            event.attempt_id,
            event.target,
            event.kind,
            danger=False,
            private=event.private,
            contact=event.contact,
        ),
    )


def target_invited(draft: Draft, event: TargetInvited, rules: SiteRules) -> None:
    """The INVITE is on its way. Of an attempt by a phone key or REFER this is the first that is heard."""
    call = draft.call
    known = call.attempt(event.attempt_id)
    if known is not None:
        if known.is_live and known.channel != event.channel:
            draft.change_attempt(known, channel=event.channel, invited_at=event.at)
        return
    for other in call.attempts:
        if other.is_live and other.target == event.target:  # the dialplan runs one a target: the other is gone
            draft.change_attempt(other, ended_at=event.at, outcome=other.outcome or Outcome.CANCELLED)
    requested_by = _who_began(draft.call)
    if event.danger:
        danger.note(draft, requested_by, rules)
    attempt = Attempt(
        attempt_id=event.attempt_id,
        target=event.target,
        kind=Kind.THREE_PARTY if is_leaving(draft.call) else event.kind,
        way=event.way,
        consent=Consent.NOT_POSSIBLE_DANGER if event.danger else Consent.NOT_RECORDED,
        started_at=event.at,
        danger=event.danger,
        channel=event.channel,
        invited_at=event.at,
        requested_by=requested_by,
        private=event.private,
    )
    _begin(draft, attempt, event.at, rules)


def _who_began(call: Call) -> AgentId | None:
    """Whose phone's key or REFER it was: our agent in the talk; who transfers may be out of it already."""
    if call.agent is not None and (call.agent_is_in or not call.agents):
        return call.agent.agent_id
    return call.agents[-1] if call.agents else None


def _begin(draft: Draft, attempt: Attempt, at: float, rules: SiteRules) -> None:
    call = draft.call
    knew = peers_of(call, rules)
    draft.change(attempts=(*call.attempts, attempt))
    if attempt.kind is Kind.ONE_KEY:
        draft.change(stay=False)
    draft.add(OpenTicket(call.call_id, call.incident_id))
    peer = rules.peer_of(attempt.target)
    if peer is not None:
        draft.add(SendHandover(call.call_id, call.incident_id, peer, attempt.attempt_id, attempt.kind, attempt.danger))
    tell_who_came_late(draft, knew, rules)
    place(draft, at)


# ---- what is heard of it


def target_ringing(draft: Draft, event: TargetRinging, _rules: SiteRules) -> None:
    """The target's phone rings."""
    attempt = draft.call.attempt(event.attempt_id)
    if attempt is not None and attempt.is_ringing and attempt.ringing_at is None:
        draft.change_attempt(attempt, ringing_at=event.at)


def number_refused(draft: Draft, event: NumberRefused, _rules: SiteRules) -> None:
    """The target's network refused the caller's number; the dialplan tries once with our own."""
    attempt = draft.call.attempt(event.attempt_id)
    if attempt is not None and attempt.is_ringing and not attempt.retried:
        draft.change_attempt(attempt, retried=True, sip_code=event.sip_code)
        draft.tell(attempt.requested_by, "number_refused_retry")


def consult_started(draft: Draft, event: ConsultStarted, _rules: SiteRules) -> None:
    """Our agent and the target talk privately; the caller hears music."""
    attempt = draft.call.attempt(event.attempt_id)
    if attempt is not None and attempt.is_ringing and attempt.consulting_at is None:
        draft.change_attempt(attempt, consulting_at=event.at)
        place(draft, event.at)


def target_joined(draft: Draft, event: TargetJoined, rules: SiteRules) -> None:
    """The target's leg is in the caller's bridge: they hear each other now."""
    attempt = draft.call.attempt(event.attempt_id)
    if attempt is None or not attempt.is_ringing:
        return
    draft.change_attempt(attempt, joined_at=event.at, outcome=Outcome.JOINED, cancelling=False)
    draft.mark("connected")
    report_outcome(draft, attempt, Outcome.JOINED, rules)
    place(draft, event.at)
    if not draft.call.agent_is_in:
        handed_over(draft, rules)


def attempt_failed(draft: Draft, event: AttemptFailed, rules: SiteRules) -> None:
    """The target did not come. The agent is told why and what to do next; the caller was not touched."""
    attempt = draft.call.attempt(event.attempt_id)
    if attempt is None or not attempt.is_ringing or event.outcome is Outcome.JOINED:
        return
    draft.change_attempt(
        attempt,
        ended_at=event.at,
        outcome=event.outcome,
        sip_code=event.sip_code,
        cause=event.cause,
        next_contact=rules.contact_after(attempt.target, attempt.contact),
    )
    if not any(a.is_joined for a in draft.call.attempts):
        draft.mark("not_connected")
    report_outcome(draft, attempt, event.outcome, rules)
    danger.ring_again(draft, attempt, event.at, rules)
    if draft.call.phase is Phase.AGENTS_ONLY:
        if not any(a.is_live for a in draft.call.attempts):
            finish(draft, event.at, rules)
        return
    if not place(draft, event.at) and draft.call.phase is Phase.WAITING:
        recall_needed(draft, event.at)


def leg_left(draft: Draft, event: LegLeft, rules: SiteRules) -> None:
    """A leg ended. A target's that answered and was gone before it was in has failed; nothing else will say so."""
    attempt = draft.call.attempt(event.attempt_id) if event.attempt_id is not None else None
    if event.role is not Role.TARGET or attempt is None or not attempt.is_ringing or attempt.is_consulting:
        legs.leg_left(draft, event, rules)
        return
    outcome = Outcome.CANCELLED if attempt.cancelling else Outcome.LOST_AFTER_ANSWER
    failed = AttemptFailed(event.call_id, event.at, attempt.attempt_id, outcome, sip_code=0, cause=event.cause)
    attempt_failed(draft, failed, rules)


# ---- what our agent changes about it


def cancel_requested(draft: Draft, event: CancelRequested, rules: SiteRules) -> None:
    """End one target's leg, ringing or joined; the caller's talk goes on."""
    if refusal(draft.call, event, rules):
        return
    _end_leg(draft, cancellable(draft.call, event.target))


def drop_requested(draft: Draft, event: DropRequested, rules: SiteRules) -> None:
    """One named party leaves; only that leg goes."""
    if refusal(draft.call, event, rules) is None:
        _end_leg(draft, in_the_talk(draft.call, event.target))


def _end_leg(draft: Draft, attempt: Attempt | None) -> None:
    if attempt is not None and not attempt.cancelling:
        draft.change_attempt(attempt, cancelling=True)
        draft.add(CancelAttempt(draft.call.call_id, attempt.attempt_id, attempt.target))


def join_requested(draft: Draft, event: JoinRequested, rules: SiteRules) -> None:
    """The private talk is over: the dialplan puts the caller to our agent and the target."""
    attempt = next((a for a in draft.call.attempts if a.is_consulting), None)
    if attempt is None or attempt.fetch_at == event.at or refusal(draft.call, event, rules):
        return
    draft.change_attempt(attempt, fetch_at=event.at)
    draft.add(FetchCaller(event.call_id))


def stay_requested(draft: Draft, event: StayRequested, rules: SiteRules) -> None:
    """Our agent stays: from now on it is a three-party call."""
    attempt = releasing(draft.call)
    if attempt is None or refusal(draft.call, event, rules):
        return
    draft.change_attempt(attempt, kind=Kind.THREE_PARTY)
    draft.change(stay=True)
    draft.add(KeepAgent(event.call_id))


def leave_requested(draft: Draft, event: LeaveRequested, rules: SiteRules) -> None:
    """Our agent leaves a talk that goes on without him."""
    if not draft.call.released and not refusal(draft.call, event, rules):
        draft.change(released=True)
        draft.add(ReleaseAgent(event.call_id, by_agent=True))


def consent_recorded(draft: Draft, event: ConsentRecorded, _rules: SiteRules) -> None:
    """The caller's answer, asked after a phone key: it holds for every attempt that lacks one (R-003)."""
    lacking = [a for a in draft.call.attempts if a.consent is Consent.NOT_RECORDED]
    if event.consent is Consent.NOT_RECORDED:
        return
    for attempt in lacking:
        draft.change_attempt(attempt, consent=event.consent)
    if lacking:
        draft.add(RecordConsent(event.call_id, draft.call.incident_id, event.consent, event.agent_id))
        draft.explain("consent", event.agent_id, event.reason)
