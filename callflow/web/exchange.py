"""The door for the other platforms, on a port of its own with mutual TLS (architecture §6, Exchange).

    POST /exchange/v1/messages          a peer pushes one signed envelope; the answer is a signed receipt
    GET  /exchange/v1/messages?wait_s=  a peer pulls what waits for him, at once or when there is something
    POST /exchange/v1/answers           his receipts and refusals for it
    GET  /exchange/v1/state?after=      what we have taken of his messages; POST: what he has taken of ours
    GET  /exchange/v1/templates/…       the JSON Schemas of all messages

A receipt is given when the message is stored and acted on. Everything else is refused with a stable `code`, logged,
and leaves no trace in the books.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import web

from callflow.domain.names import SiteId
from callflow.service.exchange import either
from callflow.service.inflow import log_refused
from callflow.service.ports import FactsAway
from callflow.service.signatures import SITE_URI, SIZE_LIMIT, Refusal, Refused
from callflow.service.templates import FOLDER, versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from callflow.service.inflow import Inflow
    from callflow.service.outflow import Outflow

PREFIX: Final = "/exchange/v1"
PATH: Final = f"{PREFIX}/messages"
TRY_AGAIN_S: Final = 1
LONGEST_WAIT_S: Final = 25.0
BATCH: Final = 20
ANSWERS_LIMIT: Final = 200

STATUS: Final = {
    Refusal.TOO_LARGE: 413,
    Refusal.MALFORMED: 400,
    Refusal.VERSION: 400,
    Refusal.UNKNOWN_KEY: 401,
    Refusal.SIGNATURE: 401,
    Refusal.WRONG_PEER: 403,
    Refusal.WRONG_MODE: 403,
    Refusal.CLOCK: 403,
    Refusal.REPLAYED: 409,
    Refusal.GAP: 409,
    Refusal.FORKED: 409,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ExchangeDoor:
    """What the door needs. `pushing`: the peers who push to us; `pulled`: what waits for those who pull from us."""

    inflow: Inflow
    pushing: frozenset[SiteId]
    pulled: Mapping[SiteId, Outflow] = field(default_factory=dict)


async def push(door: ExchangeDoor, request: web.Request, peer: SiteId) -> web.Response:
    """One envelope; our receipt."""
    envelope = await _text(request)
    if peer not in door.pushing and peer in door.inflow.peers:
        raise Refused(Refusal.WRONG_MODE, "your messages are agreed to come another way; see exchange_in")
    return web.Response(text=await door.inflow.take(envelope, peer), content_type="application/jose")


async def pull(door: ExchangeDoor, request: web.Request, peer: SiteId) -> web.Response:
    """What waits for him, at once or when there is something."""
    outflow = _outflow(door, peer)
    rung = outflow.bell.listen()
    messages = await outflow.waiting(BATCH)
    if not messages:
        await either(rung, _wait_s(request))
        messages = await outflow.waiting(BATCH)
    offered = [{"id": one.message_id, "envelope": outflow.envelope(one)} for one in messages]
    return web.json_response({"messages": offered})


async def answers(door: ExchangeDoor, request: web.Request, peer: SiteId) -> web.Response:
    """His receipts and refusals for what he pulled."""
    outflow = _outflow(door, peer)
    for token in _strings(await _document(request), "answers"):
        await outflow.answered(token)
    return web.json_response({})


async def state(door: ExchangeDoor, request: web.Request, peer: SiteId) -> web.Response:
    """What we have taken of his messages, a page."""
    if peer not in door.inflow.peers:
        raise Refused(Refusal.WRONG_PEER, "you are not in the trust table")
    token, _ = await door.inflow.state(peer, request.query.get("after", "")[:26])
    return web.Response(text=token, content_type="application/jose")


async def compare(door: ExchangeDoor, request: web.Request, peer: SiteId) -> web.Response:
    """What he has taken of ours."""
    again, _ = await _outflow(door, peer).compared(str((await _document(request)).get("state", "")))
    return web.json_response({"again": again})


async def list_templates(_door: ExchangeDoor, _request: web.Request, _peer: SiteId) -> web.Response:
    """Which templates there are."""
    return web.json_response({"versions": versions()})


async def template(_door: ExchangeDoor, request: web.Request, _peer: SiteId) -> web.Response:
    """One JSON Schema."""
    version, kind = request.match_info["version"], request.match_info["kind"]
    if kind not in versions().get(version, ()):
        return _problem(404, "template-not-found", "there is no such template; GET /exchange/v1/templates lists them")
    text = (FOLDER / version / f"{kind}.json").read_text("utf-8")
    return web.Response(text=text, content_type="application/schema+json")


Handler = Callable[[ExchangeDoor, web.Request, SiteId], Awaitable[web.Response]]

ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/messages", push),
    ("GET", "/messages", pull),
    ("POST", "/answers", answers),
    ("GET", "/state", state),
    ("POST", "/state", compare),
    ("GET", "/templates", list_templates),
    ("GET", "/templates/{version}/{kind}.json", template),
)


def exchange_app(door: ExchangeDoor) -> web.Application:
    """The sub-application; serve it with `server_tls` and nothing else."""
    app = web.Application(client_max_size=SIZE_LIMIT)
    for method, path, handler in ROUTES:
        app.router.add_route(method, PREFIX + path, _guarded(door, handler))
    return app


def server_tls(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 that asks every client for a certificate of our authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)
    context.load_cert_chain(certificate, key)
    return context


def _guarded(door: ExchangeDoor, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Every way to refuse, said in one way."""

    async def answer(request: web.Request) -> web.Response:
        site = _site_of(request)
        try:
            return await handler(door, request, site)
        except Refused as refused:
            log_refused(refused, site, request.remote)
            due = {"expected": refused.expected, "end": refused.end}
            return _problem(STATUS[refused.code], refused.code, refused.why, due=due)
        except FactsAway:
            log.warning("exchange put off: the database is away", peer=site)
            return _problem(503, "facts-away", "the database is away; ask again", retry_after_s=TRY_AGAIN_S)

    return answer


