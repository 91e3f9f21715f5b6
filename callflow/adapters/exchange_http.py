"""The outbox on its way: our messages to the peers over HTTPS with mutual TLS, until each has its receipt.

Within an incident a message leaves when the one before it has its receipt; incidents do not wait for each other.
A peer that is away is tried again with growing pauses; nothing is given up.
"""

from __future__ import annotations

import asyncio
import random
import re
import ssl
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from callflow.service.exchange import Keyring, Outgoing, Refusal, Refused, Signer, Unsent, open_receipt
from callflow.service.ports import FactsAway

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from callflow.domain.names import IncidentId, SiteId

ANSWER_LIMIT_S: Final = 5.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
KEPT_OPEN_S: Final = 60.0
"""A connection that rests; a new one costs both sites a TLS handshake while a target is about to ring."""

LOOK_EVERY_S: Final = 10.0
"""Also without a wake: what another process has committed is found by then."""

STUCK_S: Final = 60.0
"""An incident whose message the peer will not have is tried again so late; a person reads the log meanwhile."""

BATCH: Final = 200
INCIDENTS_AT_ONCE: Final = 8

PEER_WIDE: Final = frozenset({Refusal.UNKNOWN_KEY, Refusal.WRONG_PEER, Refusal.CLOCK})
"""Refusals that the next message would meet too: keys, certificates or clocks are to be put right."""

log = structlog.get_logger(__name__)


class _PeerAway(Exception):  # noqa: N818 - named by what happened
    """Nothing goes to this peer now; the message says why."""


