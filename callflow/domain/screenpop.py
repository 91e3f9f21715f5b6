"""What the desks are told: the bodies of the event stream (architecture §6) and who gets them. Pure.

Every body is a whole state, so one that comes twice changes nothing, and carries call_id and incident_id. A full
number goes to the agent who has the caller now, and to nobody else (requirement R-002).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from callflow.domain.calls import Attempt, Call
from callflow.domain.commands import MarkTicket, OpenTicket, QueueCallBack, Record, SettleOwner, TellAgent
from callflow.domain.names import AgentId
from callflow.domain.offers import offers

Body = dict[str, Any]

WRITE_UP_S: Final = 3600.0
"""A desk that is still writing a call up hears of its ticket for so long; who looks at it later reads it anew."""


@dataclass(frozen=True, slots=True)
class DeskNews:
    """One event for the streams of these agents."""

    agent_ids: tuple[AgentId, ...]
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the agent's desk, with what to do next."""

    zh: str
    en: str


NOTICES: Mapping[str, Notice] = {
    "busy": Notice(
        "对方忙。可改用三方通话、其他目标或工单转办。", "Busy. Try three-party, another target or a ticket."
    ),
    "no_answer": Notice("对方无人接听。可重试或工单转办。", "No answer. Try again or send a ticket."),
    "rejected": Notice("对方拒接。可改用三方通话或工单转办。", "Rejected. Try three-party or send a ticket."),
    "unreachable": Notice("线路不通。请拨打值班电话或工单转办。", "Line down. Ring the duty phone or send a ticket."),
    "number_refused": Notice("对方网络拒绝该号码。请工单转办。", "The number was refused. Send a ticket."),
    "number_refused_retry": Notice(
        "对方网络拒绝来电号码,正以本平台号码重试。", "The caller's number was refused; trying once with our own."
    ),
    "cancelled": Notice("转接已取消。来电人仍在线。", "Cancelled. The caller is still with you."),
    "lost_after_answer": Notice(
        "对方接通后断开。请询问来电人并重新转接。", "Answered, then lost. Ask the caller and hand over again."
    ),
    "returned": Notice(
        "对方平台已将来电人退回,请继续受理。不可再次转给对方。", "Handed back to you; not to be handed over once more."
    ),
    "danger": Notice("对方平台已标记危急。", "The other platform raised danger."),
}
"""Every code that `TellAgent` carries. Refused requests have their own sentences, in the API's table."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a screen pop shows beside the call itself (architecture §6, `pop`), as the caller's ticket and files say."""

    suggestion: Body | None = None
    tickets: tuple[Body, ...] = ()
    notes: tuple[str, ...] = ()
    language: str = ""
    handed_by: str = ""
    """Who handed him over, by the ticket, if it is of the platform that he comes from."""


def pop(call: Call, known: Known) -> Body:
    """The screen pop: what is known about a caller before his call is answered.

    The ticket may have heard his language, and who handed him over, sooner than the call.
    """
    caller = call.caller
    return {
        **_ids(call),
        "number": caller.shown_number or None,
        "presentation": caller.presentation.value,
        "verified": caller.verified.value,
        "from": caller.from_site,
        "by": caller.handed_by or known.handed_by,
        "language": call.language or known.language,
        "suggestion": known.suggestion,
        "tickets": list(known.tickets),
        "notes": list(known.notes),
    }


def notice(call: Call, order: TellAgent) -> DeskNews:
    """What went wrong or needs doing, in both languages, with the call as it is."""
    said = NOTICES[order.code]
    failed = next((a for a in reversed(call.attempts) if a.outcome == order.code), None)
    told = {
        "code": order.code,
        "zh": said.zh,
        "en": said.en,
        "offers": [asdict(offer) for offer in offers(failed)] if failed else [],
    }
    body = {**call_body(call, order.agent_id), "notice": told}
    return DeskNews((order.agent_id,), "call", body)


def news(before: Call | None, after: Call, records: Sequence[Record]) -> Iterator[DeskNews]:
    """What the desks have to be told about one decision, in the order in which it should be seen."""
    desks = _desks(before, after)
    if not desks:
        return
    if after.danger and not (before and before.danger and _agent_id(before) == _agent_id(after)):
        yield DeskNews(desks, "danger", {**_ids(after), "danger": True})
    if _shown(after) != (_shown(before) if before else None):
        for agent_id in desks:
            yield DeskNews((agent_id,), "call", call_body(after, agent_id))
    for attempt in after.attempts:
        if before is None or before.attempt(attempt.attempt_id) != attempt:
            yield DeskNews(desks, "attempt", attempt_body(after, attempt))
    new_link = before is not None and before.peer_tickets != after.peer_tickets
    marks = [r.mark for r in records if isinstance(r, MarkTicket)]
    if new_link or any(isinstance(r, OpenTicket | MarkTicket | SettleOwner | QueueCallBack) for r in records):
        yield DeskNews(desks, "ticket", ticket_body(after, marks))