def _outflow(door: ExchangeDoor, peer: SiteId) -> Outflow:
    if peer not in door.pulled:
        raise Refused(Refusal.WRONG_MODE, "nothing is agreed to be pulled by you here; see exchange_out")
    return door.pulled[peer]


async def _text(request: web.Request) -> str:
    try:
        return (await request.read()).decode("ascii")
    except web.HTTPRequestEntityTooLarge as error:
        raise Refused(Refusal.TOO_LARGE, f"more than {SIZE_LIMIT} octets") from error
    except UnicodeDecodeError as error:
        raise Refused(Refusal.MALFORMED, "not a JWS") from error


async def _document(request: web.Request) -> dict[str, Any]:
    try:
        document = json.loads(await _text(request))
    except (ValueError, RecursionError) as error:
        raise Refused(Refusal.MALFORMED, "not JSON") from error
    if not isinstance(document, dict):
        raise Refused(Refusal.MALFORMED, "not a JSON object")
    return document


def _strings(document: Mapping[str, Any], name: str) -> list[str]:
    found = document.get(name)
    if not isinstance(found, list) or len(found) > ANSWERS_LIMIT or not all(isinstance(one, str) for one in found):
        raise Refused(Refusal.MALFORMED, f"no list of texts under {name}")
    return found


def _wait_s(request: web.Request) -> float:
    try:
        asked = float(request.query.get("wait_s", "0"))
    except ValueError:
        return 0.0
    return min(asked, LONGEST_WAIT_S) if asked > 0 else 0.0


def _site_of(request: web.Request) -> SiteId:
    """Whom the client's certificate names; "" when it names no site."""
    certificate: Any = request.get_extra_info("peercert") or {}
    for sort, name in certificate.get("subjectAltName", ()):
        if sort == "URI" and name.startswith(SITE_URI):
            return SiteId(name.removeprefix(SITE_URI))
    return SiteId("")


def _problem(
    status: int, code: str, why: str, *, due: Mapping[str, Any] | None = None, retry_after_s: int | None = None
) -> web.Response:
    """An answer as RFC 9457 has it. `due`: the sequence number that would be taken, and the link before it."""
    body: dict[str, Any] = {"type": "about:blank", "title": why, "status": status, "code": code}
    body |= {name: value for name, value in (due or {}).items() if value is not None}
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return web.json_response(body, status=status, content_type="application/problem+json", headers=headers)
