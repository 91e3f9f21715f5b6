"""The exchange between the platforms, without I/O: who signed it, is it fresh, is it the next of its chain.

Every message is signed once by who says it (JWS, EdDSA over Ed25519) and keeps the moment at which it became
true; every sending wraps it in a fresh signed envelope with its own moment and nonce (architecture §6,
requirement R-060).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callflow.service.messages import FIRST_LINK, VERSION, ExchangeMessage, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from callflow.domain.names import IncidentId, SiteId

Parsed = TypeVar("Parsed", bound=BaseModel)

ALGORITHM: Final = "Ed25519"
"""EdDSA over Ed25519 by its full name (RFC 9864 retires the ambiguous "EdDSA")."""

SITE_URI: Final = "urn:hotline-linkage:site:"
"""A site's TLS certificate names it by a URI: this and the site's id."""

CLOCK_LIMIT_S: Final = 300.0
SIZE_LIMIT: Final = 128 * 1024
MESSAGE_TYPE, ENVELOPE_TYPE, RECEIPT_TYPE = "hotline-message", "hotline-envelope", "hotline-receipt"


class Refusal(StrEnum):
    """Why something from the wire is not taken; also the stable `code` of the answer."""

    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown-key"
    SIGNATURE = "signature-wrong"
    WRONG_PEER = "wrong-peer"
    CLOCK = "clock"
    REPLAYED = "replayed"
    GAP = "sequence-gap"
    FORKED = "chain-forked"


class Refused(Exception):  # noqa: N818 - named by what happened
    """A message was not taken. `expected` is the next sequence number that would be, `end` the link it must have."""

    def __init__(self, code: Refusal, why: str, expected: int | None = None, end: str | None = None) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.why, self.expected, self.end = code, why, expected, end


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True)
    audience: str
    sent_at: float
    nonce: str = Field(min_length=16, max_length=64)
    message: str


class Receipt(BaseModel):
    """The signed answer to one message: it is stored here and will not be asked for again."""

    model_config = ConfigDict(frozen=True)
    message_id: str
    digest: str
    audience: str
    received_at: float


class Signer:
    """This site's signature. Ed25519 is deterministic: a message is the same text however often it leaves."""

    def __init__(self, site: SiteId, private_pem: bytes) -> None:
        self.site = site
        self._key = OKPKey.import_key(private_pem)
        key = serialization.load_pem_private_key(private_pem, password=None)
        self._key_id = key_id(key.public_key().public_bytes(*_PUBLIC_PEM))

    def message(self, payload: bytes) -> str:
        """One message as it will be kept by both sides."""
        return self._sign(MESSAGE_TYPE, payload)

    def envelope(self, message: str, peer: SiteId, now: float) -> str:
        """One sending of a message; never send it twice."""
        fresh = _Envelope(audience=peer, sent_at=now, nonce=secrets.token_urlsafe(18), message=message)
        return self._sign(ENVELOPE_TYPE, fresh.model_dump_json().encode())

    def receipt(self, accepted: Opened, now: float) -> str:
        """The answer to a message that is stored."""
        receipt = Receipt(
            message_id=accepted.message.id, digest=accepted.digest, audience=accepted.issuer, received_at=now
        )
        return self._sign(RECEIPT_TYPE, receipt.model_dump_json().encode())

    def _sign(self, sort: str, payload: bytes) -> str:
        header = {"alg": ALGORITHM, "kid": self._key_id, "typ": sort}
        return jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])


class Keyring:
    """The peers' public keys, found by key id."""

    def __init__(self, peers: Mapping[SiteId, bytes]) -> None:
        self._known = {key_id(pem): (peer, OKPKey.import_key(pem)) for peer, pem in peers.items()}

    def open(self, token: str, sort: str) -> tuple[SiteId, bytes]:
        """Who signed it, and what. Raises Refused."""
        try:
            unverified = jws.extract_compact(token.encode("ascii"))
            header = unverified.headers()
        except (JoseError, ValueError) as error:
            raise Refused(Refusal.MALFORMED, "not a JWS") from error
        peer, key = self._known.get(str(header.get("kid")), (None, None))
        if peer is None or key is None:
            raise Refused(Refusal.UNKNOWN_KEY, "signed by a key that is not in the trust table")
        if header.get("typ") != sort:
            raise Refused(Refusal.MALFORMED, f"not a {sort}")
        try:
            return peer, jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload
        except (JoseError, ValueError) as error:
            raise Refused(Refusal.SIGNATURE, "the signature does not fit") from error


@dataclass(frozen=True, slots=True)
class Opened:
    """A message whose signatures, peer and clock are right; `token` is the issuer's text: the evidence."""

    issuer: SiteId
    nonce: str
    token: str
    digest: str
    message: ExchangeMessage


