"""Every step of a ticket to the platform's own ticket system: one signed POST each, in the order of each ticket.

It is a `service.exchange.Carrier`, kept carrying like the lines to the peers. A message waits in the outbox until a
receipt that names it is in. A ticket whose message is refused, or fails, waits by itself; the others go on. Notices of
urgent matters go the same way, each receiver by a webhook of his own (docs/notices.md).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from callflow.domain.names import IncidentId, SiteId
from callflow.service.exchange import Bell, PeerAway, Unsent, either
from callflow.service.ports import FactsAway
from callflow.service.ticket_system import read_receipt, signed_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callflow.service.exchange import Outgoing
    from callflow.site_ticket_system import Webhook

ANSWER_LIMIT_BYTES: Final = 16 * 1024
LOOK_EVERY_S: Final = 10.0
BATCH: Final = 200
TICKETS_AT_ONCE: Final = 8
NOT_THIS_MESSAGE: Final = frozenset({401, 403, 404, 405, 408, 425, 429})
"""Refusals that the next message would meet too."""

log = structlog.get_logger(__name__)

Numbered = Callable[[IncidentId, str, float], Awaitable[object]]
"""Keeps the ticket system's own number of this incident's ticket, said at epoch seconds. May raise FactsAway."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take, and how long one ticket waits while the others go on, in seconds.

    `failed_s`: its message failed at the other end. `refused_s`: it was refused, so a person must look, here or there.
    """

    answer_limit_s: float = 10.0
    failed_s: float = 10.0
    refused_s: float = 60.0


class _Failed(Exception):  # noqa: N818 - named by what happened
    """The other end could not take this message; perhaps it can take another."""


class _Refused(Exception):  # noqa: N818 - named by what happened
    """The other end will not have this message."""


class TicketWebhook:
    """What goes to the ticket system. `bell` rings when something new is stored for it."""

    cause: str | None = None
    patience = Patience()

    def __init__(
        self, system: Webhook, key: bytes, outgoing: Outgoing, numbered: Numbered, clock: Callable[[], float]
    ) -> None:
        self.peer, self.bell = SiteId(system.id), Bell()
        self._system, self._key, self._outgoing, self._numbered = system, key, outgoing, numbered
        self._clock, self._bell = clock, self.bell.listen()
        self._session: ClientSession | None = None
        self._later: dict[IncidentId, float] = {}
        self.refused: dict[IncidentId, str] = {}
        """Tickets whose next message it will not have, and its answer."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """While it is to be used. Nothing is taken from the environment, and no cookie is kept."""
        tls = ssl.create_default_context(cafile=self._system.ca)
        connector = TCPConnector(ssl=tls, limit=TICKETS_AT_ONCE)
        async with ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as self._session:
            yield
        self._session = None

    async def trouble(self) -> str | None:
        """What is wrong with it, for `/health/ready`. Raises FactsAway."""
        waiting = await self._outgoing.count_unsent(self.peer)
        if waiting > self._system.waiting_limit:
            return f"{waiting} steps wait, more than waiting_limit ({self.cause or 'it is behind'})"
        if self.refused:
            return f"it refuses the steps of {len(self.refused)} tickets: {next(iter(self.refused.values()))}"
        return self.cause

    async def round(self) -> None:
        """See the port."""
        self._bell = self.bell.listen()
        while waiting := await self._outgoing.unsent(self.peer, BATCH, self._waiting_for_later()):
            by_ticket: defaultdict[IncidentId, list[Unsent]] = defaultdict(list)
            for message in waiting:
                by_ticket[message.incident_id].append(message)
            await self._send_tickets(list(by_ticket.values()))

    async def rest(self) -> None:
        """See the port."""
        now = time.monotonic()
        next_s = min((until - now for until in self._later.values()), default=LOOK_EVERY_S)
        await either(self._bell, min(LOOK_EVERY_S, max(next_s, 0.1)))

    def _waiting_for_later(self) -> set[IncidentId]:
        now = time.monotonic()
        self._later = {incident_id: until for incident_id, until in self._later.items() if until > now}
        return set(self._later)

    async def _send_tickets(self, tickets: Sequence[list[Unsent]]) -> None:
        """Several at once; when it is away for one of them, no other begins (no task group: see `Pushing`)."""
        places, away = asyncio.Semaphore(TICKETS_AT_ONCE), list[PeerAway | FactsAway]()

        async def send(messages: list[Unsent]) -> None:
            async with places:
                try:
                    if not away:
                        await self._send_ticket(messages)
                except (PeerAway, FactsAway) as cause:
                    away.append(cause)

        await asyncio.gather(*(send(messages) for messages in tickets))
        if away:
            raise away[0]

    async def _send_ticket(self, messages: list[Unsent]) -> None:
        incident_id = messages[0].incident_id
        try:
            for message in sorted(messages, key=lambda each: each.seq):
                number = await self._send(message)
                if number is not None:
                    await self._numbered(incident_id, number, self._clock())
                await self._outgoing.receipted(message.message_id, self._clock())
            self.refused.pop(incident_id, None)
        except _Failed as failed:
            self._later[incident_id] = time.monotonic() + self.patience.failed_s
            raise PeerAway(str(failed)) from failed
        except _Refused as refused:
            self._later[incident_id] = time.monotonic() + self.patience.refused_s
            self.refused[incident_id] = str(refused)
            log.error("webhook refuses a message", by=self.peer, incident_id=incident_id, why=str(refused))  # noqa: TRY400 - its answer is all there is to say

    async def _send(self, message: Unsent) -> str | None:
        """Return when its receipt is in; its own number of the ticket, where it says one."""
        status, said = await self._ask(message)
        receipt = read_receipt(said, message.message_id) if status == HTTPStatus.OK else None
        if receipt is not None:
            self.cause = None
            return receipt.number
        if status == HTTPStatus.OK:
            raise PeerAway("its answer is no receipt: it must name the message in `received`")
        if status < HTTPStatus.BAD_REQUEST or status in NOT_THIS_MESSAGE:
            raise PeerAway(f"it answers {status}")
        raise (_Failed if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _Refused)(f"it answers {status}")

    async def _ask(self, message: Unsent) -> tuple[int, str]:
        if self._session is None:
            raise PeerAway("the line is not open")
        limit_s = self.patience.answer_limit_s
        headers = signed_headers(self._key, message.message_id, self._clock(), message.payload)
        headers |= {"Content-Type": "application/json", "Idempotency-Key": message.message_id}
        try:
            async with self._session.post(
                self._system.url,
                data=message.payload,
                headers=headers,
                timeout=ClientTimeout(total=limit_s),
                allow_redirects=False,  # the site file says where it goes, and nobody else
            ) as answer:
                said = bytearray()
                async for piece in answer.content.iter_chunked(ANSWER_LIMIT_BYTES):  # one read may give a part of it
                    said += piece
                    if len(said) > ANSWER_LIMIT_BYTES:
                        break
                return answer.status, said.decode("utf-8", "replace")
        except TimeoutError as error:
            raise _Failed(f"no answer within {limit_s:.0f} s") from error
        except (ClientError, OSError) as error:
            raise PeerAway(f"{type(error).__name__}: {error}") from error
