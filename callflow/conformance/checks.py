"""What a peer of the exchange must do, a check each, with the requirement rows that it shows.

The same checks judge all three ways of carrying. They speak in incidents of their own, with messages that mean nothing
at a platform that knows no call of theirs, so that nothing but the inbox's evidence is left behind.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ulid import ULID

from callflow.conformance.lines import Answer, Ends, Line
from callflow.domain.names import SiteId
from callflow.service.exchange import Mode
from callflow.service.messages import FIRST_LINK, MAJOR, MINOR, ExchangeMessage, OwnerDecision, digest
from callflow.service.signatures import CLOCK_LIMIT_S, SIZE_LIMIT, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

ONLINE: Final = frozenset({Mode.PUSH, Mode.PULL})
EVERY: Final = frozenset(Mode)
FILES: Final = frozenset({Mode.FILE})
MONTH_S: Final = 30 * 86_400.0
STRANGER: Final = SiteId("028")


class Failed(Exception):  # noqa: N818 - named by what happened
    """The peer did otherwise; the message says what."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """We, towards the peer: our signature, the line, the moment."""

    line: Line
    ends: Ends
    signer: Signer
    clock: Callable[[], float]

    def message(self, **changes: Any) -> ExchangeMessage:
        """A first message about an incident of its own, which means nothing at the peer."""
        fields: dict[str, Any] = {
            "minor": MINOR,
            "id": str(ULID()),
            "kind": "owner_decision",
            "issuer": self.ends.site,
            "audience": self.ends.peer,
            "incident_id": str(ULID.from_timestamp(self.clock())),
            "seq": 1,
            "prev_hash": FIRST_LINK,
            "occurred_at": self.clock(),
            "body": OwnerDecision(accept=True),
        }
        return ExchangeMessage(**fields | changes)

    def next(self, message: ExchangeMessage, **changes: Any) -> ExchangeMessage:
        """The one after it."""
        link = digest(message.payload())
        return self.message(**{"incident_id": message.incident_id, "seq": message.seq + 1, "prev_hash": link} | changes)

    def wrapped(self, signed: str, *, at: float | None = None, to: SiteId | None = None) -> str:
        """As this line carries it: in an envelope, or as it is."""
        if self.line.mode is Mode.FILE:
            return signed
        return self.signer.envelope(signed, to or self.ends.peer, self.clock() if at is None else at)

    async def say(self, message: ExchangeMessage, **wrapping: Any) -> Answer:
        """Send a message of the model."""
        return await self.line.offer(self.wrapped(self.signer.message(message.payload()), **wrapping), message)

    async def say_raw(self, fields: Mapping[str, Any]) -> Answer:
        """Send a message as this JSON has it."""
        named = self.message(id=fields["id"], incident_id=fields["incident_id"])
        return await self.line.offer(self.wrapped(self.signer.message(json.dumps(fields).encode())), named)


async def receipt(examiner: Examiner) -> None:
    """A right message gets a receipt, signed by the peer, for exactly these octets."""
    message = examiner.message()
    taken(await examiner.say(message), message)


async def repeated(examiner: Examiner) -> None:
    """The same message again gets its receipt again."""
    message = examiner.message()
    for _ in range(3):
        taken(await examiner.say(message), message)
    taken(await examiner.say(examiner.next(message)), None)


async def in_order(examiner: Examiner) -> None:
    """Five messages of one incident in their order are taken one after the other."""
    message = examiner.message()
    for _ in range(5):
        taken(await examiner.say(message), message)
        message = examiner.next(message)


async def gap(examiner: Examiner) -> None:
    """A message before which one is missing is refused with the number that is due, and all are taken from there."""
    first = examiner.message()
    second = examiner.next(first)
    third = examiner.next(second)
    taken(await examiner.say(first), first)
    answer = await examiner.say(third)
    refused(answer, "sequence-gap")
    if answer.expected != second.seq:
        raise Failed(f"it names {answer.expected} as due where {second.seq} is")
    for message in (second, third):
        taken(await examiner.say(message), message)


async def fork(examiner: Examiner) -> None:
    """A second story under a number that was taken is refused, and so is what follows it."""
    first = examiner.message()
    taken(await examiner.say(first), first)
    other = examiner.message(incident_id=first.incident_id, body=OwnerDecision(accept=False))
    refused(await examiner.say(other), "chain-forked")
    refused(await examiner.say(examiner.next(other)), "chain-forked")


async def replay(examiner: Examiner) -> None:
    """The very same envelope is refused the second time."""
    message = examiner.message()
    envelope = examiner.wrapped(examiner.signer.message(message.payload()))
    taken(await examiner.line.offer(envelope, message), message)
    refused(await examiner.line.offer(envelope, message), "replayed")


async def altered(examiner: Examiner) -> None:
    """A text in which one octet is another is refused, outside and inside of the envelope."""
    message = examiner.message()
    signed = examiner.signer.message(message.payload())
    head, payload, signature = signed.split(".")
    changed = base64.urlsafe_b64decode(payload + "==").replace(b"true", b"null")
    forged = ".".join((head, base64.urlsafe_b64encode(changed).decode().rstrip("="), signature))
    refused(await examiner.line.offer(examiner.wrapped(forged), message), "signature-wrong")
    outside = examiner.wrapped(signed)
    middle = outside.index(".") + 200
    other = "A" if outside[middle] != "A" else "B"
    answer = await examiner.line.offer(outside[:middle] + other + outside[middle + 1 :], message)
    refused(answer, "signature-wrong", "malformed")


async def wrong_peer(examiner: Examiner) -> None:
    """A message to another site, or in another's name, is refused."""
    for changes in ({"audience": STRANGER}, {"issuer": STRANGER}, {"issuer": examiner.ends.peer}):
        refused(await examiner.say(examiner.message(**changes)), "wrong-peer")


