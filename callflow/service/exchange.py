"""The exchange between the platforms, without I/O: order, what is kept on both sides, and the lines that carry it.

Three ways to carry behind one port (`Carrier`): we push to the peer's door, the peer pulls from ours, or signed files
are dropped for a gateway between two networks (R-050, R-061). `Inflow` and `Outflow` are the same for all of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from callflow.service.messages import FIRST_LINK
from callflow.service.signatures import Opened, Refusal, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from callflow.domain.names import IncidentId, SiteId


class Mode(StrEnum):
    """How messages travel in one direction. Who pushes calls the other's door; who is pulled from is called."""

    PUSH = "push"
    PULL = "pull"
    FILE = "file"


class PeerAway(Exception):  # noqa: N818 - named by what happened
    """Nothing goes to, or comes from, this peer now; the message says why."""


class Carrier(Protocol):
    """One way of bringing messages across, in one direction, to or from one peer.

    `cause`: why it cannot now, or None. Whoever keeps it carrying sets it; a carrier clears it as soon as something got
    through, also in a round that then fails, and is asked again sooner for it.
    """

    peer: SiteId
    cause: str | None

    async def round(self) -> None:
        """Bring across everything that can be brought now. Repeatable after any failure.

        Raises:
            PeerAway, FactsAway: not now; it is asked again after a pause.
        """

    async def rest(self) -> None:
        """Return when there may be something again."""


class Bell:
    """Rung for everybody who listens now; who `listens` before he looks misses nothing that comes after."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """Set at the next ring."""
        return self._rung

    def ring(self) -> None:
        """Wake everybody who listens."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()


async def either(rung: asyncio.Event, limit_s: float) -> None:
    """Return when the bell is rung, or after this time."""
    try:
        async with asyncio.timeout(limit_s):
            await rung.wait()
    except TimeoutError:
        pass  # time to look by ourselves


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last message taken of one issuer about one incident."""

    seq: int = 0
    digest: str = FIRST_LINK


def is_new(opened: Opened, end: ChainEnd, kept_digest: str | None) -> bool:
    """Whether the message is the next of its chain; False when it was taken before.

    `kept_digest` is what is stored under the same sequence number, None when nothing is.

    Raises:
        Refused: messages before it are missing, or it contradicts what was taken.
    """
    message = opened.message
    if kept_digest is not None:
        if kept_digest == opened.digest:
            return False
        raise Refused(Refusal.FORKED, f"another message {message.seq} was taken before", end.seq + 1, end.digest)
    if message.seq != end.seq + 1:
        raise Refused(Refusal.GAP, f"{message.seq} came where {end.seq + 1} was due", end.seq + 1)
    if message.prev_hash != end.digest:
        raise Refused(Refusal.FORKED, f"message {message.seq} does not follow what was taken", end.seq + 1, end.digest)
    return True


class Inbox(Protocol):
    """What was taken, durable. All of them may raise ports.FactsAway."""

    async def claim_nonce(self, issuer: SiteId, nonce: str, now: float) -> bool:
        """False when this nonce was seen within the clock limit."""

    async def chain_end(self, issuer: SiteId, incident_id: IncidentId) -> ChainEnd:
        """The end of one chain, `ChainEnd()` when nothing was taken yet."""

    async def chain_ends(self, issuer: SiteId, after: str, limit: int) -> Sequence[tuple[IncidentId, ChainEnd]]:
        """The ends of this issuer's chains in the order of their incidents, after this one."""

    async def kept_digest(self, issuer: SiteId, incident_id: IncidentId, seq: int) -> str | None:
        """What was taken under this number, or None."""

    async def keep(self, opened: Opened, now: float) -> None:
        """Store a message as taken. Repeatable."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message of ours; without a receipt, where nothing else is said."""

    message_id: str
    incident_id: IncidentId
    seq: int
    payload: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Link:
    """One message of a chain of ours: its place, its digest, and whether the peer's receipt for it is in."""

    incident_id: IncidentId
    seq: int
    digest: str
    is_receipted: bool


class Outgoing(Protocol):
    """Our messages, durable until their receipt is in. All but `when_stored` may raise ports.FactsAway."""

    def when_stored(self, wake: Callable[[SiteId], None]) -> None:
        """Call `wake` after each commit of this process that stored something for a peer."""

    async def unsent(self, peer: SiteId, limit: int, leave_out: Collection[IncidentId] = ()) -> list[Unsent]:
        """Messages without a receipt, oldest first; within an incident in the order of their numbers."""

    async def count_unsent(self, peer: SiteId) -> int:
        """How many have no receipt."""

    async def message(self, peer: SiteId, message_id: str) -> Unsent | None:
        """One message to this peer, with or without a receipt."""

    async def chains(self, peer: SiteId, after: str, until: str | None) -> Sequence[Link]:
        """All our messages about the incidents after `after` up to `until` (None: to the last)."""

    async def receipted(self, message_id: str, now: float) -> None:
        """The peer has it. Repeatable."""

    async def send_again(self, peer: SiteId, incident_id: IncidentId, from_seq: int) -> int:
        """The peer lost what he had from this number on: forget those receipts. How many messages that is."""

    async def join_chain(self, peer: SiteId, incident_id: IncidentId, seq: int, link: str) -> int:
        """We lost what the peer had taken of us: what he has not goes on from this number and link. How many it is."""
