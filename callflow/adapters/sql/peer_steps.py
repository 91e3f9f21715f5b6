"""What a step of the peer's ticket means to ours: his feedback, and every step while the matter is mainly his."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from callflow.adapters.sql import lives
from callflow.domain.ticket_life import TABLE, nothing
from callflow.domain.tickets import (
    CitizenTold,
    FedBack,
    Happening,
    PeerCalledBack,
    PeerFedBack,
    Responded,
    Returned,
    Signed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from callflow.adapters.sql.step import Detail, Step
    from callflow.service.messages import TicketStep
    from callflow.service.take_in import KeepPeerStep

MIRRORED: Final[dict[str, Callable[[float, str, TicketStep], Happening]]] = {
    "signed": lambda at, by, _said: Signed(at, by),
    "responded": lambda at, by, _said: Responded(at, by),
    "fed_back": lambda at, by, said: FedBack(at, by, result=said.text or said.step),
    "citizen_told": lambda at, by, _said: CitizenTold(at, by, channel="peer"),
    "returned": lambda at, by, said: Returned(at, by, reason=said.text or said.step),
}
"""The peer's word -> what happens to our ticket while the peer is its main unit (工单互派, R-011)."""

CALLED_BACK: Final = "called_back"

SEALED: Final = "sealed"
"""Confidential over there, so also here; the mark is taken off by each platform for itself (R-056)."""

FEEDBACK: Final = frozenset({"fed_back", "closed"})
"""With these the peer owes nothing more (R-041)."""


async def keep_peer_step(step: Step, record: KeepPeerStep) -> Detail:
    """Keep where his ticket stands, and let ours live on. An older step than the one we have changes nothing."""
    said, kept = record.step, {"peer": record.peer, "step": record.step.step, "version": record.step.version}
    kept |= {"state": said.state, "ticket_id": said.ticket_id, "unit": said.unit}
    kept |= {"by": said.by, "said_at": record.said_at}
    row = await step.ticket_of(record.incident_id)
    if row is None or said.version <= row.peer_version:
        return kept | {"kept": False}
    stands = {"peer_state": said.state, "peer_version": said.version, "peer_ticket_id": said.ticket_id}
    await step.change_ticket(record.incident_id, peer=record.peer, **stands)
    meant: list[Happening] = []
    if row.unit == record.peer and said.step in MIRRORED:
        meant.append(MIRRORED[said.step](step.at, record.peer, said))
    if said.step in FEEDBACK:
        meant.append(PeerFedBack(step.at, record.peer, result=said.text or said.step))
    if said.step == CALLED_BACK:
        meant.append(PeerCalledBack(step.at, record.peer, satisfied=said.satisfied))
    # A matter comes back once: who has given it back himself hears the echo of that.
    told: list[str] = list(await lives.seal(step, row, by=record.peer)) if said.step == SEALED else []
    gives_back = said.step == "returned" and row.owner == record.peer and lives.life_in(step, row).returns == 0
    for happening in meant:
        row = await step.ticket_of(record.incident_id)
        if TABLE[lives.life_in(step, row).state][type(happening)].rule is not nothing:
            told += (await lives.live_on(step, row, happening, text=said.text)).told
    if gives_back:  # whatever ours has become meanwhile: it is nobody's else
        await step.change_ticket(record.incident_id, owner=step.site.platform.id)
    return kept | {"kept": True, "means": told}
