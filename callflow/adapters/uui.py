"""The signed `User-to-User` value that names an incident on the voice leg (architecture §6, RFC 7433).

Forty octets, written as hex: version, key id, incident ULID, sent_at, hop, who vouches for the number, and an
HMAC-SHA-256 cut to 128 bits (RFC 2104 §5) under the pairwise key of the two sites. No personal data. With
`;encoding=hex;purpose=hotline-linkage` the header's value stays below 128 octets. The direction is part of
what is signed but not of what is sent: our own value, thrown back at us, does not verify.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from ulid import ULID

from callflow.domain.names import IncidentId, SiteId, Verified

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1
FIELDS: Final = struct.Struct(">BB16sIBB")
MAC_OCTETS: Final = 16
HEX_DIGITS: Final = 2 * (FIELDS.size + MAC_OCTETS)

AGE_LIMIT_S: Final = 4 * 3600.0
"""As long as a call may last: a phone key sends what was signed at intake, for Python may be dead by then."""

AHEAD_LIMIT_S: Final = 300.0
"""How far the peer's clock may be ahead of ours; the same limit as the exchange's."""

MARKS: Final = {Verified.NETWORK: 1, Verified.CLAIMED: 2, Verified.NONE: 3}
MARK_OF: Final = {octet: mark for mark, octet in MARKS.items()}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VerifiedUui:
    """What a right value says. `mark` is the peer's word on the caller's number."""

    incident_id: IncidentId
    hop: int
    from_site: SiteId
    mark: Verified
    sent_at: float


@dataclass(frozen=True, slots=True)
class PairKey:
    """The key that two sites share, and the number by which the trust table calls it (`uui_key_id`)."""

    key_id: int
    key: bytes


class Uui:
    """Signs for peers, verifies what peers signed. One per site."""

    def __init__(self, site: SiteId, pairs: Mapping[SiteId, PairKey]) -> None:
        self._site = site
        self._pairs = pairs

    def sign(self, incident_id: IncidentId, hop: int, mark: Verified, peer: SiteId, now: float) -> str:
        """The hex for this peer, valid for `AGE_LIMIT_S` from `now`.

        Raises:
            KeyError: no pairwise key with this peer.
            ValueError: the incident id is no ULID, or the hop is not in 0-255.
        """
        pair = self._pairs[peer]
        if not 0 <= hop <= 255:  # noqa: PLR2004 - one octet
            raise ValueError(f"hop {hop} does not fit one octet")
        fields = FIELDS.pack(VERSION, pair.key_id, ULID.from_str(incident_id).bytes, int(now), hop, MARKS[mark])
        return (fields + self._mac(pair.key, self._site, peer, fields)).hex()

    def verify(self, uui_hex: str, now: float) -> VerifiedUui | None:
        """What a peer signed, or None. Why it is None goes to the log, without what was received."""
        refused, verified = self._check(uui_hex, now)
        if verified is None:
            log.warning("user-to-user refused", reason=refused)
        return verified

    def _check(self, uui_hex: str, now: float) -> tuple[str, VerifiedUui | None]:
        octets = _octets(uui_hex)
        if octets is None:
            return "not ours: wrong length or not hex", None
        fields, mac = octets[: FIELDS.size], octets[FIELDS.size :]
        version, key_id, ulid, sent_at, hop, mark = FIELDS.unpack(fields)
        if version != VERSION:
            return "unknown version", None
        signer = self._signer(key_id, fields, mac)
        if signer is None:
            return "forged, or signed for another site, or unknown key", None
        if not -AHEAD_LIMIT_S <= now - sent_at <= AGE_LIMIT_S:
            return "too old or from the future", None
        if mark not in MARK_OF:
            return "unknown mark", None
        incident_id = IncidentId(str(ULID.from_bytes(ulid)))
        return "", VerifiedUui(incident_id, hop, signer, MARK_OF[mark], float(sent_at))

    def _signer(self, key_id: int, fields: bytes, mac: bytes) -> SiteId | None:
        for peer, pair in self._pairs.items():
            expected = self._mac(pair.key, peer, self._site, fields)
            if pair.key_id == key_id and hmac.compare_digest(mac, expected):
                return peer
        return None

    @staticmethod
    def _mac(key: bytes, signer: SiteId, reader: SiteId, fields: bytes) -> bytes:
        direction = f"hotline-linkage\0{signer}\0{reader}\0".encode()
        return hmac.digest(key, direction + fields, hashlib.sha256)[:MAC_OCTETS]


def _octets(uui_hex: str) -> bytes | None:
    if len(uui_hex) != HEX_DIGITS or not uui_hex.isascii() or not uui_hex.isalnum():
        return None
    try:
        return bytes.fromhex(uui_hex)
    except ValueError:
        return None
