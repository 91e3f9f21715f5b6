"""What the ticket's work needs from the books, as a Protocol, and what goes in and comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from callflow.domain.confidence import Viewer
from callflow.domain.limits import Chased
from callflow.domain.names import CallId, Channel, SiteId, TicketId
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Happening, Life


@dataclass(frozen=True, slots=True)
class NewMatter:
    """A matter that a person writes down (R-010). `number` is only what the citizen wrote: a claim, "" for none.

    `call`: the call that it came by; its ticket then belongs to the call's incident, with the caller's own number.
    """

    channel: Channel
    judgement: Judgement
    region: str
    number: str = ""
    location: str = ""
    summary: str = ""
    danger: bool = False
    call: CallId | None = None
    sealed_by: str = ""
    """Confidential from its first moment on, by this account (R-056)."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of a ticket: its life now, the words of its steps, and why not if it was refused."""

    life: Life
    told: tuple[str, ...] = ()
    refused: TicketRefusal | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The matter goes to the other platform beside the step itself (R-010 to R-013)."""

    peer: SiteId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DueTicket:
    """A ticket that somebody is to be chased for now."""

    life: Life
    chases: tuple[Chased, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """One kind of matter: how often it was disputed, which tickets wait now, and who has such matters since."""

    category: str
    region: str
    disputes: int
    waiting: tuple[TicketId, ...]
    precedent: str | None


@dataclass(frozen=True, slots=True)
class Diverted:
    """A matter that came here first and is the other platform's, and what came of it over there."""

    ticket_id: str
    incident_id: str
    to: str
    peer_ticket_id: str | None
    category: str
    region: str
    opened_at: float
    peer_state: str
    """As the other platform last said; "" before its first word."""
    result: str | None
    result_at: float | None
    satisfied: bool | None


class DivertedBooks(Protocol):
    """What was given away. May raise ports.FactsAway."""

    async def diverted(
        self, opened_from: float, opened_to: float, limit: int, viewer: Viewer | None = None
    ) -> Sequence[Diverted]:
        """Those opened in this period (epoch seconds, the end excluded) that are there for him, newest first.

        Of a confidential one its words are left out.
        """


class Lives(Protocol):
    """The tickets of one platform, living. All of them may raise ports.FactsAway."""

    async def open(self, matter: NewMatter, *, key: str, at: float) -> TicketId:
        """A new ticket for it; the same `key` again gives the same ticket, as does a call that has one already."""

    async def live_on(
        self,
        ticket_id: TicketId,
        *happenings: Happening,
        key: str,
        at: float,
        text: str = "",
        given: Given | None = None,
        read_version: int | None = None,
    ) -> Lived | None:
        """Let all of this happen, or nothing. None: there is no such ticket.

        The same `key` again changes nothing and answers with the life as it is. `read_version`: what the person
        looked at; when the ticket has gone on since, the step is refused as CHANGED_MEANWHILE.
        """

    async def due(self, now: float, limit: int) -> Sequence[DueTicket]:
        """Tickets with a reminder or a supervision order to be said, the longest due first."""

    async def next_due_at(self) -> float | None:
        """When the next ticket is to be looked at; None when nothing waits."""

    async def pressing(self, until: float, limit: int) -> Sequence[Life]:
        """Open tickets with a limit that is over, or will be by then (epoch seconds), the longest due first.

        Looked for among the `limit` that are to be chased next and the `limit` that have been open longest.
        """

    async def life(self, ticket_id: TicketId) -> Life | None:
        """One ticket's life now, or None."""

    async def disputes(self) -> Sequence[Dispute]:
        """Kinds of matters that were disputed or went without agreement, most frequent first (R-052)."""
