"""What the exchange makes of one platform's record at the other."""

from __future__ import annotations

from callflow.domain.commands import Record, SendDanger, SendNote, SendOwnerDecision, SendOwnerSettled
from callflow.domain.events import PeerDanger, PeerEvent, PeerNoteWritten, PeerOwnerDecided, PeerOwnerSettled
from callflow.domain.names import CallId, SiteId


def as_peer_hears(record: Record, sender: SiteId, to: CallId, at: float) -> PeerEvent | None:
    """What the exchange makes of a record at the other platform."""
    if isinstance(record, SendOwnerDecision):
        return PeerOwnerDecided(to, at, sender, record.accept)
    if isinstance(record, SendOwnerSettled):
        return PeerOwnerSettled(to, at, sender, record.owner, record.settled)
    if isinstance(record, SendNote):
        return PeerNoteWritten(to, at, sender, "what he said")
    return PeerDanger(to, at, sender) if isinstance(record, SendDanger) else None
