"""Danger to life, limb or public safety overrides everything (requirement R-008).

Rules of this file
1. Danger is raised, never lowered, and needs no consent.
2. At 12345 it rings 110 beside whatever runs; that attempt is never cancelled and is tried again when it fails.
   At 110 the police ticket exists at once.
3. Where a key was pressed on the phone the dialplan already rings 110; here it is only written down.
"""

from __future__ import annotations

from callflow.domain.calls import Attempt, Call
from callflow.domain.commands import (
    OpenTicket,
    RecordConsent,
    ReportDanger,
    SendDanger,
    SendHandover,
)
from callflow.domain.draft import Draft
from callflow.domain.events import DangerRaised, KeyPressed, PeerDanger
from callflow.domain.names import AgentId, AttemptId, Consent, Kind, Way
from callflow.domain.ownership import peers_of, tell_who_came_late
from callflow.domain.presence import place
from callflow.domain.rules import SiteRules

DANGER_TRIES = 3
"""How often 110 is rung for one danger without a person asking again."""


def danger_raised(draft: Draft, event: DangerRaised, rules: SiteRules) -> None:
    """Our agent, or the classifier's suggestion he confirmed, raises danger: ring 110 now."""
    note(draft, event.agent_id, rules)
    ring(draft, event.agent_id, event.at, rules)


def danger_raised_late(draft: Draft, event: DangerRaised, rules: SiteRules) -> None:
    """Danger is seen when the caller's leg is gone: 110 hears it by the exchange, and he is called back."""
    note(draft, event.agent_id, rules)
    draft.call_back("danger")


def raised_among_agents(draft: Draft, event: DangerRaised, rules: SiteRules) -> None:
    """The caller is gone and two agents talk on: 110 is rung all the same, into their talk; he is called back."""
    danger_raised_late(draft, event, rules)
    ring(draft, event.agent_id, event.at, rules)


def key_among_agents(draft: Draft, event: KeyPressed, rules: SiteRules) -> None:
    """The same by the phone's key; the dialplan rings 110."""
    if event.verb == "danger":
        key_pressed(draft, event, rules)
        draft.call_back("danger")


def key_pressed(draft: Draft, event: KeyPressed, rules: SiteRules) -> None:
    """Of the phone's keys only danger changes anything by itself; the others' steps follow in the journal."""
    if event.verb == "danger":
        note(draft, draft.call.agent.agent_id if draft.call.agent else None, rules)


def peer_danger(draft: Draft, event: PeerDanger, rules: SiteRules) -> None:
    """The other platform raised danger: our ticket exists and our agent knows."""
    call = draft.call
    if call.danger:
        return
    knew = peers_of(call, rules)
    draft.change(danger=True)
    draft.add(OpenTicket(event.call_id, call.incident_id))
    draft.mark("danger")
    tell_who_came_late(draft, knew, rules)
    draft.tell(call.agent.agent_id if call.agent else None, "danger")


def note(draft: Draft, agent_id: AgentId | None, rules: SiteRules) -> None:
    """Write danger down, once: ticket, reason for the missing consent, every platform that is involved."""
    call = draft.call
    if call.danger:
        return
    draft.change(danger=True)
    draft.add(OpenTicket(call.call_id, call.incident_id))
    draft.mark("danger")
    if agent_id is not None:
        consent = Consent.NOT_POSSIBLE_DANGER
        draft.add(RecordConsent(call.call_id, call.incident_id, consent, agent_id))
    police = rules.peer_of(rules.danger_target)
    knew = peers_of(call, rules)
    for peer in dict.fromkeys((*((police,) if police else ()), *knew)):
        draft.add(SendDanger(call.call_id, call.incident_id, peer))
    tell_who_came_late(draft, knew, rules)


def ring(draft: Draft, agent_id: AgentId | None, at: float, rules: SiteRules) -> None:
    """Have the dialplan ring 110; an attempt to 110 that lives already becomes the danger attempt."""
    call = draft.call
    if rules.is_danger_site:
        return
    live = next((a for a in call.attempts if a.is_live and a.target == rules.danger_target), None)
    if live is not None:
        if not live.danger:
            draft.change_attempt(live, danger=True)
        return
    attempt = Attempt(
        attempt_id=_attempt_id(call),
        target=rules.danger_target,
        kind=Kind.THREE_PARTY,
        way=Way.DESK,
        consent=Consent.NOT_POSSIBLE_DANGER,
        started_at=at,
        danger=True,
        requested_by=agent_id,
    )
    draft.change(attempts=(*call.attempts, attempt))
    police = rules.peer_of(rules.danger_target)
    if police is not None:
        draft.add(SendHandover(call.call_id, call.incident_id, police, attempt.attempt_id, attempt.kind, danger=True))
    draft.add(ReportDanger(call.call_id, attempt.attempt_id))
    place(draft, at)


def ring_again(draft: Draft, failed: Attempt, at: float, rules: SiteRules) -> None:
    """The danger attempt failed: at once once more, a bounded number of times."""
    tries = sum(1 for a in draft.call.attempts if a.danger)
    if failed.danger and tries < DANGER_TRIES:
        ring(draft, failed.requested_by, at, rules)


def is_unanswered(call: Call, rules: SiteRules) -> bool:
    """Danger was raised here and 110 has not been in the talk."""
    reached = any(a.target == rules.danger_target and a.joined_at is not None for a in call.attempts)
    return call.danger and not rules.is_danger_site and not reached


def _attempt_id(call: Call) -> AttemptId:
    """An id that follows from the call, since danger may come through any door.

    A valid ULID of the year 9000 (its first character is the time's highest), so it meets no other attempt's id.
    """
    tries = sum(1 for a in call.attempts if a.danger)
    return AttemptId(f"7{tries}{call.call_id[2:]}")
