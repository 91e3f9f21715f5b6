"""The recordings' files: found by their id, given out as WAV, and the disk that they fill.

Asterisk writes raw A-law, 8000 samples a second, one byte each: no header, so that a killed PBX leaves a file that is
as good as any other (up to 32 kB, 4 s, are in its buffer and lost). The header is put before it when it is given out.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callflow.domain.names import RecordingId

BYTES_PER_S: Final = 8000
CHUNK_BYTES: Final = 1 << 16
A_LAW: Final = 6
"""WAVE_FORMAT_ALAW (RFC 2361)."""

HEADER_BYTES: Final = 58
MB: Final = 1 << 20
FULL: Final = "full"
"""While a file of this name stands there, the dialplan begins no new recording."""


def wav_header(size: int) -> bytes:
    """The header of a WAV file with this many bytes of A-law, mono, 8 kHz."""
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, A_LAW, 1, BYTES_PER_S, BYTES_PER_S, 1, 8, 0)
    fact = struct.pack("<4sII", b"fact", 4, size)
    data = struct.pack("<4sI", b"data", size)
    rest = b"WAVE" + form + fact + data
    return struct.pack("<4sI", b"RIFF", len(rest) + size) + rest


@dataclass(frozen=True, slots=True)
class Tape:
    """One recording as a WAV file that is made while it is read. `size` counts the header too."""

    path: Path
    size: int

    @property
    def length_s(self) -> float:
        """How long it plays."""
        return (self.size - HEADER_BYTES) / BYTES_PER_S

    def read(self, first: int, last: int) -> Iterator[bytes]:
        """The bytes from `first` to `last`, both included, in pieces. Raises OSError when the file went away."""
        header = wav_header(self.size - HEADER_BYTES)[first : last + 1]
        if header:
            yield header
        left = last + 1 - max(first, HEADER_BYTES)
        with self.path.open("rb") as file:
            file.seek(max(first - HEADER_BYTES, 0))
            while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
                left -= len(chunk)
                yield chunk


class RecordingFiles:
    """One platform's folder of recordings."""

    def __init__(self, folder: Path, min_free_mb: int) -> None:
        self._folder = folder
        self._min_free_mb = min_free_mb

    def tape(self, recording_id: RecordingId, most_s: float | None = None) -> Tape | None:
        """The file as it is now (it may be growing), at most `most_s` seconds of it, or None when there is none."""
        path = self._path(recording_id)
        try:
            size = path.stat().st_size
        except OSError:
            return None
        return Tape(path, HEADER_BYTES + (size if most_s is None else min(size, round(most_s * BYTES_PER_S))))

    def delete(self, recording_id: RecordingId) -> None:
        """Let a file go. Repeatable. Raises OSError when the disk refuses."""
        self._path(recording_id).unlink(missing_ok=True)

    def guard(self) -> str | None:
        """Forbid or allow new recordings by the space that is left; the cause when they are forbidden.

        What is being recorded goes on: `min_free_mb` is the reserve that it writes into.
        """
        flag = self._folder / FULL
        try:
            free_mb = shutil.disk_usage(self._folder).free // MB
            if free_mb >= self._min_free_mb:
                flag.unlink(missing_ok=True)
                return None
            flag.touch()
        except OSError as error:
            return f"the recordings' folder cannot be used: {error.strerror}"
        return f"{free_mb} MB free for recordings, {self._min_free_mb} MB wanted: new calls are not recorded"

    def _path(self, recording_id: RecordingId) -> Path:
        return self._folder / f"{recording_id}.alaw"
