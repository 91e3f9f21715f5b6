"""What the other platform says: from its signed messages, already verified, in order, once each."""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.event import Event
from callflow.domain.names import SiteId, TicketId


@dataclass(frozen=True, slots=True)
class PeerEvent(Event):
    """What the other platform says about the same incident."""

    from_site: SiteId


@dataclass(frozen=True, slots=True)
class PeerOwnerDecided(PeerEvent):
    """The other platform's agent accepts or refuses."""

    accept: bool


@dataclass(frozen=True, slots=True)
class PeerOwnerSettled(PeerEvent):
    """The platform that holds the caller's leg has settled the owner; `settled` is a `Settled` value."""

    owner: SiteId
    settled: str


@dataclass(frozen=True, slots=True)
class PeerTicketOpened(PeerEvent):
    """The other platform has its ticket of the linked pair.

    `by`: who over there began the handover of which this comes, "" when nobody did; None: it is of no handover.
    """

    ticket_id: TicketId
    by: str | None = None


@dataclass(frozen=True, slots=True)
class PeerNoteWritten(PeerEvent):
    """The other platform's agent wrote his note anew, whole, or says which language the caller speaks."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class PeerDanger(PeerEvent):
    """The other platform raised danger."""