async def wrong_envelope(examiner: Examiner) -> None:
    """An envelope to another site is refused though the message in it is right."""
    refused(await examiner.say(examiner.message(), to=STRANGER), "wrong-peer")


async def old_clock(examiner: Examiner) -> None:
    """An envelope of another time is refused; one that is a little off is not."""
    for off_s in (-CLOCK_LIMIT_S - 60, CLOCK_LIMIT_S + 60, MONTH_S):
        refused(await examiner.say(examiner.message(), at=examiner.clock() - off_s), "clock")
    taken(await examiner.say(examiner.message(), at=examiner.clock() - CLOCK_LIMIT_S / 2), None)


async def unknown_key(examiner: Examiner) -> None:
    """What a key signed that is not in the trust table is refused."""
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stranger = Examiner(examiner.line, examiner.ends, Signer(examiner.ends.site, private), examiner.clock)
    refused(await stranger.say(stranger.message()), "unknown-key")


async def oversized(examiner: Examiner) -> None:
    """More than 128 KiB is refused."""
    message = examiner.message()
    refused(await examiner.line.offer("A" * (SIZE_LIMIT + 1), message), "too-large")


async def malformed(examiner: Examiner) -> None:
    """Noise, a signed text that is no message, and a wrong field of a known kind are refused."""
    for noise in ("x", "a.b.c", "." * 50, "e30.e30.e30"):
        refused(await examiner.line.offer(noise, None), "malformed", "unknown-key")
    for payload in (b"[]", b"{}", b"[" * 3000, b'{"v":1}', b"\xff"):
        signed = examiner.wrapped(examiner.signer.message(payload))
        refused(await examiner.line.offer(signed, None), "malformed")
    wrong = _fields(examiner.message()) | {"kind": "handover", "body": {"number": "110'; DROP TABLE"}}
    refused(await examiner.say_raw(wrong), "malformed")


async def newer_minor(examiner: Examiner) -> None:
    """A newer minor version is taken: its fields and kinds that the peer does not know are let pass."""
    newer = _fields(examiner.message()) | {"minor": MINOR + 98, "mood": "sunny"}
    newer["body"] = newer["body"] | {"because": "we know"}
    taken(await examiner.say_raw(newer), None)
    taken(await examiner.say_raw(_fields(examiner.message()) | {"kind": "weather", "body": {"rain": True}}), None)


async def newer_major(examiner: Examiner) -> None:
    """A newer major version is refused by its name."""
    refused(await examiner.say(examiner.message(v=MAJOR + 1)), "version-not-spoken")


async def version_before(examiner: Examiner) -> None:
    """A message of version 1.0, which says nothing of its minor version, is taken."""
    before = _fields(examiner.message())
    del before["minor"]
    taken(await examiner.say_raw(before), None)


async def late_news(examiner: Examiner) -> None:
    """What became true a month ago is taken when it is sent now."""
    taken(await examiner.say(examiner.message(occurred_at=examiner.clock() - MONTH_S)), None)


def _fields(message: ExchangeMessage) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(message.payload())
    return fields


def taken(answer: Answer, message: ExchangeMessage | None) -> None:
    """It was taken; with a `message`, the receipt is for its octets. Raises Failed."""
    if answer.receipt is None:
        raise Failed(f"refused with {answer.code}")
    if message is not None and answer.receipt.digest != digest(message.payload()):
        raise Failed("its receipt is for other octets")


def refused(answer: Answer, *codes: str) -> None:
    """It was refused with one of these codes. Raises Failed."""
    if answer.code not in codes:
        raise Failed(f"{f'refused with {answer.code}' if answer.code else 'taken'}, where {' or '.join(codes)} is due")


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, what it shows, and where it makes sense."""

    run: Callable[[Examiner], Awaitable[None]]
    rows: tuple[str, ...]
    modes: frozenset[Mode] = EVERY

    @property
    def name(self) -> str:
        """For reports."""
        return self.run.__name__

    @property
    def says(self) -> str:
        """What it asks of the peer."""
        return (self.run.__doc__ or "").strip()
