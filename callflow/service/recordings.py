"""Recordings as the program knows them, and their keeper: whose time is over, and what space is left for new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from callflow.domain.names import AgentId, CallId, IncidentId, Recorded, RecordingId, TicketId
from callflow.service.ports import FactsAway

log = structlog.get_logger(__name__)

GUARD_EVERY_S = 10.0
SWEEP_EVERY_S = 3600.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """One recording. `ticket_ids`: this platform's ticket of the incident, then the peer's, as far as there are."""

    recording_id: RecordingId
    call_id: CallId
    incident_id: IncidentId
    kind: Recorded
    begun_at: float
    ended_at: float | None
    deleted_at: float | None
    ticket_ids: tuple[TicketId, ...]

    @property
    def most_s(self) -> float | None:
        """How much of the file it is: of a consult only what was private, of a call all."""
        return None if self.kind is Recorded.CALL or self.ended_at is None else self.ended_at - self.begun_at


class Books(Protocol):
    """Which recordings there are. Each may raise `ports.FactsAway`."""

    async def of_call(self, call_id: CallId) -> Sequence[KeptRecording]:
        """The recordings of one call, oldest first, those included whose time is over."""

    async def recording(self, recording_id: RecordingId) -> KeptRecording | None:
        """One recording, or None."""

    async def heard(self, recording: KeptRecording, *, by: AgentId, role: str, reason: str, at: float) -> None:
        """Write into the audit that somebody is about to hear it, and why."""

    async def expired(self, before: float) -> Sequence[RecordingId]:
        """Some that were begun before this moment and still are there."""

    async def deleted(self, gone: Sequence[RecordingId], at: float) -> None:
        """Mark these as deleted, and say so in the audit. Repeatable."""


class Tape(Protocol):
    """One recording's sound as a WAV file."""

    @property
    def size(self) -> int:
        """In bytes, its header included."""

    @property
    def length_s(self) -> float:
        """How long it plays."""

    def read(self, first: int, last: int) -> Iterator[bytes]:
        """The bytes from `first` to `last`, both included, in pieces. Raises OSError when the file went away."""


class Files(Protocol):
    """Their sound."""

    def tape(self, recording_id: RecordingId, most_s: float | None = None) -> Tape | None:
        """The sound as far as it is there, of it at most so many seconds, or None."""

    def delete(self, recording_id: RecordingId) -> None:
        """Let one go. Repeatable. May raise OSError."""

    def guard(self) -> str | None:
        """Forbid or allow new ones; the cause when they are forbidden."""


@dataclass(slots=True)
class RecordingKeeper:
    """Keeps a platform's recordings as long as it may, and no new ones when the disk fills. `clock`: epoch seconds."""

    books: Books
    files: Files
    keep_days: int
    is_on: bool
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    forbidden: str | None = field(default=None, init=False)
    """Why new calls are not recorded now; None while they are."""

    async def run(self) -> None:
        """For ever. An outage of disk or database is met again at the next turn."""
        next_sweep = self.clock()
        while True:
            await self.look()
            if self.clock() >= next_sweep:
                next_sweep = self.clock() + SWEEP_EVERY_S
                await self.sweep()
            await self.sleep(GUARD_EVERY_S)

    async def look(self) -> None:
        """Measure the disk, and say when that changes something."""
        if not self.is_on:
            return
        why = await asyncio.to_thread(self.files.guard)
        if (why is None) != (self.forbidden is None):
            (log.info if why is None else log.error)("recording", may_begin=why is None, why=why)
        self.forbidden = why

    async def sweep(self) -> int:
        """Delete what is older than it may be, files first; returns how many went."""
        count = 0
        try:
            while old := await self.books.expired(self.clock() - self.keep_days * DAY_S):
                for recording_id in old:
                    await asyncio.to_thread(self.files.delete, recording_id)
                await self.books.deleted(old, self.clock())
                count += len(old)
        except (FactsAway, OSError) as error:
            log.warning("recordings not swept", why=str(error))
        if count:
            log.info("recordings deleted, their time is over", count=count, keep_days=self.keep_days)
        return count