def open_envelope(token: str, *, tls_site: SiteId, site: SiteId, keyring: Keyring, now: float) -> Opened:
    """Check everything that one sending can show by itself.

    Raises:
        Refused: it is not from the site at the other end of the connection, not for us, not fresh, not whole.
    """
    if len(token) > SIZE_LIMIT:
        raise Refused(Refusal.TOO_LARGE, f"more than {SIZE_LIMIT} octets")
    sender, outer = keyring.open(token, ENVELOPE_TYPE)
    if sender != tls_site:
        raise Refused(Refusal.WRONG_PEER, "the envelope's signer is not the site of the TLS certificate")
    envelope = _read(_Envelope, outer)
    if envelope.audience != site:
        raise Refused(Refusal.WRONG_PEER, "the envelope is for another site")
    if abs(now - envelope.sent_at) > CLOCK_LIMIT_S:
        raise Refused(Refusal.CLOCK, f"sent {now - envelope.sent_at:.0f} s ago by our clock; set the clocks")
    issuer, inner = keyring.open(envelope.message, MESSAGE_TYPE)
    message = _read(ExchangeMessage, inner)
    if issuer != sender or message.issuer != issuer or message.audience != site:
        raise Refused(Refusal.WRONG_PEER, "the message is not from its sender to us")
    if message.v != VERSION:
        raise Refused(Refusal.MALFORMED, f"version {message.v} is not spoken here, {VERSION} is")
    return Opened(issuer, envelope.nonce, envelope.message, digest(inner), message)


def open_receipt(token: str, *, peer: SiteId, site: SiteId, keyring: Keyring) -> Receipt:
    """The peer's receipt for a message of ours. Raises Refused."""
    signer, payload = keyring.open(token, RECEIPT_TYPE)
    receipt = _read(Receipt, payload)
    if signer != peer or receipt.audience != site:
        raise Refused(Refusal.WRONG_PEER, "the receipt is not from this peer to us")
    return receipt


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last message taken of one issuer about one incident."""

    seq: int = 0
    digest: str = FIRST_LINK


def is_new(opened: Opened, end: ChainEnd, kept_digest: str | None) -> bool:
    """Whether the message is the next of its chain; False when it was taken before.

    `kept_digest` is what is stored under the same sequence number, None when nothing is.

    Raises:
        Refused: messages before it are missing, or it contradicts what was taken.
    """
    message = opened.message
    if kept_digest is not None:
        if kept_digest == opened.digest:
            return False
        raise Refused(Refusal.FORKED, f"another message {message.seq} was taken before", end.seq + 1, end.digest)
    if message.seq != end.seq + 1:
        raise Refused(Refusal.GAP, f"{message.seq} came where {end.seq + 1} was due", end.seq + 1)
    if message.prev_hash != end.digest:
        raise Refused(Refusal.FORKED, f"message {message.seq} does not follow what was taken", end.seq + 1, end.digest)
    return True


class Inbox(Protocol):
    """What was taken, durable. All of them may raise ports.FactsAway."""

    async def claim_nonce(self, issuer: SiteId, nonce: str, now: float) -> bool:
        """False when this nonce was seen within the clock limit."""

    async def chain_end(self, issuer: SiteId, incident_id: IncidentId) -> ChainEnd:
        """The end of one chain, `ChainEnd()` when nothing was taken yet."""

    async def kept_digest(self, issuer: SiteId, incident_id: IncidentId, seq: int) -> str | None:
        """What was taken under this number, or None."""

    async def keep(self, opened: Opened, now: float) -> None:
        """Store a message as taken. Repeatable."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message of ours that has no receipt yet."""

    message_id: str
    incident_id: IncidentId
    seq: int
    payload: bytes
    digest: str


class Outgoing(Protocol):
    """Our messages, durable until their receipt is in. All but `when_stored` may raise ports.FactsAway."""

    def when_stored(self, wake: Callable[[SiteId], None]) -> None:
        """Call `wake` after each commit of this process that stored something for a peer."""

    async def unsent(self, peer: SiteId, limit: int, leave_out: Collection[IncidentId] = ()) -> list[Unsent]:
        """Messages without a receipt, oldest first; within an incident in the order of their numbers."""

    async def receipted(self, message_id: str, now: float) -> None:
        """The peer has it. Repeatable."""

    async def send_again(self, peer: SiteId, incident_id: IncidentId, from_seq: int) -> int:
        """The peer lost what he had from this number on: forget those receipts. How many messages that is."""

    async def join_chain(self, peer: SiteId, incident_id: IncidentId, seq: int, link: str) -> int:
        """We lost what the peer had taken of us: what he has not goes on from this number and link. How many it is."""


def key_id(public_pem: bytes) -> str:
    """How a key is named in a signature: the beginning of its digest."""
    key = serialization.load_pem_public_key(public_pem)
    return hashlib.sha256(key.public_bytes(*_PUBLIC_PEM)).hexdigest()[:16]


_PUBLIC_PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(model: type[Parsed], payload: bytes) -> Parsed:
    try:
        parsed: Any = json.loads(payload)
        return model.model_validate(parsed)
    except (ValueError, ValidationError, RecursionError) as error:
        raise Refused(Refusal.MALFORMED, f"not a {model.__name__.strip('_')}") from error
