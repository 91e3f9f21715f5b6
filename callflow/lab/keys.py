"""Every key and secret of the lab: made on the first `up`, never chosen, kept with mode 0600 for 90 days.

One directory a site, so that a container or a host is given its own and nothing of the other's:

    <keys>/ca/ca.crt ca.key                    the lab's certificate authority
    <keys>/<site>/ca.crt                       what this site trusts
    <keys>/<site>/tls.crt tls.key              for SIP, the exchange and the desk; names the site as a URI
    <keys>/<site>/exchange.key                 Ed25519, signs this site's exchange messages
    <keys>/<site>/peers/<peer>.pub             Ed25519, checks the peer's messages
    <keys>/<site>/uui/<peer>.key               64 hex digits, the same in both sites: User-to-User
    <keys>/<site>/secrets.json                 AMI, Redis, session, the two of the platform's own ticket system
                                               and one of each receiver of notices (base64 or hex), and each agent's
                                               SIP and desk password

Production brings the same layout from its own authority and names the directory (`keys_dir`).
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from callflow.domain.names import AgentId, SiteId
from callflow.lab import certificates
from callflow.lab.strength import LEAST_BITS, weak_ones

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cryptography import x509

RENEW_BELOW_DAYS = 7.0
SECRET_BYTES = 24
UUI_KEY_BYTES = 32
SYSTEM_SECRETS = ("ticket_system_in", "ticket_system_out")


class KeysError(Exception):
    """The keys directory cannot be used; the message names the file and the cure."""


@dataclass(frozen=True, slots=True)
class SiteNeeds:
    """What one site's keys must cover. Its certificate has the `addresses` and `names` it is reached by."""

    site: SiteId
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    agents: tuple[AgentId, ...]
    peers: tuple[SiteId, ...]
    notices: tuple[str, ...] = ()
    """Receivers of notices: each has a secret of its own."""