class ExchangeClient:
    """`ports.Outbox`, and the senders behind it; it hears of this process's commits by itself.

    `peers`: the base URL of each peer's exchange.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        keyring: Keyring,
        outgoing: Outgoing,
        peers: Mapping[SiteId, str],
        tls: ssl.SSLContext,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signer, self._keyring, self._outgoing = signer, keyring, outgoing
        self._peers, self._tls, self._clock = peers, tls, clock
        self._woken: defaultdict[SiteId, asyncio.Event] = defaultdict(asyncio.Event)
        self._stuck: defaultdict[SiteId, dict[IncidentId, float]] = defaultdict(dict)
        self._joined: dict[tuple[SiteId, IncidentId], float] = {}
        """When chains were last joined to what the peer has: after our books were restored from an older copy."""
        outgoing.when_stored(self.wake)
        self.away: dict[SiteId, str] = {}
        """The peers that cannot be reached now, with the cause. For `/health/ready`."""

    def wake(self, peer: SiteId) -> None:
        """See the port."""
        self._woken[peer].set()

    async def send_all_again(self, peer: SiteId, incident_id: IncidentId) -> None:
        """The peer's books are behind his own words: he gets all of ours of this incident again. Raises FactsAway."""
        again = await self._outgoing.send_again(peer, incident_id, 1)
        log.warning("peer's books are behind", peer=peer, incident_id=incident_id, sent_again=again)
        self.wake(peer)

    async def run(self) -> None:
        """Send to every peer, for ever."""
        connector = TCPConnector(ssl=self._tls, limit_per_host=INCIDENTS_AT_ONCE, keepalive_timeout=KEPT_OPEN_S)
        limit = ClientTimeout(total=ANSWER_LIMIT_S)
        async with ClientSession(connector=connector, timeout=limit) as session, asyncio.TaskGroup() as group:
            for peer in self._peers:
                group.create_task(self._serve(session, peer))

    async def _serve(self, session: ClientSession, peer: SiteId) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            self._woken[peer].clear()
            try:
                await self._send_all(session, peer)
            except* (_PeerAway, FactsAway) as away:
                self._note_away(peer, _first_cause(away))
                await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - so that sites do not beat in step
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S
                await _either(self._woken[peer], LOOK_EVERY_S)

    async def _send_all(self, session: ClientSession, peer: SiteId) -> None:
        """Send until nothing is left but what is stuck."""
        while waiting := await self._outgoing.unsent(peer, BATCH, self._stuck_now(peer)):
            by_incident: defaultdict[IncidentId, list[Unsent]] = defaultdict(list)
            for message in waiting:
                by_incident[message.incident_id].append(message)
            places = asyncio.Semaphore(INCIDENTS_AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for messages in by_incident.values():
                    group.create_task(self._send_incident(session, peer, messages, places))

    async def _send_incident(
        self, session: ClientSession, peer: SiteId, messages: list[Unsent], places: asyncio.Semaphore
    ) -> None:
        async with places:
            for message in sorted(messages, key=lambda each: each.seq):
                try:
                    await self._send(session, peer, message)
                except Refused as refused:
                    await self._mend(peer, message, refused)
                    return
                if self.away.pop(peer, None) is not None:
                    log.info("peer back", peer=peer)
                await self._outgoing.receipted(message.message_id, self._clock())

    async def _send(self, session: ClientSession, peer: SiteId, message: Unsent) -> None:
        """Return when the peer's receipt for this message is in."""
        envelope = self._signer.envelope(self._signer.message(message.payload), peer, self._clock())
        kind = {"Content-Type": "application/jose"}
        try:
            async with session.post(f"{self._peers[peer]}/messages", data=envelope, headers=kind) as answer:
                if answer.status != 200:  # noqa: PLR2004 - the one answer that carries a receipt
                    raise _refusal(answer.status, await _problem(answer))
                token = await answer.text()
        except (ClientError, OSError, UnicodeDecodeError) as error:  # asyncio's TimeoutError is an OSError
            raise _PeerAway(f"{type(error).__name__}: {error}") from error
        try:
            receipt = open_receipt(token, peer=peer, site=self._signer.site, keyring=self._keyring)
        except Refused as refused:
            raise _PeerAway(f"its receipt is not to be trusted: {refused}") from refused
        if (receipt.message_id, receipt.digest) != (message.message_id, message.digest):
            raise _PeerAway("its receipt is for another message")

    async def _mend(self, peer: SiteId, message: Unsent, refused: Refused) -> None:
        """Send again what the peer has lost, or leave the incident for later and say so."""
        expected = refused.expected
        if refused.code is Refusal.GAP and expected is not None and 0 < expected < message.seq:
            again = await self._outgoing.send_again(peer, message.incident_id, expected)
            log.warning("peer lost messages", peer=peer, incident_id=message.incident_id, sent_again=again)
            if again:
                return
        if refused.code is Refusal.FORKED and expected is not None and refused.end is not None:
            last = self._joined.get((peer, message.incident_id))
            if last is None or time.monotonic() - last > STUCK_S:  # a peer who contradicts himself is left for later
                self._joined[peer, message.incident_id] = time.monotonic()
                moved = await self._outgoing.join_chain(peer, message.incident_id, expected, refused.end)
                log.warning("our books were behind the peer's", peer=peer, incident_id=message.incident_id, moved=moved)
                return
        self._stuck[peer][message.incident_id] = time.monotonic() + STUCK_S
        log.error(
            "peer refuses a message", peer=peer, message_id=message.message_id, code=refused.code, why=refused.why
        )

    def _stuck_now(self, peer: SiteId) -> set[IncidentId]:
        now = time.monotonic()
        self._stuck[peer] = {incident: until for incident, until in self._stuck[peer].items() if until > now}
        return set(self._stuck[peer])

    def _note_away(self, peer: SiteId, cause: str) -> None:
        if peer not in self.away:
            log.warning("peer away: its messages wait", peer=peer, cause=cause)
        self.away[peer] = cause


def client_tls(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 that shows our certificate and believes only servers of our authority that are named rightly."""
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    return context


def _refusal(status: int, problem: Mapping[str, Any]) -> Exception:
    code, why = problem.get("code"), str(problem.get("title", ""))[:200]
    if code not in set(Refusal) or code in PEER_WIDE:
        return _PeerAway(f"it answers {status} {code}: {why}")
    expected, end = problem.get("expected"), problem.get("end")
    return Refused(
        Refusal(code),
        why,
        expected if isinstance(expected, int) and expected > 0 else None,
        end if isinstance(end, str) and re.fullmatch("[0-9a-f]{64}", end) else None,
    )


async def _problem(answer: Any) -> Mapping[str, Any]:
    try:
        problem = await answer.json(content_type=None)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


async def _either(woken: asyncio.Event, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await woken.wait()
    except TimeoutError:
        pass  # time to look by ourselves


def _first_cause(group: BaseExceptionGroup[Exception]) -> str:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first)
