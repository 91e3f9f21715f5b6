"""SIP messages as a phone saw them: read back from PJSIP's own log, whole."""

import re
from dataclasses import dataclass

SUCCESS = range(200, 300)
"""Final answers that say yes (RFC 3261, 21.2)."""

LOG_ENTRY = re.compile(
    r"^(?P<way>TX|RX) \d+ bytes \S+ msg .*? (?:to|from) \w+ (?P<peer>[^\s]+?):\r?\n(?P<message>.*?)\r?\n?--end msg--",
    re.DOTALL,
)
COMPACT = {
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "v": "via",
    "c": "content-type",
    "r": "refer-to",
    "b": "referred-by",
}
URI_USER = re.compile(r"<?(?:sips?:([^@>;\s]+)@|tel:([^>;\s]+))")


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One message: when, which way, with whom, and what it said (header names in lower case)."""

    time_ns: int
    is_sent: bool
    peer: str
    start_line: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def code(self) -> int | None:
        """The status code of a response, None for a request."""
        return int(self.start_line.split()[1]) if self.start_line.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """The request's method; of a response, the method it answers."""
        return (self.header("cseq") or " ?").split()[1] if self.code else self.start_line.split()[0]

    @property
    def call_id(self) -> str:
        """The dialog's Call-ID."""
        return self.header("call-id") or ""

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case or compact form."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Every header of this name, in order."""
        return [value for known, value in self.headers if known == name.lower()]

    @property
    def shown_number(self) -> str | None:
        """What a phone shows: the asserted identity when there is one (RFC 3325), else From."""
        return user_of(self.header("p-asserted-identity")) or user_of(self.header("from"))


def user_of(value: str | None) -> str | None:
    """The user part of the first SIP or tel URI in a header, or None."""
    found = URI_USER.search(value or "")
    return (found[1] or found[2]) if found else None


def parse_message(text: str, *, time_ns: int, is_sent: bool, peer: str) -> SipMessage:
    """Read one message (RFC 3261 §7); folded lines are joined, what is no header is left out."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    start_line, *lines = re.sub(r"\n[ \t]+", " ", head).split("\n")
    pairs = [line.partition(":") for line in lines if ":" in line]
    headers = tuple((COMPACT.get(name := left.strip().lower(), name), right.strip()) for left, _, right in pairs)
    return SipMessage(time_ns, is_sent, peer, start_line, headers, body)


def from_log(entry: str, time_ns: int) -> SipMessage | None:
    """The message inside one PJSIP log entry, or None when there is none."""
    found = LOG_ENTRY.match(entry.lstrip(". \n"))
    if found is None:
        return None
    return parse_message(found["message"], time_ns=time_ns, is_sent=found["way"] == "TX", peer=found["peer"])