@dataclass(frozen=True, slots=True)
class AgentSecrets:
    """One agent's two passwords: his phone's and his desk's."""

    sip_password: str = field(repr=False)
    desk_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """One site's keys as loaded. Secrets do not show in `repr`, so they cannot slip into a log."""

    site: SiteId
    ca_certificate: Path
    tls_certificate: Path
    tls_key: Path
    exchange_key: bytes = field(repr=False)
    peer_keys: Mapping[SiteId, bytes]
    uui_keys: Mapping[SiteId, bytes] = field(repr=False)
    ami_secret: str = field(repr=False)
    redis_password: str = field(repr=False)
    session_secret: str = field(repr=False)
    ticket_system_in: str = field(repr=False)
    """What the platform's own ticket system signs with; "" in a directory of before there was one."""
    ticket_system_out: str = field(repr=False)
    agents: Mapping[AgentId, AgentSecrets] = field(repr=False)
    notices: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Receiver of notices -> what we sign with to him."""


def make_keys(keys_dir: Path, sites: Sequence[SiteNeeds], now: datetime | None = None) -> None:
    """Make what is missing; keep everything that is there.

    Certificates are made anew when fewer than seven days are left or when an address is not covered.
    Repeatable, safe to interrupt (each file appears whole or not at all) and to run twice at once (the second
    waits for the first).

    Raises:
        KeysError: the directory cannot be written, or a file in it is damaged.
    """
    moment = now or datetime.now(UTC)
    try:
        keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (keys_dir / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make_certificates(keys_dir, sites, moment)
            for needs in sites:
                _make_secrets(keys_dir / needs.site, needs)
            _make_pairs(keys_dir, sites)
    except OSError as error:
        raise KeysError(
            f"{keys_dir.name}: cannot write keys ({error.strerror}); make the directory writable"
        ) from error


def load_keys(keys_dir: Path, site: SiteId) -> SiteKeys:
    """Read one site's keys.

    Raises:
        KeysError: a file is missing or unreadable, or a secret is weak; the message names it.
    """
    home = keys_dir / site
    try:
        text = json.loads((home / "secrets.json").read_text(encoding="utf-8"))
        _refuse_weak(site, text)
        for needed in ("ca.crt", "tls.crt", "tls.key"):
            (home / needed).open("rb").close()
        return SiteKeys(
            site=site,
            ca_certificate=home / "ca.crt",
            tls_certificate=home / "tls.crt",
            tls_key=home / "tls.key",
            exchange_key=(home / "exchange.key").read_bytes(),
            peer_keys={SiteId(path.stem): path.read_bytes() for path in sorted((home / "peers").glob("*.pub"))},
            uui_keys={
                SiteId(path.stem): bytes.fromhex(path.read_text("ascii"))
                for path in sorted((home / "uui").glob("*.key"))
            },
            ami_secret=text["ami"],
            redis_password=text["redis"],
            session_secret=text["session"],
            ticket_system_in=text.get("ticket_system_in", ""),
            ticket_system_out=text.get("ticket_system_out", ""),
            agents={AgentId(name): AgentSecrets(**made) for name, made in text["agents"].items()},
            notices=dict(text.get("notices", {})),
        )
    except OSError as error:
        name = Path(error.filename or home).name
        raise KeysError(
            f"{site}/{name}: cannot be read ({error.strerror}); run `./run up` once, or correct keys_dir"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeysError(
            f"{site}: a key file is damaged ({type(error).__name__}); restore it or remove {site}/"
        ) from error


def _refuse_weak(site: SiteId, text: Mapping[str, Any]) -> None:
    """Secrets are made, never chosen: a list of words must find none of them."""
    named = {name: str(text[name]) for name in ("ami", "redis", "session")}
    named |= {name: str(text[name]) for name in SYSTEM_SECRETS if name in text}
    named |= {f"notices.{receiver}": str(secret) for receiver, secret in text.get("notices", {}).items()}
    for agent, made in text["agents"].items():
        named |= {f"agents.{agent}.{name}": str(secret) for name, secret in made.items()}
    weak = weak_ones(named)
    if weak:
        raise KeysError(
            f"{site}/secrets.json: {', '.join(weak[:3])} can be guessed (fewer than {LEAST_BITS} bits, or used twice); "
            "make it anew by `openssl rand -hex 24`, or remove it and `./run up` makes one"
        )


def days_left(keys_dir: Path, now: datetime | None = None) -> float:
    """Days until the first certificate under `keys_dir` runs out; negative when one has.

    Raises:
        KeysError: there is none.
    """
    moment = now or datetime.now(UTC)
    ends = [certificates.load(path).not_valid_after_utc for path in sorted(keys_dir.rglob("*.crt"))]
    if not ends:
        raise KeysError(f"{keys_dir.name}: holds no certificate; run `./run up` once, or correct keys_dir")
    return (min(ends) - moment).total_seconds() / 86400


def _make_certificates(keys_dir: Path, sites: Sequence[SiteNeeds], now: datetime) -> None:
    authority = keys_dir / "ca"
    if not _has_life(authority / "ca.crt", now):
        made = certificates.make_authority(now)
        _write(authority / "ca.key", made.key)
        _write(authority / "ca.crt", made.certificate)
    ca = certificates.Made((authority / "ca.crt").read_bytes(), (authority / "ca.key").read_bytes())
    for needs in sites:
        home = keys_dir / needs.site
        if _has_life(home / "tls.crt", now) and certificates.covers(
            home / "tls.crt", ca.certificate, needs.addresses, needs.names
        ):
            continue
        leaf = certificates.make_leaf(ca, needs.site, needs.addresses, needs.names, now)
        _write(home / "ca.crt", ca.certificate)
        _write(home / "tls.key", leaf.key)
        _write(home / "tls.crt", leaf.certificate)


def _make_secrets(home: Path, needs: SiteNeeds) -> None:
    path = home / "secrets.json"
    with _whole(path):
        have: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {"agents": {}}
    before = json.dumps(have)
    for name in ("ami", "redis", "session", *SYSTEM_SECRETS):
        have.setdefault(name, secrets.token_hex(SECRET_BYTES))
    for receiver in needs.notices:
        have.setdefault("notices", {}).setdefault(receiver, secrets.token_hex(SECRET_BYTES))
    for agent in needs.agents:
        made = {
            "sip_password": secrets.token_hex(SECRET_BYTES),
            "desk_password": secrets.token_hex(SECRET_BYTES),
        }
        have["agents"].setdefault(agent, made)
    if json.dumps(have) != before:
        _write(path, json.dumps(have, indent=1).encode())
    if not (home / "exchange.key").exists():
        _write(
            home / "exchange.key",
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )


def _make_pairs(keys_dir: Path, sites: Sequence[SiteNeeds]) -> None:
    here = {needs.site for needs in sites}
    for needs in sites:
        for peer in needs.peers:
            if peer not in here:
                continue
            mine = keys_dir / needs.site / "uui" / f"{peer}.key"
            theirs = keys_dir / peer / "uui" / f"{needs.site}.key"
            if not mine.exists():
                fresh = secrets.token_hex(UUI_KEY_BYTES).encode()
                _write(mine, theirs.read_bytes() if theirs.exists() else fresh)
            public = _public_of(keys_dir / peer / "exchange.key")
            known = keys_dir / needs.site / "peers" / f"{peer}.pub"
            if not known.exists() or known.read_bytes() != public:
                _write(known, public)


def _public_of(path: Path) -> bytes:
    with _whole(path):
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _has_life(path: Path, now: datetime) -> bool:
    if not path.exists():
        return False
    with _whole(path):
        left: x509.Certificate = certificates.load(path)
    return (left.not_valid_after_utc - now).total_seconds() / 86400 >= RENEW_BELOW_DAYS


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise KeysError(
            f"{path.parent.name}/{path.name}: damaged; restore it, or remove it and ./run up makes a new one"
        ) from error


def _write(path: Path, content: bytes) -> None:
    """Let the file appear whole, mode 0600, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mkstemp makes mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
