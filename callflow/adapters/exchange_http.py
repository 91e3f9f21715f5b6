"""Messages over HTTPS with mutual TLS, where we are the one who calls: pushed to a peer's door, or pulled from it.

The other end is `web/exchange.py`.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from callflow.service.exchange import PeerAway, Unsent, either
from callflow.service.inflow import log_refused
from callflow.service.outflow import PEER_WIDE
from callflow.service.ports import FactsAway
from callflow.service.signatures import Refusal, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from pathlib import Path

    from callflow.domain.names import IncidentId, SiteId
    from callflow.service.inflow import Inflow
    from callflow.service.outflow import Outflow

ANSWER_LIMIT_S: Final = 5.0
KEPT_OPEN_S: Final = 60.0
"""A connection that rests; a new one costs both sites a TLS handshake while a target is about to ring."""

LOOK_EVERY_S: Final = 10.0
"""Also without a wake: what another process has committed is found by then."""

COMPARE_EVERY_S: Final = 3600.0
"""How often both sides' books are held against each other: after a start, and then so often (R-049)."""

LONG_POLL_S: Final = 25
"""How long a peer that has nothing for us holds our question before it says so."""

BATCH: Final = 200
INCIDENTS_AT_ONCE: Final = 8
OK, NOT_FOUND = 200, 404

log = structlog.get_logger(__name__)


class Https:
    """One pool of connections to all peers, which show our certificate and believe only our authority's."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._session: ClientSession | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """While it is to be used."""
        connector = TCPConnector(ssl=self._tls, limit_per_host=2 * INCIDENTS_AT_ONCE, keepalive_timeout=KEPT_OPEN_S)
        async with ClientSession(connector=connector) as self._session:
            yield

    async def ask(
        self, method: str, url: str, *, text: str | None = None, document: Any = None, limit_s: float = ANSWER_LIMIT_S
    ) -> tuple[int, str]:
        """One question and its answer. Raises PeerAway."""
        if self._session is None:
            raise PeerAway("the line is not open")
        limit = ClientTimeout(total=limit_s)
        headers = {} if text is None else {"Content-Type": "application/jose"}
        try:
            async with self._session.request(
                method, url, data=text, json=document, headers=headers, timeout=limit
            ) as answer:
                return answer.status, await answer.text()
        except (ClientError, OSError, UnicodeDecodeError) as error:  # asyncio's TimeoutError is an OSError
            raise PeerAway(f"{type(error).__name__}: {error}") from error


class Pushing:
    """Our messages to a peer's door. Within an incident one leaves when the one before it has its receipt."""

    cause: str | None = None

    def __init__(self, outflow: Outflow, url: str, https: Https) -> None:
        self.peer, self._outflow, self._url, self._https = outflow.peer, outflow, url, https
        self._compare_at = 0.0
        self._bell = outflow.bell.listen()

    async def round(self) -> None:
        """See the port."""
        self._bell = self._outflow.bell.listen()
        while waiting := await self._outflow.waiting(BATCH):
            by_incident: defaultdict[IncidentId, list[Unsent]] = defaultdict(list)
            for message in waiting:
                by_incident[message.incident_id].append(message)
            await self._send_incidents(by_incident.values())
        if time.monotonic() >= self._compare_at:
            await self._compare()
            self._compare_at = time.monotonic() + COMPARE_EVERY_S

    async def rest(self) -> None:
        """See the port."""
        await either(self._bell, LOOK_EVERY_S)

    async def _send_incidents(self, incidents: Collection[list[Unsent]]) -> None:
        """Several at once; when the peer or our books are away for one of them, no other begins.

        No task group: one that fails while it is cancelled tells only of the failure (Python before 3.13), and this
        program would not end.
        """
        places, away = asyncio.Semaphore(INCIDENTS_AT_ONCE), list[PeerAway | FactsAway]()

        async def send(messages: list[Unsent]) -> None:
            async with places:
                try:
                    if not away:
                        await self._send_incident(messages)
                except (PeerAway, FactsAway) as cause:
                    away.append(cause)

        await asyncio.gather(*(send(messages) for messages in incidents))
        if away:
            raise away[0]

    async def _send_incident(self, messages: list[Unsent]) -> None:
        for message in sorted(messages, key=lambda each: each.seq):
            try:
                await self._send(message)
            except Refused as refused:
                await self._outflow.refused(message, refused)
                return
            await self._outflow.received(message)

    async def _send(self, message: Unsent) -> None:
        """Return when the peer's receipt for this message is in."""
        envelope = self._outflow.envelope(message)
        status, said = await self._https.ask("POST", f"{self._url}/messages", text=envelope)
        if status != OK:
            raise _refusal(status, said)
        self._outflow.check_receipt(message, said)
        self.cause = None

    async def _compare(self) -> None:
        after: str | None = ""
        while after is not None:
            status, said = await self._https.ask("GET", f"{self._url}/state?after={after}")
            if status == NOT_FOUND:
                log.info("peer of an older version tells nothing of what it has", peer=self.peer)
                return
            if status != OK:
                raise _away(status, said)
            try:
                _, after = await self._outflow.compared(said)
            except Refused as refused:
                raise PeerAway(f"its state is not to be trusted: {refused}") from refused


