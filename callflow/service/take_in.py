"""What a peer's message means here: records for this platform's books, and events for its calls.

Everything may be done again: records are kept once per message, tickets once per incident, events by key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from callflow.domain import events
from callflow.domain.commands import MarkTicket, Record, SettleOwner
from callflow.domain.names import CallId, IncidentId, Outcome, SiteId, TicketId, Verified
from callflow.service import messages as m

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from callflow.domain.calls import Call
    from callflow.service.ports import Facts

NO_CALL = CallId("")
"""A record that belongs to an incident whose voice leg is not here (yet)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenLinkedTicket(Record):
    """The peer's matter has a ticket here, linked to his; ours is made once and its number sent back once."""

    incident_id: IncidentId
    peer: SiteId
    matter: m.Matter


@dataclass(frozen=True, slots=True)
class LinkTicket(Record):
    """The peer's ticket of the pair has this number."""

    incident_id: IncidentId
    peer: SiteId
    ticket_id: TicketId


@dataclass(frozen=True, slots=True)
class KeepPeerNote(Record):
    """The peer's note of the pair, as it is now."""

    incident_id: IncidentId
    peer: SiteId
    note: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class KeepPeerAttempt(Record):
    """How the peer's attempt to bring his caller to us went, for our ticket of the pair."""

    incident_id: IncidentId
    peer: SiteId
    attempt_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class KeepPeerStep(Record):
    """A step of the peer's ticket of the pair: kept, and what it means to ours."""

    incident_id: IncidentId
    peer: SiteId
    step: m.TicketStep
    said_at: float = 0.0
    """When it became true over there."""


@dataclass(frozen=True, slots=True)
class KeepPeerCall(Record):
    """A call of the incident at the peer's that is over, for the trace."""

    incident_id: IncidentId
    peer: SiteId
    call: m.CallRecord


@dataclass(frozen=True, slots=True)
class Meaning:
    """What to write down, then what to tell the calls."""

    records: tuple[Record, ...] = ()
    events: tuple[events.PeerEvent, ...] = ()


def to_facts(
    message: m.ExchangeMessage, calls: Sequence[Call], *, site: SiteId, believe_identity: bool, at: float
) -> Meaning:
    """The meaning of one accepted message, given this platform's calls of its incident.

    `believe_identity` is the trust table's word on this peer: without it his word on a number is only a claim.
    A kind from a newer peer means nothing here.
    """
    incident_id, peer = IncidentId(message.incident_id), SiteId(message.issuer)
    records: list[Record] = []
    told: list[events.PeerEvent] = []
    body = message.body
    match body:
        case m.Matter():
            matter = body if believe_identity else _only_claimed(body)
            records.append(OpenLinkedTicket(NO_CALL, incident_id, peer, matter))
            by = body.by if isinstance(body, m.Handover) else None
            told += [_opened(call, at, peer, body.ticket_id, by) for call in calls]
            if matter.danger:
                told += [events.PeerDanger(call.call_id, at, peer) for call in calls]
        case m.TicketOpened():
            records.append(LinkTicket(NO_CALL, incident_id, peer, TicketId(body.ticket_id)))
            told += [_opened(call, at, peer, body.ticket_id) for call in calls]
        case m.TicketStep() | m.CallRecord():
            records.append(_kept(incident_id, peer, body, message.occurred_at))
        case m.AttemptEnded():
            mark = "connected" if body.outcome is Outcome.JOINED else "not_connected"
            records.append(MarkTicket(NO_CALL, incident_id, mark))
            records.append(KeepPeerAttempt(NO_CALL, incident_id, peer, body.attempt_id, body.outcome))
        case m.Note():
            records.append(KeepPeerNote(NO_CALL, incident_id, peer, body.note, body.language))
            told += [events.PeerNoteWritten(call.call_id, at, peer, body.note, body.language) for call in calls]
        case m.OwnerDecision():
            told += [events.PeerOwnerDecided(call.call_id, at, peer, body.accept) for call in calls]
        case m.OwnerSettled() if body.owner in {site, peer}:
            owner, settled = SiteId(body.owner), body.settled.value
            told += [events.PeerOwnerSettled(call.call_id, at, peer, owner, settled) for call in calls]
            if not calls:
                records.append(SettleOwner(NO_CALL, incident_id, owner, settled))
        case _:
            log.warning("peer message means nothing here", kind=message.kind, message_id=message.id, peer=peer)
    return Meaning(tuple(records), tuple(told))


def _kept(incident_id: IncidentId, peer: SiteId, body: m.TicketStep | m.CallRecord, said_at: float) -> Record:
    """What the peer's own ticket and calls went through."""
    if isinstance(body, m.TicketStep):
        return KeepPeerStep(NO_CALL, incident_id, peer, body, said_at)
    return KeepPeerCall(NO_CALL, incident_id, peer, body)


class Listener(Protocol):
    """The controller, as far as a peer's message needs it."""

    async def happened(self, event: events.Event, key: str) -> object:
        """Take one fact; the same `key` again changes nothing."""

    async def ticket_moved(self, incident_id: IncidentId) -> object:
        """The ticket of this incident has taken a step that is in no call: its desks are told."""


async def take_in(
    message: m.ExchangeMessage,
    *,
    facts: Facts,
    controller: Listener,
    site: SiteId,
    believe_identity: bool,
    at: float,
) -> None:
    """Write a message's records, then give its events to the calls and tell the desks of a step. Repeatable.

    Raises:
        FactsAway: not everything was written; the peer will send the message again.
    """
    calls = await facts.calls_of_incident(IncidentId(message.incident_id))
    meaning = to_facts(message, calls, site=site, believe_identity=believe_identity, at=at)
    if meaning.records:
        await facts.commit(None, meaning.records, (), event_key=f"peer:{message.id}", journal_offset=None, at=at)
        # again, since a caller may have arrived meanwhile: who arrives looks at the ticket after his own commit
        calls = await facts.calls_of_incident(IncidentId(message.incident_id))
        meaning = to_facts(message, calls, site=site, believe_identity=believe_identity, at=at)
    for event in meaning.events:
        await controller.happened(event, f"peer:{message.id}:{event.call_id}:{type(event).__name__}")
    if isinstance(message.body, m.TicketStep):
        await controller.ticket_moved(IncidentId(message.incident_id))


def taker(
    facts: Facts,
    controller: Listener,
    site: SiteId,
    believed: frozenset[SiteId],
    clock: Callable[[], float],
) -> Callable[[m.ExchangeMessage], Awaitable[None]]:
    """`take_in` for one platform. `believed`: the peers whose word on a number is the network's."""

    async def take(message: m.ExchangeMessage) -> None:
        knows = message.issuer in believed
        await take_in(message, facts=facts, controller=controller, site=site, believe_identity=knows, at=clock())

    return take


def _opened(call: Call, at: float, peer: SiteId, ticket_id: str, by: str | None = None) -> events.PeerTicketOpened:
    return events.PeerTicketOpened(call.call_id, at, peer, TicketId(ticket_id), by)


def _only_claimed(matter: m.Matter) -> m.Matter:
    if matter.verified is not Verified.NETWORK:
        return matter
    return matter.model_copy(update={"verified": Verified.CLAIMED})
