"""A peer's messages, however they come: each is checked, acted on once, kept, and answered with a receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog
from ulid import ULID

from callflow.domain.names import IncidentId, SiteId
from callflow.service.exchange import is_new
from callflow.service.messages import MAJOR
from callflow.service.profiles import OURS, Profile
from callflow.service.signatures import Refusal, Refused, State, open_envelope, open_message

if TYPE_CHECKING:
    from callflow.service.exchange import Inbox
    from callflow.service.messages import ExchangeMessage
    from callflow.service.signatures import Keyring, Opened, Signer

TURNS: Final = 64
PAGE: Final = 500
"""Chains in one state: some 50 kB of it, well below what may be sent at once."""

STATE_DAYS: Final = 30
DAY_S: Final = 86_400.0

log = structlog.get_logger(__name__)


class Inflow:
    """What comes from all peers. `on_message` is awaited before the receipt is given and may see a message twice.

    `on_fork`: told when a peer says otherwise than before about an incident, as after he was restored from a backup.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        keyring: Keyring,
        inbox: Inbox,
        on_message: Callable[[ExchangeMessage], Awaitable[None]],
        on_fork: Callable[[SiteId, IncidentId], Awaitable[None]],
        clock: Callable[[], float],
        profiles: Mapping[SiteId, Profile] | None = None,
    ) -> None:
        self._signer, self._keyring, self._inbox = signer, keyring, inbox
        self._on_message, self._on_fork = on_message, on_fork
        self._clock, self._profiles = clock, profiles or {}
        self._turns = tuple(asyncio.Lock() for _ in range(TURNS))

    @property
    def peers(self) -> frozenset[SiteId]:
        """Who is in the trust table."""
        return self._keyring.peers

    async def take(self, token: str, sender: SiteId) -> str:
        """Take one sending of an online line; our receipt. `sender`: whom the TLS certificate names.

        Raises:
            Refused: nothing of it is kept; `log_refused` it.
            FactsAway: not now.
        """
        now = self._clock()
        envelope = open_envelope(token, sender=sender, site=self._signer.site, keyring=self._keyring, now=now)
        opened = self._open(envelope.message, sender)
        if not await self._inbox.claim_nonce(opened.issuer, envelope.nonce, now):
            raise Refused(Refusal.REPLAYED, "this very envelope was taken before")
        return await self._in_turn(opened)

    async def take_dropped(self, token: str, sender: SiteId) -> str:
        """Take a message that came as a file: it is judged by its signature and its place in the chain alone.

        A file has no moment of sending: a gateway between two networks may hold it for hours, and one that is
        dropped twice is a message that was taken before. Raises as `take`.
        """
        return await self._in_turn(self._open(token, sender))

    def refusal(self, message_id: str, refused: Refused, peer: SiteId) -> str:
        """The signed answer where nobody waits for one."""
        return self._signer.refusal(message_id, refused, peer, self._clock())

    async def state(self, issuer: SiteId, after: str = "") -> tuple[str, str | None]:
        """A signed page of what was taken of this issuer, and after which incident the next one begins.

        It reaches back `STATE_DAYS`: older matters may have left the books of one side (docs/retention.md).
        """
        after = max(after, _first_incident_of(self._clock() - STATE_DAYS * DAY_S))
        found = await self._inbox.chain_ends(issuer, after, PAGE)
        until = found[-1][0] if len(found) == PAGE else None
        ends = tuple((str(incident), end.seq, end.digest) for incident, end in found)
        state = State(audience=issuer, after=after, until=until, ends=ends, made_at=self._clock())
        return self._signer.state(state), until

    def _open(self, token: str, sender: SiteId) -> Opened:
        profile = self._profiles.get(sender, OURS)
        return open_message(token, sender=sender, site=self._signer.site, keyring=self._keyring, profile=profile)

    async def _in_turn(self, opened: Opened) -> str:
        async with self._turns[hash((opened.issuer, opened.message.incident_id)) % TURNS]:
            await self._once(opened)
        return self._signer.receipt(opened, self._clock())

    async def _once(self, opened: Opened) -> None:
        """Act on a message and store it; one that is stored is not acted on again."""
        message, incident_id = opened.message, IncidentId(opened.message.incident_id)
        end = await self._inbox.chain_end(opened.issuer, incident_id)
        kept = await self._inbox.kept_digest(opened.issuer, incident_id, message.seq)
        try:
            if not is_new(opened, end, kept):
                return
        except Refused as refused:
            if refused.code is Refusal.FORKED:
                await self._on_fork(opened.issuer, incident_id)
            raise
        await self._on_message(message)
        await self._inbox.keep(opened, self._clock())
        said: dict[str, Any] = {"kind": message.kind, "version": f"{MAJOR}.{message.minor}", "incident_id": incident_id}
        said |= {"aside": list(opened.aside)} if opened.aside else {}
        log.info("exchange message taken", peer=opened.issuer, seq=message.seq, **said)


def log_refused(refused: Refused, peer: SiteId, source: str | None) -> None:
    """What every way in does with what is refused, before it says so. `source`: an address or a file's name."""
    log.warning("exchange message refused", code=refused.code, why=refused.why, peer=peer, source=source)


def _first_incident_of(moment: float) -> str:
    """No incident that began from then on is sorted before it: an ULID begins with its moment."""
    return str(ULID.from_timestamp(max(moment, 0.0)))[:10]