class Pulling:
    """A peer's messages from his door, for a site that can call out and cannot be called."""

    cause: str | None = None

    def __init__(self, peer: SiteId, url: str, https: Https, inflow: Inflow) -> None:
        self.peer, self._url, self._https, self._inflow = peer, url, https, inflow
        self._state_at = 0.0

    async def round(self) -> None:
        """See the port."""
        if time.monotonic() >= self._state_at:
            await self._tell_state()
            self._state_at = time.monotonic() + COMPARE_EVERY_S
        url = f"{self._url}/messages?wait_s={LONG_POLL_S}"
        status, said = await self._https.ask("GET", url, limit_s=LONG_POLL_S + ANSWER_LIMIT_S)
        if status != OK:
            raise _away(status, said)
        answers, stopped = list[str](), None
        for message_id, envelope in _offered(said):
            try:
                answers.append(await self._answer(message_id, envelope))
            except FactsAway as away:
                stopped = away
                break
        if answers or stopped is None:  # his door alone is no progress while our own books are away
            self.cause = None
        if answers:
            await self._tell("answers", {"answers": answers})
        if stopped is not None:
            raise stopped

    async def rest(self) -> None:
        """See the port."""

    async def _answer(self, message_id: str, envelope: str) -> str:
        try:
            return await self._inflow.take(envelope, self.peer)
        except Refused as refused:
            log_refused(refused, self.peer, self._url)
            return self._inflow.refusal(message_id, refused, self.peer)

    async def _tell_state(self) -> None:
        after: str | None = ""
        while after is not None:
            token, after = await self._inflow.state(self.peer, after)
            await self._tell("state", {"state": token})

    async def _tell(self, what: str, document: Mapping[str, Any]) -> None:
        status, said = await self._https.ask("POST", f"{self._url}/{what}", document=document)
        if status != OK:
            raise _away(status, said)


def client_tls(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 that shows our certificate and believes only servers of our authority that are named rightly."""
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    return context


def _refusal(status: int, said: str) -> Exception:
    """What an answer that is no receipt means: this message is refused, or nothing goes to this peer now."""
    problem = _parsed(said)
    code, expected, end = problem.get("code"), problem.get("expected"), problem.get("end")
    if code not in set(Refusal) or code in PEER_WIDE:
        return _away(status, said)
    return Refused(
        Refusal(code),
        _title(problem),
        expected if isinstance(expected, int) and expected > 0 else None,
        end if isinstance(end, str) and re.fullmatch("[0-9a-f]{64}", end) else None,
    )


def _away(status: int, said: str) -> PeerAway:
    problem = _parsed(said)
    return PeerAway(f"it answers {status} {problem.get('code')}: {_title(problem)}")


def _title(problem: Mapping[str, Any]) -> str:
    return str(problem.get("title", ""))[:200]


def _offered(said: str) -> list[tuple[str, str]]:
    try:
        return [(str(one["id"]), str(one["envelope"])) for one in _parsed(said).get("messages", ())]
    except (KeyError, TypeError) as error:
        raise PeerAway("what it offers is no list of messages") from error


def _parsed(said: str) -> Mapping[str, Any]:
    try:
        document = json.loads(said)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
