"""Following the journal's file: from a stored offset on, through waiting, rotation and replacement."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from agi.journal import BadLine, JournalLine, JournalParser
from agi.rotation import base_now, pieces

log = structlog.get_logger(__name__)

SETTLE_S = 0.2
"""How long a file that was renamed is still looked at: whoever had opened it before may be writing his line now."""

LOOK_EVERY_S = 0.5
"""Hints come by AMI within milliseconds; without AMI a step is read at most this late."""

CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class _Open:
    """The file that is being read, and how far."""

    file: io.FileIO
    parser: JournalParser
    base: int
    """The offset of the file's first byte."""
    read_to: int
    """How far, in the file's own bytes."""
    replaced_at: float | None = None
    """When it was first seen that another file stands in its place."""


class JournalTail:
    """Reads the journal at `path`. One reader; anyone in the same loop may `hint`."""

    def __init__(self, path: Path, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._path = path
        self._offset = 0
        """Where to begin, counted over all pieces of the journal (agi/rotation.py)."""
        self._look_every_s = look_every_s
        self._hint = asyncio.Event()
        self._asked: list[asyncio.Future[None]] = []
        """Who waits until a look that begins from now on finds nothing new."""
        self._open: _Open | None = None
        self._complaint: str | None = None
        """Why the last look failed; said once."""

    def hint(self) -> None:
        """Say that there is something to read. Repeatable, never waits."""
        self._hint.set()

    async def lines(self, start: int) -> AsyncGenerator[JournalLine | BadLine, None]:
        """Yield lines from offset `start` on, for ever; a file that is missing or cannot be read is waited for.

        Leaving the loop closes the file. A file is opened in a thread: a slow disk must not stop the calls. What
        Asterisk has just written to an open one is read on the spot: it is in memory, and a pop waits for it.
        """
        self._offset = start
        try:
            while True:
                self._hint.clear()
                asked, self._asked = self._asked, []
                if self._open is None:
                    chunk = await asyncio.to_thread(self._read_on)
                else:
                    await asyncio.sleep(0)  # a long backlog lets the others in between
                    chunk = self._read_on()
                if chunk and self._open is not None:
                    self._asked = asked + self._asked
                    for line in self._open.parser.feed(chunk):
                        yield line
                    continue
                if self._open is not None and self._open.replaced_at is not None:  # the next file is still to come
                    self._asked = asked + self._asked
                    await asyncio.sleep(SETTLE_S / 4)
                    continue
                for one in asked:
                    if not one.done():
                        one.set_result(None)
                if not self._asked:
                    await self._rest()
        finally:
            self._close()

    async def caught_up(self) -> None:
        """Return when every line that is in the file now has been yielded and the reader has asked for more.

        Somebody must be reading `lines`, and not the caller himself. A torn last line does not count.
        """
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self.hint()
        await asked

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._look_every_s):
                await self._hint.wait()

    # ---- one at a time

    def _read_on(self) -> bytes:
        """Return the next bytes, b"" for none now. A rotated file is read to its end before the new one."""
        try:
            if self._open is None and not self._begin():
                return b""
            current = self._open
            if current is None:
                return b""
            if os.fstat(current.file.fileno()).st_size < current.read_to:
                log.warning("journal was cut short; reading it from its beginning", read_to=current.read_to)
                self._offset = current.base
                self._close()
                return self._read_on()
            is_replaced = self._is_replaced(current)  # asked first: what it got before its renaming is still read
            if is_replaced and current.replaced_at is None:
                current.replaced_at = time.monotonic()
            chunk = current.file.read(CHUNK_BYTES)
            current.read_to += len(chunk)
            if not chunk and is_replaced and time.monotonic() - (current.replaced_at or 0.0) >= SETTLE_S:
                log.info("journal was rotated", read_to=current.read_to)
                self._offset = self._after(current)
                self._close()
                return self._read_on()
        except OSError as error:
            if error.strerror != self._complaint:
                log.error(  # noqa: TRY400 - the reason is in the line; a traceback of a look says nothing more
                    "journal cannot be read; does this user own it?", why=error.strerror
                )
            self._complaint = error.strerror
            self._close()
            return b""
        self._complaint = None
        return chunk

    def _begin(self) -> bool:
        """Open the piece that holds the offset; else the file that is being written, from its beginning."""
        wanted = self._offset
        holding = next((one for one in pieces(self._path) if one.base <= wanted < one.end), None)
        base, path = (holding.base, holding.path) if holding else (base_now(self._path), self._path)
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        offset = wanted - base
        if offset < 0 or (offset > 0 and not self._is_line_start(file, offset)):
            log.warning("stored offset does not fit the journal; reading it from its beginning", offset=wanted)
            offset = 0
        file.seek(offset)
        self._open = _Open(file, JournalParser(base + offset), base, offset)
        return True

    def _after(self, current: _Open) -> int:
        """Where to go on when this file is read to its end: behind it if it is a piece now, else with the new one."""
        mine = os.fstat(current.file.fileno())
        for piece in pieces(self._path):
            found = piece.path.stat()
            if (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino):
                return piece.end
        return base_now(self._path)

    @staticmethod
    def _is_line_start(file: io.FileIO, offset: int) -> bool:
        file.seek(offset - 1)
        return file.read(1) == b"\n"

    def _is_replaced(self, current: _Open) -> bool:
        """Another file stands in its place. While none does, the old one may still get the end of a write."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(current.file.fileno())
        return (found.st_dev, found.st_ino) != (mine.st_dev, mine.st_ino)

    def _close(self) -> None:
        if self._open is not None:
            self._open.file.close()
            self._open = None
