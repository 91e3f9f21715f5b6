"""The journal in pieces: a full one is renamed after the offset at which it begins, so that offsets count for ever.

`steps.csv` is being written; `steps.000000000000000.csv` and its like are whole. A piece's name is how many bytes were
written before it, so a stored offset finds its place over any number of rotations, and the last piece says where the
file that is being written begins. Asterisk opens the file for every line, so a renaming loses none; pieces are never
renamed again, and the newest one must stay.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

MB, DAY_S, LOOK_EVERY_S = 1 << 20, 86_400.0, 60.0
_PIECE = re.compile(r"\.(\d{15})\.csv$")


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the journal and the offset of its first byte."""

    base: int
    path: Path
    end: int


def pieces(journal: Path) -> list[Piece]:
    """The whole pieces, oldest first. Raises OSError."""
    found = []
    for path in journal.parent.glob(f"{journal.stem}.*.csv"):
        named = _PIECE.search(path.name)
        if named:
            base = int(named[1])
            found.append(Piece(base, path, base + path.stat().st_size))
    return sorted(found, key=lambda piece: piece.base)


def base_now(journal: Path) -> int:
    """The offset at which the file that is being written begins. Raises OSError."""
    whole = pieces(journal)
    return whole[-1].end if whole else 0


def rotate(journal: Path, over_bytes: int) -> Path | None:
    """Rename the journal when it is larger than this; the piece's path, or None. Raises OSError."""
    if not journal.exists() or journal.stat().st_size <= over_bytes:
        return None
    piece = journal.with_name(f"{journal.stem}.{base_now(journal):015d}.csv")
    journal.rename(piece)
    return piece


def forget(journal: Path, before: float) -> list[Path]:
    """Delete pieces last written before this moment (epoch seconds), never the newest; what went. Raises OSError."""
    old = [piece.path for piece in pieces(journal)[:-1] if piece.path.stat().st_mtime < before]
    for path in old:
        path.unlink()
    return old


def copy(journal: Path, into: Path) -> None:
    """Copy the whole pieces and what is written so far of the last, as one consistent journal. Raises OSError.

    A line that is being written is left out: after a restore Asterisk would write the next one behind half of it.
    """
    whole: list[Piece] | None = None
    while whole != (now := pieces(journal)):  # at first, and once more when one was renamed meanwhile
        whole = now
        for piece in whole:
            shutil.copyfile(piece.path, into / piece.path.name)
        written = journal.read_bytes() if journal.exists() else b""
        (into / journal.name).write_bytes(written[: written.rfind(b"\n") + 1])


async def keep_small(journal: Path, *, rotate_mb: int, keep_days: int) -> None:
    """Rotate and forget, now and then, for ever. A disk that refuses is asked again."""
    while True:
        try:
            piece = await asyncio.to_thread(rotate, journal, rotate_mb * MB)
            gone = await asyncio.to_thread(forget, journal, time.time() - keep_days * DAY_S)
        except OSError as error:
            log.warning("journal not rotated", why=error.strerror)
        else:
            if piece is not None or gone:
                log.info("journal rotated", piece=piece.name if piece else None, forgotten=len(gone))
        await asyncio.sleep(LOOK_EVERY_S)
