"""Who says it, and is it whole: every signed text of the exchange, made and opened (requirement R-060).

Every message is signed once by who says it (JWS, EdDSA over Ed25519) and keeps the moment at which it became true.
Where a line is online, every sending wraps it in a fresh signed envelope with its own moment and nonce; receipts,
refusals and states are signed, too.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callflow.service.message_parts import Digest
from callflow.service.messages import MAJOR, ExchangeMessage, digest
from callflow.service.profiles import OURS, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callflow.domain.names import SiteId

Parsed = TypeVar("Parsed", bound=BaseModel)

ALGORITHM: Final = "Ed25519"
"""EdDSA over Ed25519 by its full name (RFC 9864 retires the ambiguous "EdDSA")."""

SITE_URI: Final = "urn:hotline-linkage:site:"
"""A site's TLS certificate names it by a URI: this and the site's id."""

CLOCK_LIMIT_S: Final = 300.0
SIZE_LIMIT: Final = 128 * 1024


class Refusal(StrEnum):
    """Why something from the wire is not taken; also the stable `code` of the answer."""

    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    VERSION = "version-not-spoken"
    UNKNOWN_KEY = "unknown-key"
    SIGNATURE = "signature-wrong"
    WRONG_PEER = "wrong-peer"
    WRONG_MODE = "mode-not-agreed"
    CLOCK = "clock"
    REPLAYED = "replayed"
    GAP = "sequence-gap"
    FORKED = "chain-forked"


class Refused(Exception):  # noqa: N818 - named by what happened
    """Something was not taken. `expected` is the next sequence number that would be, `end` the link it must have."""

    def __init__(self, code: Refusal, why: str, expected: int | None = None, end: str | None = None) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.why, self.expected, self.end = code, why, expected, end


class Sort(StrEnum):
    """What a signed text is, by its JWS header `typ`; one is never taken for another."""

    MESSAGE = "hotline-message"
    ENVELOPE = "hotline-envelope"
    RECEIPT = "hotline-receipt"
    REFUSAL = "hotline-refusal"
    STATE = "hotline-state"


class _Signed(BaseModel):
    model_config = ConfigDict(frozen=True)
    audience: str


class Envelope(_Signed):
    """One sending of a message."""

    sent_at: float
    nonce: str = Field(min_length=16, max_length=64)
    message: str


class Receipt(_Signed):
    """The signed answer to one message: it is stored here and will not be asked for again."""

    message_id: str
    digest: str
    received_at: float


class NotTaken(_Signed):
    """The signed answer to a message that was not taken, where nobody waits at the other end of a connection."""

    message_id: str
    code: str
    expected: int | None = Field(default=None, ge=1)
    end: Digest | None = None
    refused_at: float


class State(_Signed):
    """What was taken of the audience's messages: the end of every chain after incident `after` up to `until`.

    `until` None: to the last. `ends`: incident, sequence number, digest.
    """

    after: str
    until: str | None
    ends: tuple[tuple[str, int, str], ...]
    made_at: float


class Signer:
    """This site's signature. Ed25519 is deterministic: a message is the same text however often it leaves."""

    def __init__(self, site: SiteId, private_pem: bytes) -> None:
        self.site = site
        self._key = OKPKey.import_key(private_pem)
        key = serialization.load_pem_private_key(private_pem, password=None)
        self._key_id = key_id(key.public_key().public_bytes(*_PUBLIC_PEM))

    def message(self, payload: bytes) -> str:
        """One message as it will be kept by both sides."""
        return self._sign(Sort.MESSAGE, payload)

    def envelope(self, message: str, peer: SiteId, now: float) -> str:
        """One sending of a message; never send it twice."""
        nonce = secrets.token_urlsafe(18)
        return self._seal(Sort.ENVELOPE, Envelope(audience=peer, sent_at=now, nonce=nonce, message=message))

    def receipt(self, taken: Opened, now: float) -> str:
        """The answer to a message that is stored."""
        named = {"message_id": taken.message.id, "digest": taken.digest}
        return self._seal(Sort.RECEIPT, Receipt(audience=taken.issuer, received_at=now, **named))

    def refusal(self, message_id: str, refused: Refused, peer: SiteId, now: float) -> str:
        """The answer to a message that is not."""
        told = {"code": refused.code.value, "expected": refused.expected, "end": refused.end}
        said = NotTaken.model_validate(told | {"audience": peer, "message_id": message_id, "refused_at": now})
        return self._seal(Sort.REFUSAL, said)

    def state(self, state: State) -> str:
        """A page of what was taken of the peer's messages."""
        return self._seal(Sort.STATE, state)

    def _seal(self, sort: Sort, said: _Signed) -> str:
        return self._sign(sort, said.model_dump_json().encode())

    def _sign(self, sort: Sort, payload: bytes) -> str:
        header = {"alg": ALGORITHM, "kid": self._key_id, "typ": sort.value}
        return jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])


