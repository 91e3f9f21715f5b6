"""AMI on the wire, without a socket: bytes in, messages out, and what may never be sent.

Rules of this file. A message ends at the blank line and a line ends at CRLF, nowhere else: a caller's
display name may hold a bare CR or LF, and a reader that splits there lets him write events (requirement
T-07). Bytes are decoded only as whole messages, so that a character cut in two by TCP is not lost. What
nobody wants is dropped unread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

MESSAGE_LIMIT_BYTES = 1 << 20
"""A message longer than this is no message. `Status` of one channel is about 1 kB."""

LINE_LIMIT_BYTES = 1000
"""Asterisk reads a line of at most 1,024 bytes (main/manager.c, `inbuf`) and drops what is longer."""

HEADERS_LIMIT = 100
"""Asterisk keeps at most 128 headers of an action (`AST_MAX_MANHEADERS`)."""

_END = b"\r\n\r\n"
_EVENT = b"Event: "
_REPEATABLE = frozenset({"ChanVariable", "DestChanVariable", "Output", "Variable"})


class AmiOverrun(Exception):  # noqa: N818 - named by what happened
    """The peer sent more than MESSAGE_LIMIT_BYTES without ending the message; the link must be dropped."""


class UnsendableValue(ValueError):  # noqa: N818 - named by what happened
    """A header of an action would break the line it stands on; nothing was sent."""


@dataclass(frozen=True, slots=True)
class AmiMessage:
    """One event or answer. A header that came several times has all its values, in order."""

    headers: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The event's name, "" for an answer."""
        return self.first("Event")

    def first(self, header: str, default: str = "") -> str:
        """The header's first value, or `default` when the header is missing."""
        values = self.headers.get(header)
        return values[0] if values else default

    def variables(self) -> dict[str, str]:
        """Channel variables that were asked for (`Variable: NAME=value` lines of `Status`) and are set."""
        pairs = (line.partition("=") for line in self.headers.get("Variable", ()))
        return {name: value for name, _, value in pairs if value != "(null)"}  # Asterisk's word for not set


@dataclass(slots=True)
class AmiParser:
    """Cuts a byte stream into messages. `wanted`: the names of events that nobody asked for but are kept."""

    wanted: Collection[str]
    malformed: int = 0
    """Messages refused so far: a header twice, or an event with neither Privilege nor ActionID (T-07)."""
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> list[AmiMessage]:
        """Take what the network gave and return every message that it completed.

        Raises:
            AmiOverrun: a message has no end; what came before it in the same chunk is lost with the link.
        """
        searched = max(0, len(self._buffer) - len(_END) + 1)
        self._buffer += chunk
        blocks: list[bytes] = []
        if self._buffer.find(_END, searched) >= 0:
            *blocks, rest = bytes(self._buffer).split(_END)
            self._buffer = bytearray(rest)
        if len(self._buffer) > MESSAGE_LIMIT_BYTES or any(len(block) > MESSAGE_LIMIT_BYTES for block in blocks):
            raise AmiOverrun(f"a message of more than {MESSAGE_LIMIT_BYTES} bytes has no end; is this an AMI port?")
        return [message for block in blocks if (message := self._read(block)) is not None]

    def _read(self, block: bytes) -> AmiMessage | None:
        if block.startswith(_EVENT) and not self._is_wanted(block):
            return None
        headers: dict[str, tuple[str, ...]] = {}
        for line in block.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if not colon:
                continue  # the greeting, or the blank line after it
            if name in headers and name not in _REPEATABLE:
                self.malformed += 1
                return None
            headers[name] = (*headers.get(name, ()), value.removeprefix(" "))
        if "Event" in headers and "Privilege" not in headers and "ActionID" not in headers:
            self.malformed += 1
            return None
        return AmiMessage(headers) if "Event" in headers or "Response" in headers else None

    def _is_wanted(self, block: bytes) -> bool:
        end = block.find(b"\r\n")
        name = block[len(_EVENT) : end if end >= 0 else None]
        return name.decode("ascii", "replace") in self.wanted or b"\r\nActionID: " in block


def check_sendable(headers: Mapping[str, str | list[str]]) -> None:
    """Refuse an action that would be read as something else at the other end (requirement T-05).

    Raises:
        UnsendableValue: a CR, LF or NUL, a character without UTF-8, a line or an action that is too long.
        The message
            names the header, never its value (it may be a phone number).
    """
    lines = list(_lines(headers))
    if len(lines) > HEADERS_LIMIT:
        raise UnsendableValue(f"an action of {len(lines)} headers; Asterisk keeps {HEADERS_LIMIT}")
    for name, value in lines:
        if any(forbidden in name + value for forbidden in "\r\n\0"):
            raise UnsendableValue(f"header {name!r} holds CR, LF or NUL; it would end its line")
        try:
            length = len(f"{name}: {value}\r\n".encode())
        except UnicodeEncodeError as error:
            raise UnsendableValue(f"header {name!r} holds a character that UTF-8 cannot carry") from error
        if length > LINE_LIMIT_BYTES:
            raise UnsendableValue(f"header {name!r} is {length} bytes long; Asterisk reads {LINE_LIMIT_BYTES}")


def _lines(headers: Mapping[str, str | list[str]]) -> Iterable[tuple[str, str]]:
    for name, value in headers.items():
        for one in [value] if isinstance(value, str) else value:
            yield name, one
