"""The door for the other platforms' messages, on a port of its own with mutual TLS (architecture §6, Exchange).

`POST /exchange/v1/messages` takes one signed envelope and answers with a signed receipt when its message is stored
and acted on. Everything else is refused with a stable `code`, logged, and leaves no trace in the books.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import web

from callflow.domain.names import IncidentId, SiteId
from callflow.service.exchange import (
    SITE_URI,
    SIZE_LIMIT,
    Inbox,
    Keyring,
    Opened,
    Refusal,
    Refused,
    Signer,
    is_new,
    open_envelope,
)
from callflow.service.ports import FactsAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from callflow.service.messages import ExchangeMessage

PATH: Final = "/exchange/v1/messages"
TRY_AGAIN_S: Final = 1
TURNS: Final = 64

STATUS: Final = {
    Refusal.TOO_LARGE: 413,
    Refusal.MALFORMED: 400,
    Refusal.UNKNOWN_KEY: 401,
    Refusal.SIGNATURE: 401,
    Refusal.WRONG_PEER: 403,
    Refusal.CLOCK: 403,
    Refusal.REPLAYED: 409,
    Refusal.GAP: 409,
    Refusal.FORKED: 409,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ExchangeDoor:
    """What the door needs. `on_message` is awaited before the receipt is given and may see a message twice.

    `on_fork`: told when a peer says otherwise than before about an incident, as after he was restored from a backup.
    """

    signer: Signer
    keyring: Keyring
    inbox: Inbox
    on_message: Callable[[ExchangeMessage], Awaitable[None]]
    clock: Callable[[], float]
    on_fork: Callable[[SiteId, IncidentId], Awaitable[None]]


def exchange_app(door: ExchangeDoor) -> web.Application:
    """The sub-application; serve it with `server_tls` and nothing else."""
    turns = tuple(asyncio.Lock() for _ in range(TURNS))

    async def take(request: web.Request) -> web.Response:
        site = _site_of(request)
        try:
            receipt = await _take(door, turns, await _body(request), site)
        except Refused as refused:
            log.warning(
                "exchange message refused", code=refused.code, why=refused.why, peer=site, source=request.remote
            )
            return _problem(STATUS[refused.code], refused.code, refused.why, expected=refused.expected, end=refused.end)
        except FactsAway:
            log.warning("exchange message put off: the database is away", peer=site)
            return _problem(503, "facts-away", "the database is away; send again", retry_after_s=TRY_AGAIN_S)
        return web.Response(text=receipt, content_type="application/jose")

    app = web.Application(client_max_size=SIZE_LIMIT)
    app.router.add_post(PATH, take)
    return app


def server_tls(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 that asks every client for a certificate of our authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)
    context.load_cert_chain(certificate, key)
    return context


async def _take(door: ExchangeDoor, turns: tuple[asyncio.Lock, ...], token: str, site: SiteId) -> str:
    now = door.clock()
    opened = open_envelope(token, tls_site=site, site=door.signer.site, keyring=door.keyring, now=now)
    if not await door.inbox.claim_nonce(opened.issuer, opened.nonce, now):
        raise Refused(Refusal.REPLAYED, "this very envelope was taken before")
    async with turns[hash((opened.issuer, opened.message.incident_id)) % TURNS]:
        await _once(door, opened, now)
    return door.signer.receipt(opened, now)


async def _once(door: ExchangeDoor, opened: Opened, now: float) -> None:
    """Act on a message and store it; one that is stored is not acted on again."""
    message, incident_id = opened.message, IncidentId(opened.message.incident_id)
    end = await door.inbox.chain_end(opened.issuer, incident_id)
    kept = await door.inbox.kept_digest(opened.issuer, incident_id, message.seq)
    try:
        new = is_new(opened, end, kept)
    except Refused as refused:
        if refused.code is Refusal.FORKED:
            await door.on_fork(opened.issuer, incident_id)
        raise
    if new:
        await door.on_message(message)
        await door.inbox.keep(opened, now)
        log.info(
            "exchange message taken", kind=message.kind, incident_id=incident_id, peer=opened.issuer, seq=message.seq
        )


async def _body(request: web.Request) -> str:
    try:
        return (await request.read()).decode("ascii")
    except web.HTTPRequestEntityTooLarge as error:
        raise Refused(Refusal.TOO_LARGE, f"more than {SIZE_LIMIT} octets") from error
    except UnicodeDecodeError as error:
        raise Refused(Refusal.MALFORMED, "not a JWS") from error


def _site_of(request: web.Request) -> SiteId:
    """Whom the client's certificate names; "" when it names no site."""
    certificate: Any = request.get_extra_info("peercert") or {}
    for sort, name in certificate.get("subjectAltName", ()):
        if sort == "URI" and name.startswith(SITE_URI):
            return SiteId(name.removeprefix(SITE_URI))
    return SiteId("")


def _problem(
    status: int,
    code: str,
    why: str,
    *,
    expected: int | None = None,
    end: str | None = None,
    retry_after_s: int | None = None,
) -> web.Response:
    """An answer as RFC 9457 has it. `expected`: the sequence number that would be taken; `end`: the link before it."""
    body: dict[str, Any] = {"type": "about:blank", "title": why, "status": status, "code": code}
    if expected is not None:
        body["expected"] = expected
    if end is not None:
        body["end"] = end
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return web.json_response(body, status=status, content_type="application/problem+json", headers=headers)
