"""Following a log by lines: through waiting, rotation by renaming or by cutting short, and our own restart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

CHUNK_BYTES = 1 << 18
MOST_BACKLOG_BYTES = 1 << 24
"""Older lines than this are not read after a restart: a ban for what was long ago helps nobody."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read: which one (inode), and the offset of the first byte not read."""

    inode: int = 0
    offset: int = 0


class LogTail:
    """Reads whole lines of the file at `path`, from `start` on when that is still the same file."""

    def __init__(self, path: Path, start: Place) -> None:
        self._path = path
        self._start = start
        self._file: FileIO | None = None
        self._inode = 0
        self._read_to = 0
        self._rest = b""

    @property
    def place(self) -> Place:
        """How far whole lines were read."""
        return Place(self._inode, self._read_to - len(self._rest)) if self._file else self._start

    def chunk(self) -> list[bytes]:
        """The next whole lines without their ends; [] when there are none now. A missing file is waited for.

        Raises:
            OSError: it is there but cannot be read.
        """
        if self._file is None and not self._open():
            return []
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_size < self._read_to:  # cut short: begin anew
            self._file.seek(0)
            self._read_to, self._rest = 0, b""
        is_replaced = self._is_replaced()  # asked first: what the old file got before is still read
        got = self._file.read(CHUNK_BYTES)
        self._read_to += len(got)
        if not got and is_replaced:
            self.close()
            self._start = Place()
            return self.chunk() if self._open() else []
        *lines, self._rest = (self._rest + got).split(b"\n")
        if len(self._rest) > CHUNK_BYTES:
            self._rest = b""  # no line is so long; whatever writes this must not fill our memory
        return lines

    def close(self) -> None:
        """Let the file go. Repeatable."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        try:
            file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        found = os.fstat(file.fileno())
        is_same = found.st_ino == self._start.inode and found.st_size >= self._start.offset
        oldest = max(0, found.st_size - MOST_BACKLOG_BYTES)
        self._read_to = max(self._start.offset if is_same else 0, oldest)
        file.seek(self._read_to)
        self._file, self._inode, self._rest = file, found.st_ino, b""
        return True

    def _is_replaced(self) -> bool:
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return False  # being renamed: while no other stands there, the old one may still get lines


def lines_of(tail: LogTail, most_chunks: int) -> Iterator[bytes]:
    """Lines until there are none, or until so many chunks were read: whoever calls has other work, too."""
    for _ in range(most_chunks):
        lines = tail.chunk()
        if not lines:
            return
        yield from lines