def ticket_moved(call: Call, now: float) -> DeskNews | None:
    """The ticket of this call has taken a step that no event of the call tells; None when nobody looks at it any more.

    The step itself is read from the ticket, by whoever may see it.
    """
    desks = _desks(None, call)
    is_written_up = call.ended_at is not None and now - call.ended_at > WRITE_UP_S
    return None if not desks or (call.is_over and is_written_up) else DeskNews(desks, "ticket", ticket_body(call, ()))


def call_body(call: Call, agent_id: AgentId) -> Body:
    """The call as this agent may see it; the same shape as `GET /calls/{call_id}`."""
    has_it = call.agent is not None and call.agent.agent_id == agent_id and not call.is_over
    number = call.caller.shown_number if has_it else masked(call.caller.shown_number)
    return {
        **_ids(call),
        "site": call.site,
        "phase": call.phase.value,
        "phase_since": call.phase_since,
        "arrived_at": call.arrived_at,
        "ended_at": call.ended_at,
        "caller": {
            "number": number or None,
            "presentation": call.caller.presentation.value,
            "verified": call.caller.verified.value,
            "from_site": call.caller.from_site,
            "handed_by": call.caller.handed_by,
            "dialled": call.caller.dialled,
        },
        "agent_id": call.agent.agent_id if call.agent else None,
        "attempts": [attempt_body(call, a) for a in call.attempts],
        "ownership": {
            "first_receiver": call.ownership.first_receiver,
            "owner": call.ownership.owner,
            "settled": call.ownership.settled.value if call.ownership.settled else None,
        },
        "stay": call.stay,
        "danger": call.danger,
        "nuisance": call.nuisance,
        "language": call.language,
        "disposition": call.disposition.value if call.disposition else None,
        "listened": call.is_listened_to,
        "note": call.note,
    }


def attempt_body(call: Call, attempt: Attempt) -> Body:
    """One attempt; moments are epoch seconds."""
    return {
        **_ids(call),
        "attempt_id": attempt.attempt_id,
        "target": attempt.target,
        "kind": attempt.kind.value,
        "way": attempt.way.value,
        "consent": attempt.consent.value,
        "danger": attempt.danger,
        "contact": attempt.contact,
        "private": attempt.private,
        "started_at": attempt.started_at,
        "ringing_at": attempt.ringing_at,
        "consulting_at": attempt.consulting_at,
        "joined_at": attempt.joined_at,
        "returned_at": attempt.returned_at,
        "ended_at": attempt.ended_at,
        "outcome": attempt.outcome.value if attempt.outcome else None,
        "sip_code": attempt.sip_code,
        "cause": attempt.cause,
        "offers": [asdict(offer) for offer in offers(attempt)],
    }


def ticket_body(call: Call, marks: Sequence[str]) -> Body:
    """What changed about the incident's ticket; the whole ticket is read from `GET /tickets/{id}`."""
    return {
        **_ids(call),
        "marks": list(marks),
        "peer_tickets": list(call.peer_tickets),
        "owner": call.ownership.owner,
        "settled": call.ownership.settled.value if call.ownership.settled else None,
        "danger": call.danger,
        "call_back": call.call_back,
    }


def masked(number: str) -> str:
    """First three and last four digits, as 138****8000; of a short number only the last two."""
    if len(number) > 7:  # noqa: PLR2004 - 3 + 4, the mask of requirements §4.3
        return f"{number[:3]}****{number[-4:]}"
    return f"****{number[-2:]}" if number else ""


def _ids(call: Call) -> Body:
    return {"call_id": call.call_id, "incident_id": call.incident_id}


def _agent_id(call: Call) -> AgentId | None:
    return call.agent.agent_id if call.agent else None


def _desks(before: Call | None, after: Call) -> tuple[AgentId, ...]:
    """Who has the call, has just lost it, or has had it: to them it is their own."""
    now = [call.agent.agent_id for call in (after, before) if call is not None and call.agent is not None]
    return tuple(dict.fromkeys((*now, *after.agents)))


def _shown(call: Call) -> Body:
    """What a desk shows of a call, whoever looks: nothing else is worth an event."""
    return {**call_body(call, AgentId("")), "attempts": None}
