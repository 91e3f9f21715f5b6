"""The dialplan's journal: bytes in, lines out (asterisk-config/README.md, "Journal"). No file is opened here.

A last line without its end waits. A bad line is reported with its place and skipped; what follows it is
read. A line that was torn (a full disk) has the next one glued to it: the part that is whole is still read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

LINE_LIMIT_BYTES = 4096
"""Longer than any line the dialplan can write; such a line is bad."""

STEPS = frozenset(
    {
        "arrived",
        "queued",
        "offered",
        "answered",
        "key",
        "inviting",
        "retrying",
        "failed",
        "refused",
        "joined",
        "consulting",
    }
    | {"left", "waiting", "recalling", "released", "returned", "ended", "recording", "recorded", "unrecorded"}
    | {"listening", "listened"}
)

_ID = re.compile(r"[0-9A-Z]{26}")
_ID_OR_NONE = re.compile(r"([0-9A-Z]{26})?")
_CHANNEL_OR_NONE = re.compile(r"[0-9A-Za-z/._@;:+*#-]{0,120}")
_PAIR = re.compile(r"([a-z_]{1,20})=([0-9A-Za-z+*#._@-]{0,160})")

_COLUMNS = {
    "at": re.compile(r"\d{10}\.\d{3}"),
    "step": re.compile("|".join(sorted(STEPS))),
    "call_id": _ID,
    "incident_id": _ID_OR_NONE,
    "attempt_id": _ID_OR_NONE,
    "caller_channel": _CHANNEL_OR_NONE,
    "channel": _CHANNEL_OR_NONE,
    "uniqueid": _CHANNEL_OR_NONE,
    "detail": re.compile(rf"({_PAIR.pattern} *)*"),
}
"""The nine columns, in order, and the form of each."""

_START_OF_LINE = re.compile(rb"\d{10}\.\d{3},[a-z]{1,20},")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One step of one call. Ids and channels that a step does not have are ""."""

    offset: int
    """Where the line begins, in bytes from the beginning of the file."""
    next_offset: int
    """Where the next line begins: what to store once this line is committed."""
    key: str
    """The line's own name, the same whenever it is read again, different after the file was replaced."""
    at: float
    step: str
    call_id: str
    incident_id: str
    attempt_id: str
    caller_channel: str
    channel: str
    uniqueid: str
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be read: its place and the reason. Its text may hold a number and is not kept."""

    offset: int
    next_offset: int
    why: str


@dataclass(slots=True)
class JournalParser:
    """Reads lines from `offset` on. Feed it the file's bytes in order, in pieces of any size."""

    offset: int
    """Where the first byte that has not become a line stands."""
    _waiting: bytearray = field(default_factory=bytearray)
    """The beginning of a line that has not ended yet."""
    _is_skipping: bool = False
    """In the middle of a line that is already reported as too long."""

    def feed(self, chunk: bytes) -> list[JournalLine | BadLine]:
        """Take the file's next bytes and return every line that they complete. Never raises for their content."""
        found: list[JournalLine | BadLine] = []
        self._waiting += chunk
        while (end := self._waiting.find(b"\n")) >= 0:
            text = bytes(self._waiting[:end])
            del self._waiting[: end + 1]
            found += self._line(text, self.offset + end + 1)
        if len(self._waiting) > LINE_LIMIT_BYTES:
            next_offset = self.offset + len(self._waiting)
            if not self._is_skipping:
                found.append(BadLine(self.offset, next_offset, f"more than {LINE_LIMIT_BYTES} bytes"))
            self._is_skipping, self.offset = True, next_offset
            self._waiting.clear()
        return found

    def _line(self, text: bytes, next_offset: int) -> list[JournalLine | BadLine]:
        offset, self.offset = self.offset, next_offset
        if self._is_skipping:
            self._is_skipping = False
            return []
        begin = max((match.start() for match in _START_OF_LINE.finditer(text)), default=0)
        torn = [BadLine(offset, offset + begin, "torn; the next line is glued to it")] if begin > 0 else []
        return [*torn, read_line(text[begin:], offset + begin, next_offset)]


def read_line(text: bytes, offset: int, next_offset: int) -> JournalLine | BadLine:
    """Read one line without its end. Pure; never raises."""
    columns = text.decode("ascii", "replace").split(",")
    why = _fault(columns)
    if why is not None:
        return BadLine(offset, next_offset, why)
    at, step, call_id, incident_id, attempt_id, caller_channel, channel, uniqueid, detail = columns
    key = f"journal:{offset}:{zlib.crc32(text):08x}"
    return JournalLine(
        offset,
        next_offset,
        key,
        float(at),
        step,
        call_id,
        incident_id,
        attempt_id,
        caller_channel,
        channel,
        uniqueid,
        dict(_PAIR.findall(detail)),
    )


def _fault(columns: list[str]) -> str | None:
    """Say what is wrong without repeating it; None for a good line."""
    if sum(map(len, columns)) > LINE_LIMIT_BYTES:
        return f"more than {LINE_LIMIT_BYTES} bytes"
    if len(columns) != len(_COLUMNS):
        return f"{len(columns)} columns instead of {len(_COLUMNS)}"
    for (name, form), value in zip(_COLUMNS.items(), columns, strict=True):
        if not form.fullmatch(value):
            return f"column {name} is not as in the contract; is the dialplan newer than the program?"
    keys = [key for key, _ in _PAIR.findall(columns[-1])]
    return "a detail given twice" if len(set(keys)) != len(keys) else None