class Keyring:
    """The peers' public keys, found by key id."""

    def __init__(self, peers: Mapping[SiteId, bytes]) -> None:
        self._known = {key_id(pem): (peer, OKPKey.import_key(pem)) for peer, pem in peers.items()}

    @property
    def peers(self) -> frozenset[SiteId]:
        """Whose keys these are."""
        return frozenset(peer for peer, _ in self._known.values())

    def open(self, token: str, *sorts: Sort) -> tuple[SiteId, Sort, bytes]:
        """Who signed it, which of the `sorts` it is, and what it says. Raises Refused."""
        try:
            unverified = jws.extract_compact(token.encode("ascii"))
            header = unverified.headers()
        except (JoseError, ValueError) as error:
            raise Refused(Refusal.MALFORMED, "not a JWS") from error
        peer, key = self._known.get(str(header.get("kid")), (None, None))
        if peer is None or key is None:
            raise Refused(Refusal.UNKNOWN_KEY, "signed by a key that is not in the trust table")
        if header.get("typ") not in sorts:
            raise Refused(Refusal.MALFORMED, f"not a {' or '.join(sorts)}")
        try:
            return peer, Sort(header["typ"]), jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload
        except (JoseError, ValueError) as error:
            raise Refused(Refusal.SIGNATURE, "the signature does not fit") from error


@dataclass(frozen=True, slots=True)
class Opened:
    """A message whose signatures, peer and clock are right; `token` is the issuer's text: the evidence.

    `aside`: names of a newer peer's fields that we do not know. They stay in the token.
    """

    issuer: SiteId
    token: str
    digest: str
    message: ExchangeMessage
    aside: tuple[str, ...] = ()


def open_envelope(token: str, *, sender: SiteId, site: SiteId, keyring: Keyring, now: float) -> Envelope:
    """Check what one sending shows by itself. `sender`: whom the TLS certificate names.

    Raises:
        Refused: it is not from the site at the other end of the connection, not for us, not fresh, not whole.
    """
    check_size(len(token))
    signer, _, payload = keyring.open(token, Sort.ENVELOPE)
    if signer != sender:
        raise Refused(Refusal.WRONG_PEER, "the envelope's signer is not the site of the TLS certificate")
    envelope = _read(Envelope, _parsed(payload))
    if envelope.audience != site:
        raise Refused(Refusal.WRONG_PEER, "the envelope is for another site")
    if abs(now - envelope.sent_at) > CLOCK_LIMIT_S:
        raise Refused(Refusal.CLOCK, f"sent {now - envelope.sent_at:.0f} s ago by our clock; set the clocks")
    return envelope


def open_message(token: str, *, sender: SiteId, site: SiteId, keyring: Keyring, profile: Profile = OURS) -> Opened:
    """Check one message, with or without an envelope around it, and read it with the peer's names. Raises Refused."""
    check_size(len(token))
    issuer, _, payload = keyring.open(token, Sort.MESSAGE)
    said = _parsed(payload)
    version = said.get("v", MAJOR)
    if version != MAJOR:
        raise Refused(Refusal.VERSION, f"version {version} is not spoken here, {MAJOR} is"[:100])
    if isinstance(said.get("body"), dict):
        said |= {"body": profile.inward(said["body"])}
    message = _read(ExchangeMessage, said)
    if issuer != sender or message.issuer != issuer or message.audience != site:
        raise Refused(Refusal.WRONG_PEER, "the message is not from its sender to us")
    aside = {*said} - set(ExchangeMessage.model_fields) | {*said["body"]} - set(type(message.body).model_fields)
    return Opened(issuer, token, digest(payload), message, tuple(sorted(aside)))


def open_answer(token: str, *, peer: SiteId, site: SiteId, keyring: Keyring) -> Receipt | NotTaken:
    """The peer's answer to a message of ours. Raises Refused."""
    signer, sort, payload = keyring.open(token, Sort.RECEIPT, Sort.REFUSAL)
    said = _read(Receipt, _parsed(payload)) if sort is Sort.RECEIPT else _read(NotTaken, _parsed(payload))
    _check_between(signer, said, peer, site)
    return said


def open_receipt(token: str, *, peer: SiteId, site: SiteId, keyring: Keyring) -> Receipt:
    """The peer's receipt for a message of ours. Raises Refused."""
    answer = open_answer(token, peer=peer, site=site, keyring=keyring)
    if not isinstance(answer, Receipt):
        raise Refused(Refusal.MALFORMED, "not a receipt")
    return answer


def open_state(token: str, *, peer: SiteId, site: SiteId, keyring: Keyring) -> State:
    """What the peer has taken of our messages. Raises Refused."""
    check_size(len(token))
    signer, _, payload = keyring.open(token, Sort.STATE)
    state = _read(State, _parsed(payload))
    _check_between(signer, state, peer, site)
    return state


def check_size(octets: int) -> None:
    """Raises Refused."""
    if octets > SIZE_LIMIT:
        raise Refused(Refusal.TOO_LARGE, f"more than {SIZE_LIMIT} octets")


def key_id(public_pem: bytes) -> str:
    """How a key is named in a signature: the beginning of its digest."""
    key = serialization.load_pem_public_key(public_pem)
    return hashlib.sha256(key.public_bytes(*_PUBLIC_PEM)).hexdigest()[:16]


_PUBLIC_PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _check_between(signer: SiteId, said: _Signed, peer: SiteId, site: SiteId) -> None:
    if signer != peer or said.audience != site:
        raise Refused(Refusal.WRONG_PEER, "it is not from this peer to us")


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        parsed: Any = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Refused(Refusal.MALFORMED, "not JSON") from error
    if not isinstance(parsed, dict):
        raise Refused(Refusal.MALFORMED, "not a JSON object")
    return parsed


def _read(model: type[Parsed], said: dict[str, Any]) -> Parsed:
    try:
        return model.model_validate(said)
    except (ValueError, ValidationError, RecursionError) as error:
        raise Refused(Refusal.MALFORMED, f"not a {model.__name__}") from error
