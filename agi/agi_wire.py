"""AGI on the wire, without a socket: the header that opens a session, commands out, answers in.

Rules of this file. A header has keys that Asterisk is known to send, each once, and all of them: a caller
whose bytes found a way into it (requirement T-08) ends the session, not the program. An answer has a code;
`HANGUP` has none and is no answer (reading it as one shifts every later answer by one).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER_LIMIT_BYTES = 8192
"""Asterisk's header is about 600 bytes and our arguments add 300."""

ARGUMENTS_LIMIT = 16

_FIXED = frozenset(
    f"agi_{name}"
    for name in (
        *("network", "network_script", "request", "channel", "language", "type", "uniqueid", "version"),
        *("callerid", "calleridname", "callingpres", "callingani2", "callington", "callingtns", "dnid", "rdnis"),
        *("context", "extension", "priority", "enhanced", "accountcode", "threadid"),
    )
)
_REQUIRED = _FIXED - {"agi_network"}
_ARGUMENT = re.compile(r"agi_arg_([1-9]\d?)")
_ANSWER = re.compile(rb"(\d{3})([ -])(.*)", re.DOTALL)
_RESULT = re.compile(r"result=(-?\d+)(?: \((.*)\))?.*", re.DOTALL)


class AgiBroken(Exception):  # noqa: N818 - named by what happened
    """What came is not AGI, or not from an honest Asterisk; the session must end."""


class AgiUnsendable(ValueError):  # noqa: N818 - named by what happened
    """A CR, LF or NUL in a word of a command; nothing was sent."""


class AgiRefused(Exception):  # noqa: N818 - named by what happened
    """Asterisk refused one command (510, 511, 520 or a failed result). The session may go on."""


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """How a session opened: which job is asked for, and with what."""

    job: str
    """The path of `agi://host/job`, without a query."""
    arguments: tuple[str, ...]
    channel: str
    """The helper channel that asks; never the caller's own."""


def read_header(text: bytes) -> AgiRequest:
    """Read the header, without the blank line that ends it.

    Raises:
        AgiBroken: a key twice, unknown or missing, or a line that is none.
    """
    values: dict[str, str] = {}
    arguments: dict[int, str] = {}
    for line in text.decode("utf-8", "replace").split("\n"):
        key, colon, value = line.partition(":")
        argument = None if key in _FIXED else _ARGUMENT.fullmatch(key)
        if not colon or (argument is None and key not in _FIXED):
            raise AgiBroken(f"header line {len(values) + 1} is not one that Asterisk sends")
        if key in values:
            raise AgiBroken(f"{key} comes twice in the header")
        values[key] = value.removeprefix(" ")
        if argument is not None:
            arguments[int(argument[1])] = values[key]
    if missing := _REQUIRED - values.keys():
        raise AgiBroken(f"the header ends without {min(missing)}")
    if len(arguments) > ARGUMENTS_LIMIT or arguments.keys() != set(range(1, len(arguments) + 1)):
        raise AgiBroken(f"the arguments are not numbered from 1 to at most {ARGUMENTS_LIMIT}")
    job = values["agi_network_script"].partition("?")[0].strip("/")
    return AgiRequest(job, tuple(arguments[number] for number in sorted(arguments)), values["agi_channel"])


def command_line(*words: str) -> bytes:
    """Return one command with every argument quoted, such as `SET VARIABLE "name" "value"`.

    The first word is the command itself and goes out as it stands.

    Raises:
        AgiUnsendable: a CR, LF or NUL, which would end the command and begin another.
    """
    if any(forbidden in word for word in words for forbidden in "\r\n\0"):
        raise AgiUnsendable("an AGI argument holds CR, LF or NUL; nothing was sent")
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words[1:]]
    return (" ".join([words[0], *quoted]) + "\n").encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class AgiAnswer:
    """Asterisk's answer to one command, its first line."""

    code: int
    text: str
    has_more: bool
    """A usage text follows, to be read up to the line that begins with the same code and a space."""

    def value(self) -> str:
        """Return what stands in brackets, "" when nothing does.

        Raises:
            AgiRefused: the command was not done.
        """
        found = _RESULT.fullmatch(self.text)
        if self.code != 200 or found is None:  # noqa: PLR2004 - AGI's only good answer
            raise AgiRefused(f"AGI answer {self.code}: {_MEANING.get(self.code, 'unknown answer')}")
        if int(found[1]) < 0:
            raise AgiRefused("AGI answer 200 with a negative result: the channel is gone")
        return found[2] or ""


_MEANING = {510: "unknown command", 511: "the channel is dead", 520: "wrong use of the command"}


def read_answer(line: bytes) -> AgiAnswer | None:
    """Read one line without its end; None for `HANGUP`, which answers nothing.

    Raises:
        AgiBroken: neither an answer nor HANGUP.
    """
    if line == b"HANGUP":
        return None
    found = _ANSWER.fullmatch(line)
    if found is None:
        raise AgiBroken("a line that is neither an answer nor HANGUP")
    return AgiAnswer(int(found[1]), found[3].decode("utf-8", "replace"), has_more=found[2] == b"-")
