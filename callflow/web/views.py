"""What of a stored call may be seen, and by whom: the only way from a record to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callflow.web.routes import Role
from callflow.web.schemas import AttemptView, CallerView, CallView, Moment, OwnershipView, SuggestionView
from callflow.web.ticket_schemas import TicketView, TraceEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callflow.domain.calls import Attempt, Call
    from callflow.domain.names import AgentId
    from callflow.web.sessions import Session

SEES_ALL_CALLS = frozenset({Role.SUPERVISOR, Role.AUDITOR})


def has_call_now(call: Call, agent_id: AgentId) -> bool:
    """This agent's phone rings for the caller, or he is talking with him."""
    return call.agent is not None and call.agent.agent_id == agent_id


def is_agents_own(call: Call, agent_id: AgentId) -> bool:
    """This agent has the call, or had it: it stays his to write up and to decide on."""
    return has_call_now(call, agent_id) or agent_id in call.agents


def may_see(call: Call, who: Session) -> bool:
    """An agent his own calls, supervisors and auditors all of their platform."""
    return who.role in SEES_ALL_CALLS or is_agents_own(call, who.agent_id)


def masked(number: str) -> str:
    """First three and last four digits, as 138****8000; of a short number only the last two."""
    if len(number) > 7:  # noqa: PLR2004 - 3 + 4, the mask of requirements §4.3
        return f"{number[:3]}****{number[-4:]}"
    return f"****{number[-2:]}" if number else ""


def call_view(call: Call, who: Session) -> CallView:
    """The call as `who` may see it: the whole number only for the agent who has it now."""
    whole = has_call_now(call, who.agent_id) and not call.is_over
    number = call.caller.number if whole else masked(call.caller.number)
    return CallView(
        call_id=call.call_id,
        incident_id=call.incident_id,
        site=call.site,
        phase=call.phase,
        phase_since=call.phase_since,
        arrived_at=call.arrived_at,
        ended_at=call.ended_at,
        caller=CallerView(
            number=number or None,
            presentation=call.caller.presentation,
            verified=call.caller.verified,
            from_site=call.caller.from_site,
            dialled=call.caller.dialled,
        ),
        agent_id=call.agent.agent_id if call.agent else None,
        attempts=[attempt_view(call, attempt) for attempt in call.attempts],
        ownership=OwnershipView(
            first_receiver=call.ownership.first_receiver,
            owner=call.ownership.owner,
            settled=call.ownership.settled,
        ),
        stay=call.stay,
        danger=call.danger,
        note=call.note,
    )


def attempt_view(call: Call, attempt: Attempt) -> AttemptView:
    """One attempt of this call."""
    return AttemptView(
        attempt_id=attempt.attempt_id,
        call_id=call.call_id,
        target=attempt.target,
        kind=attempt.kind,
        way=attempt.way,
        consent=attempt.consent,
        danger=attempt.danger,
        started_at=attempt.started_at,
        ringing_at=attempt.ringing_at,
        joined_at=attempt.joined_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome,
        sip_code=attempt.sip_code,
        cause=attempt.cause,
    )


def moments(call: Call) -> list[Moment]:
    """What happened to the call, oldest first, as far as the record of the call tells."""
    found = [Moment(at=call.arrived_at, what="arrived")]
    if call.agent is not None and call.agent.answered_at is not None:
        found.append(Moment(at=call.agent.answered_at, what="agent_answered"))
    for attempt in call.attempts:
        found.extend(_moments_of_attempt(attempt))
    if call.ended_at is not None:
        found.append(Moment(at=call.ended_at, what="ended"))
    return sorted(found, key=lambda moment: moment.at)


def _moments_of_attempt(attempt: Attempt) -> Iterator[Moment]:
    happened = (
        (attempt.started_at, "target_invited"),
        (attempt.ringing_at, "target_ringing"),
        (attempt.joined_at, "target_joined"),
        (attempt.ended_at, "target_left" if attempt.joined_at is not None else "attempt_failed"),
    )
    for at, what in happened:
        if at is not None:
            yield Moment(
                at=at,
                what=what,
                attempt_id=attempt.attempt_id,
                target=attempt.target,
                outcome=attempt.outcome if at == attempt.ended_at else None,
            )


def ticket_view(ticket: Any) -> TicketView:
    """A stored ticket, with its number masked."""
    return TicketView(
        ticket_id=ticket.ticket_id,
        incident_id=ticket.incident_id,
        call_id=ticket.call_id,
        peer=ticket.peer,
        peer_ticket_id=ticket.peer_ticket_id,
        state=ticket.state,
        phone_mark=ticket.phone_mark,
        number=masked(ticket.caller_number) or None,
        presentation=ticket.presentation,
        verified=ticket.verified,
        note=ticket.note,
        peer_note=ticket.peer_note,
        suggestion=None if ticket.suggestion is None else SuggestionView.model_validate(ticket.suggestion),
        first_receiver=ticket.first_receiver,
        owner=ticket.owner,
        settled=ticket.settled,
        danger=ticket.danger,
        consent=ticket.consent,
        opened_at=ticket.opened_at,
        changed_at=ticket.changed_at,
    )


def trace_entry(row: Any) -> TraceEntry:
    """One audited step."""
    return TraceEntry(at=row.at, what=row.what, call_id=row.call_id, detail=row.detail)
