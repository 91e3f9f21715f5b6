"""One peer of the FastAGI server: its bytes cut into a header and lines, and its limits of time and size.

Not asyncio's streams: their price is a third of a session, and a port probe would cost a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from agi.agi_wire import HEADER_LIMIT_BYTES, AgiBroken

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """Seconds, and sessions at once. The dialplan waits one second for the whole (`Dial(Local/s@agi-…,1)`)."""

    header_s: float = 1.0
    command_s: float = 1.0
    session_s: float = 3.0
    sessions: int = 64


class AgiHungUp(Exception):  # noqa: N818 - named by what happened
    """The peer closed the connection."""


class AgiTooSlow(Exception):  # noqa: N818 - named by what happened
    """The peer did not answer in time."""


class AgiPeer(asyncio.Protocol):
    """One connection. `opened` hears of the header, `closed` of the end; who connects and goes costs no task."""

    def __init__(
        self, limits: AgiLimits, opened: Callable[[AgiPeer, bytes], None], closed: Callable[[AgiPeer], None]
    ) -> None:
        self._limits = limits
        self._opened, self._closed = opened, closed
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._header_is_read = False
        self._failure: Exception | None = None
        self._line_came: asyncio.Future[None] | None = None
        began = self._loop.time()
        self._due: float | None = began + limits.header_s
        self._over_at = began + limits.session_s
        self.task: asyncio.Task[None] | None = None
        self.is_overdue = False
        """The session had its time; its task was cancelled for that."""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's word: connected."""
        self.transport = transport  # type: ignore[assignment]  # a TCP server's transport writes

    def data_received(self, data: bytes) -> None:
        """Asyncio's word: bytes came."""
        self._buffer += data
        if not self._header_is_read:
            header, end, rest = self._buffer.partition(b"\n\n")
            if end:
                self._header_is_read, self._buffer, self._due = True, rest, None
                self._opened(self, header)
        if len(self._buffer) > HEADER_LIMIT_BYTES:
            self._end(AgiBroken(f"more than {HEADER_LIMIT_BYTES} bytes without an end"))
        elif self._line_came is not None and not self._line_came.done() and b"\n" in self._buffer:
            self._line_came.set_result(None)

    def eof_received(self) -> None:
        """Asyncio's word: the peer says no more."""
        self._end(AgiHungUp("the connection ended"))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Asyncio's word: it is over."""
        self._end(AgiHungUp("the connection ended"))
        self._closed(self)

    def send(self, command: bytes) -> None:
        """Write one command; what it is answered is asked for with `line`.

        Raises:
            AgiHungUp, AgiBroken, AgiTooSlow: it is over; uvloop's transport would say so in words of its own.
        """
        if self._failure is not None:
            raise self._failure
        self.transport.write(command)

    async def line(self) -> bytes:
        """The next line without its end.

        Raises:
            AgiHungUp, AgiBroken, AgiTooSlow: there is none.
        """
        if b"\n" not in self._buffer:
            if self._failure is not None:
                raise self._failure
            self._line_came = self._loop.create_future()
            self._due = self._loop.time() + self._limits.command_s
            try:
                await self._line_came
            finally:
                self._line_came = self._due = None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def close(self) -> None:
        """End the connection when everything is written. Repeatable."""
        self.transport.close()

    def look(self, now: float) -> None:
        """End what has had its time. The server asks now and then: a timer for each wait costs more than the wait."""
        if self._due is not None and now >= self._due:
            if not self._header_is_read:
                log.info("FastAGI session ended early", why="no header in time")
            self._end(AgiTooSlow("no answer in time"))
        elif self.task is not None and now >= self._over_at and not self.is_overdue:
            self.is_overdue = True
            self.task.cancel()

    def _end(self, why: Exception) -> None:
        if self._failure is None:
            self._failure = why
            if not self._header_is_read and isinstance(why, AgiBroken):
                log.warning("FastAGI session refused", why=str(why))
        if self._line_came is not None and not self._line_came.done():
            self._line_came.set_exception(self._failure)
        self.transport.close()
