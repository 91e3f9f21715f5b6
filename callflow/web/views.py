"""What of a stored call may be seen, and by whom: the only way from a record to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callflow.domain import confidence, screenpop
from callflow.web.routes import Role
from callflow.web.schemas import AttemptView, CallView, Moment, SuggestionView
from callflow.web.ticket_schemas import TicketAttemptView, TicketView, TraceEntry
from callflow.web.ticket_step_schemas import DeadlineView, LifeView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from callflow.domain.calls import Attempt, Call
    from callflow.domain.names import AgentId
    from callflow.domain.tickets import Life
    from callflow.web.routes import Visit
    from callflow.web.sessions import Session

SEES_ALL_CALLS = frozenset({Role.SUPERVISOR, Role.AUDITOR})


OF_THE_MATTER = (
    *("version", "channel", "region", "level", "matter", "category", "category_version", "department"),
    *("unit", "location", "summary", "peer_state", "system_number", "confidential", "language"),
)

SEALED = {"number": None, "note": "", "peer_note": "", "location": "", "summary": "", "suggestion": None}
"""What of a confidential ticket is in no list and no file."""


def has_call_now(call: Call, agent_id: AgentId) -> bool:
    """This agent's phone rings for the caller, or he is talking with him."""
    return call.agent is not None and call.agent.agent_id == agent_id


def is_agents_own(call: Call, agent_id: AgentId) -> bool:
    """This agent has the call, or had it: it stays his to write up and to decide on."""
    return has_call_now(call, agent_id) or agent_id in call.agents


def may_see(call: Call, who: Session) -> bool:
    """An agent his own calls, supervisors and auditors all of their platform."""
    return who.role in SEES_ALL_CALLS or is_agents_own(call, who.agent_id)


def call_view(call: Call, who: Session) -> CallView:
    """The call as `who` may see it: the whole number only for the agent who has it now."""
    return CallView.model_validate(screenpop.call_body(call, who.agent_id))


def attempt_view(call: Call, attempt: Attempt) -> AttemptView:
    """One attempt of this call."""
    return AttemptView.model_validate(screenpop.attempt_body(call, attempt))


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
        (attempt.consulting_at, "consult_started"),
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


def ticket_in_a_list(ticket: Any) -> TicketView:
    """As it stands among others: of a confidential one no word, which are read one ticket at a time and audited."""
    view = ticket_view(ticket)
    return view.model_copy(update=SEALED) if ticket.confidential else view


def is_there_for(visit: Visit, ticket: Any) -> bool:
    """Whether this ticket exists for who asks (R-056)."""
    return confidence.may_see(visit.viewer, confidential=ticket.confidential, insiders=ticket.insiders.split())


async def read_by(visit: Visit, ticket: Any) -> None:
    """Write down that a confidential ticket is read. Raises FactsAway: then it is not shown."""
    if ticket.confidential:
        await visit.deps.confidence_read(ticket, by=visit.who.agent_id, role=str(visit.who.role), at=visit.now)


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
        attempts=[TicketAttemptView.model_validate(attempt) for attempt in ticket.attempts],
        number=screenpop.masked(ticket.caller_number) or None,
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
        **{name: getattr(ticket, name) for name in OF_THE_MATTER},
        deadlines=[] if ticket.life is None else _deadlines(ticket.life),
    )


def life_view(life: Life, told: Sequence[str] = ()) -> LifeView:
    """Where a ticket stands, and what this request has changed."""
    return LifeView(
        ticket_id=life.ticket_id,
        incident_id=life.incident_id,
        state=life.state,
        since=life.since,
        version=life.version,
        level=life.level,
        matter=life.matter,
        category=life.category,
        limits=life.limits,
        deadlines=_deadlines(life),
        unit=life.unit,
        assisting=list(life.assisting),
        peer=life.peer,
        awaits_peer=life.awaits_peer,
        peer_fed_back=life.peer_fed_back,
        danger=life.danger,
        confidential=life.confidential,
        bound=life.bound,
        returns=life.returns,
        satisfied=life.satisfied,
        merged_into=life.merged_into,
        told=list(told),
    )


def _deadlines(life: Life) -> list[DeadlineView]:
    return [DeadlineView(stage=one.stage, due_at=one.due_at, assumed=one.assumed) for one in life.deadlines]


def trace_entry(row: Any) -> TraceEntry:
    """One audited step."""
    return TraceEntry(at=row.at, what=row.what, call_id=row.call_id, detail=row.detail)
