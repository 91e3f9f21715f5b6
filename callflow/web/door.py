"""The one door: every request passes here, in this order, and every answer leaves by it.

query refused -> session -> origin and CSRF -> role -> signature -> body -> the row's handler -> problem document,
headers, figures, one log line. The log names the row's path pattern, never the address that was asked for.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from pydantic import BaseModel, ValidationError

from callflow.service.ports import FactsAway
from callflow.web.errors import FieldError, Problem
from callflow.web.routes import WITH_FACTOR, Route, Visit
from callflow.web.sessions import COOKIE, NOBODY, Session, csrf_is_right
from callflow.web.signed import refuse_unsigned

if TYPE_CHECKING:
    from callflow.web.deps import Deps, Memory

log = structlog.get_logger(__name__)

Enter = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_LIMIT_BYTES = 64 * 1024
BODY_LIMIT_S = 10.0
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
# A body that tries to name the caller's number is an attempt at 改号 and is answered as such (requirements L1, T-10).
NUMBER_FIELDS = frozenset(
    {"number", "caller", "caller_number", "caller_id", "callerid", "calling_number", "cli", "ani"}
    | {"from", "from_number", "identity", "pai", "present_as"}
)
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS"})


def through_the_door(route: Route, deps: Deps, memory: Memory) -> Enter:
    """The aiohttp handler of one row."""

    async def enter(request: web.Request) -> web.StreamResponse:
        now = deps.clock()
        if request.query_string:
            raise Problem("query-not-accepted")
        who = NOBODY if route.roles is None else _signed_in(request, memory, now)
        if route.is_write:
            refuse_foreign_page(request)
            if route.roles is not None and not csrf_is_right(who, request.headers.get("X-CSRF-Token")):
                raise Problem("csrf-token-wrong")
        if route.roles is not None and who.role not in route.roles:
            raise Problem("role-not-allowed")
        if route.is_signed:
            await refuse_unsigned(request, deps, memory, now)
        if who.role in WITH_FACTOR:
            await _look_at_factor(deps, route, who)
        ask = None if route.asks is None else await _body(request, route.asks, memory)
        return await route.handler(Visit(request, deps, memory, who, now, _request_key(request)), ask)

    return enter


def around(memory: Memory) -> Middleware:
    """The middleware: whatever went wrong becomes a problem document; everything is counted and logged."""

    @web.middleware
    async def middleware(request: web.Request, handler: Enter) -> web.StreamResponse:
        began = time.monotonic()
        code: str | None = None
        try:
            response = await handler(request)
        except Problem as problem:
            code, response = problem.code, problem.response()
        except FactsAway:
            code, response = "facts-away", Problem("facts-away", retry_after_s=2.0).response()
        except web.HTTPException as refused:
            code, response = _of_aiohttp(refused)
        except Exception as error:  # noqa: BLE001 - the border: an unforeseen error must answer, and be seen
            # Where, not what: an exception's own words may repeat what was sent, and a number must not reach a log.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("request failed", route=_pattern(request), error=type(error).__name__, where=where)  # noqa: TRY400 - as above
            code, response = "internal-error", Problem("internal-error").response()
        _account(memory, request, response, code, time.monotonic() - began)
        return response

    return middleware


async def add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: on every answer; a handler's own value stands."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "callflow"  # aiohttp has put its own name and version there


def _signed_in(request: web.Request, memory: Memory, now: float) -> Session:
    token = request.cookies.get(COOKIE)
    session = memory.sessions.of_token(token, now) if token else None
    if session is None:
        raise Problem("not-signed-in")
    return session


async def _look_at_factor(deps: Deps, route: Route, who: Session) -> None:
    """A session that is older than the account's second factor has not proved it.

    Without the books nobody can say: who signed in before they went may read on. Nothing here changes anything without
    them.
    """
    try:
        enrolled_at = await deps.factors.enrolled_at(who.agent_id)
    except FactsAway:
        return
    if enrolled_at is not None and who.begun_at < enrolled_at:
        raise Problem("not-signed-in")
    if enrolled_at is None and deps.site.security.second_factor == "required" and not route.before_factor:
        raise Problem("second-factor-missing")


def refuse_foreign_page(request: web.Request) -> None:
    """Raise Problem foreign-origin for what another site's page has sent."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Problem("foreign-origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Problem("foreign-origin")


def _request_key(request: web.Request) -> str:
    sent = request.headers.get("Idempotency-Key")
    if sent is None:
        return secrets.token_hex(16)
    if not _IDEMPOTENCY_KEY.fullmatch(sent):
        raise Problem("idempotency-key-wrong")
    return sent


async def _body(request: web.Request, model: type[BaseModel], memory: Memory) -> BaseModel:
    """The checked body; an empty one stands for {}."""
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            raw = await request.read()
    except TimeoutError:
        raise Problem("body-too-slow") from None
    if raw and request.content_type != "application/json":
        raise Problem("json-wanted")
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
    # Outside the except: the library's error holds what was sent, and must not ride along into a traceback.
    extra = {str(one["loc"][-1]) for one in wrong if one["type"] == "extra_forbidden"}
    if extra & NUMBER_FIELDS:
        memory.metrics.alerts.labels("number_named").inc()
        log.warning("a request named a caller number", route=_pattern(request), source=request.remote)
        raise Problem("number-not-yours-to-choose")
    raise Problem(
        "invalid-request",
        errors=[
            FieldError(field=".".join(str(part) for part in one["loc"])[:64] or "body", message=one["msg"])
            for one in wrong[:16]
        ],
    )


def _of_aiohttp(refused: web.HTTPException) -> tuple[str, web.Response]:
    codes = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}
    code = codes.get(refused.status, "internal-error" if refused.status >= 500 else "invalid-request")  # noqa: PLR2004 - HTTP's own line between fault and refusal
    response = Problem(code).response()
    if "Allow" in refused.headers:
        response.headers["Allow"] = refused.headers["Allow"]
    return code, response


def _account(
    memory: Memory, request: web.Request, response: web.StreamResponse, code: str | None, took_s: float
) -> None:
    route = _pattern(request)
    method = request.method if request.method in _METHODS else "other"
    memory.metrics.requests.labels(method, route, str(response.status)).inc()
    if response.content_type != "text/event-stream":
        memory.metrics.answer_s.labels(route).observe(took_s)
    if "/health/" in route and response.status == HTTPStatus.OK:
        return  # asked every few seconds, and nothing happened
    log.info("answered", method=method, route=route, status=response.status, code=code, ms=round(took_s * 1000, 1))


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"
