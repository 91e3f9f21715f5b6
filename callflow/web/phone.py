"""The phone in the desk's page: its account, and SIP over our own origin's WebSocket to Asterisk's loopback HTTP.

A pump of whole frames that rewrites nothing. Who is signed in is checked before the upgrade; sound does not pass here.
When the page goes while its agent has a call, his leg is ended at once, so that the caller is with somebody soon.
"""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from aiohttp import web
from pydantic import Field

from callflow.service.ports import AsteriskRefused, FactsAway, LinkDown
from callflow.web.door import refuse_foreign_page
from callflow.web.errors import Problem
from callflow.web.pump import PumpEnded, carry, connect, page_socket
from callflow.web.routes import CALL_WORKERS, Route, Visit, answer
from callflow.web.schemas import View
from callflow.web.views import has_call_now

log = structlog.get_logger(__name__)

LOOK_ROUND_S = 1.0  # a session that has ended takes its phone with it
GOING_AWAY = 1001  # the browser's own word that the page is gone (RFC 6455 §7.4.1)
RECONNECT_GRACE_S = 1.4  # without that word: a page that lives opens a new socket after a second


class PhoneView(View):
    """The phone that the page is: `kind` "sip" means that the agent has one of his own, and the rest is empty."""

    kind: str
    uri: str = ""
    password: str = Field(default="", description="for SIP digest authentication at our own Asterisk")


async def show_phone(visit: Visit, _ask: None) -> web.Response:
    """The asker's own SIP account, if his phone is in the page."""
    agent_id = visit.who.agent_id
    password = visit.deps.phones.get(agent_id)
    if password is None:
        return answer(PhoneView(kind="sip"))
    return answer(PhoneView(kind="browser", uri=f"sip:{agent_id}@{visit.deps.site.addresses.host}", password=password))


async def carry_sip(visit: Visit, _ask: None) -> web.StreamResponse:
    """Pass SIP between the page and Asterisk until one of them goes or the session ends."""
    refuse_foreign_page(visit.request)
    agent_id = visit.who.agent_id
    if agent_id not in visit.deps.phones:
        raise Problem("role-not-allowed")
    at = visit.deps.site.addresses
    page = page_socket()
    if not page.can_prepare(visit.request):
        raise Problem("invalid-request")
    async with aiohttp.ClientSession() as http:
        try:
            asterisk = await connect(http, at.socket_host, at.socket_port)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Problem("asterisk-away") from None
        phones = visit.memory.phones
        phones[agent_id] += 1
        try:
            await page.prepare(visit.request)
            await carry(page, asterisk, _keep(visit))
        finally:
            phones[agent_id] -= 1
            await asterisk.close()
    log.info("phone in the page is gone", agent_id=agent_id, close_code=page.close_code)
    if page.close_code != GOING_AWAY:
        await asyncio.sleep(RECONNECT_GRACE_S)
    await _find_somebody(visit)
    return page


async def _keep(visit: Visit) -> None:
    while visit.memory.sessions.is_live(visit.who, visit.deps.clock()):
        try:
            async with asyncio.timeout(LOOK_ROUND_S):
                await visit.memory.closing.wait()
            raise PumpEnded
        except TimeoutError:
            pass  # the program goes on
    raise PumpEnded


async def _find_somebody(visit: Visit) -> None:
    """The agent's leg of a live call is ended, unless the page has its phone back, or the program itself goes."""
    agent_id, lost = visit.who.agent_id, visit.deps.phone_lost
    if visit.memory.phones[agent_id] or visit.memory.closing.is_set() or lost is None:
        return
    try:
        for call in await visit.deps.facts.live_calls():
            if has_call_now(call, agent_id):
                log.warning("phone in the page lost in a call", agent_id=agent_id, call_id=call.call_id)
                await lost(call)
    except (FactsAway, AsteriskRefused, LinkDown) as error:  # Asterisk notices by the missing sound, some seconds later
        log.warning("leg of a lost phone not ended", agent_id=agent_id, cause=type(error).__name__)


ROUTES = (
    Route(
        "GET",
        "/api/v1/phone",
        show_phone,
        "The asker's phone: one of his own, or the one in the desk's page with its SIP account.",
        roles=CALL_WORKERS,
        answers={200: PhoneView},
    ),
    Route(
        "GET",
        "/api/v1/sip",
        carry_sip,
        "SIP over WebSocket (RFC 7118) for the phone in the desk's page.",
        roles=CALL_WORKERS,
        answers={101: None},
        refuses=("foreign-origin", "asterisk-away", "invalid-request"),
    ),
)
