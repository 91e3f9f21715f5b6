"""Our messages to one peer, however they travel: which may leave now, and what his answer to one means.

Nothing is given up. Within an incident the order holds because a message counts as received only with the peer's
receipt, and because the peer takes nothing out of turn; incidents do not wait for each other.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import structlog

from callflow.domain.names import IncidentId, SiteId
from callflow.service.exchange import Bell, PeerAway, Unsent
from callflow.service.signatures import NotTaken, Receipt, Refusal, Refused, open_answer, open_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from callflow.service.exchange import Link, Outgoing
    from callflow.service.signatures import Keyring, Signer

STUCK_S: Final = 60.0
"""An incident whose message the peer will not have is tried again so late; a person reads the log meanwhile."""

PEER_WIDE: Final = frozenset({Refusal.UNKNOWN_KEY, Refusal.WRONG_PEER, Refusal.WRONG_MODE, Refusal.CLOCK})
"""Refusals that the next message would meet too: keys, certificates, modes or clocks are to be put right."""

log = structlog.get_logger(__name__)


class Outflow:
    """What goes to one peer. `bell` rings when something new is stored for him."""

    def __init__(
        self, peer: SiteId, *, signer: Signer, keyring: Keyring, outgoing: Outgoing, clock: Callable[[], float]
    ) -> None:
        self.peer, self.bell = peer, Bell()
        self._signer, self._keyring, self._outgoing, self._clock = signer, keyring, outgoing, clock
        self._stuck: dict[IncidentId, float] = {}
        self._joined: dict[IncidentId, float] = {}
        """When chains were last joined to what the peer has: after our books were restored from an older copy."""

    async def waiting(self, limit: int) -> list[Unsent]:
        """What has no receipt, oldest first, without the incidents that are stuck."""
        now = time.monotonic()
        self._stuck = {incident: until for incident, until in self._stuck.items() if until > now}
        return await self._outgoing.unsent(self.peer, limit, set(self._stuck))

    def text(self, message: Unsent) -> str:
        """The message as signed, the same each time."""
        return self._signer.message(message.payload)

    def envelope(self, message: Unsent) -> str:
        """One sending of it."""
        return self._signer.envelope(self.text(message), self.peer, self._clock())

    def check_receipt(self, message: Unsent, token: str) -> None:
        """The peer answered this message with a receipt. Raises PeerAway when it is none of his, or for another."""
        try:
            answer = self._opened(token)
        except Refused as refused:
            raise PeerAway(f"its receipt is not to be trusted: {refused}") from refused
        if not isinstance(answer, Receipt) or (answer.message_id, answer.digest) != (
            message.message_id,
            message.digest,
        ):
            raise PeerAway("its receipt is for another message")

    async def received(self, message: Unsent) -> None:
        """The peer has it. Repeatable."""
        await self._outgoing.receipted(message.message_id, self._clock())

    async def answered(self, token: str) -> IncidentId | None:
        """A signed answer came by itself; the incident whose messages the peer wants again, if he does.

        Repeatable; an answer that means nothing is logged and let pass.

        Raises:
            Refused: the peer did not sign it, or not to us.
        """
        answer = self._opened(token)
        message = await self._outgoing.message(self.peer, answer.message_id)
        if message is None or (isinstance(answer, Receipt) and answer.digest != message.digest):
            log.warning("peer answers a message that he was not sent", peer=self.peer)
        elif isinstance(answer, Receipt):
            await self._outgoing.receipted(message.message_id, self._clock())
        else:
            await self.refused(message, _refused(answer))
            return message.incident_id
        return None

    async def refused(self, message: Unsent, refused: Refused) -> None:
        """Send again what the peer has lost, or leave the incident for later and say so."""
        expected = refused.expected
        if refused.code is Refusal.GAP and expected is not None and 0 < expected < message.seq:
            again = await self._outgoing.send_again(self.peer, message.incident_id, expected)
            log.warning("peer lost messages", peer=self.peer, incident_id=message.incident_id, sent_again=again)
            if again:
                return
        if refused.code is Refusal.FORKED and expected is not None and refused.end is not None:
            last = self._joined.get(message.incident_id)
            if last is None or time.monotonic() - last > STUCK_S:  # a peer who contradicts himself is left for later
                self._joined[message.incident_id] = time.monotonic()
                moved = await self._outgoing.join_chain(self.peer, message.incident_id, expected, refused.end)
                about = {"peer": self.peer, "incident_id": message.incident_id}
                log.warning("our books were behind the peer's", moved=moved, **about)
                return
        self._stuck[message.incident_id] = time.monotonic() + STUCK_S
        names = {"peer": self.peer, "message_id": message.message_id}
        log.error("peer refuses a message", code=refused.code, why=refused.why, **names)

    async def send_all_again(self, incident_id: IncidentId) -> None:
        """The peer's books are behind his own words: he gets all of ours of this incident again. Raises FactsAway."""
        again = await self._outgoing.send_again(self.peer, incident_id, 1)
        log.warning("peer's books are behind", peer=self.peer, incident_id=incident_id, sent_again=again)
        self.bell.ring()

    async def compared(self, token: str) -> tuple[int, str | None]:
        """Hold what the peer says he has against our books, and send again what he has not (R-049).

        How many messages that is, and after which incident the next page begins (None: that was all).

        Raises:
            Refused: the peer did not sign it, or not to us.
        """
        state = open_state(token, peer=self.peer, site=self._signer.site, keyring=self._keyring)
        his = {incident: (seq, digest) for incident, seq, digest in state.ends}
        ours: defaultdict[str, list[Link]] = defaultdict(list)
        for link in await self._outgoing.chains(self.peer, state.after, state.until):
            ours[link.incident_id].append(link)
        again = 0
        for incident_id in sorted({*ours, *his}):
            seq, digest = his.get(incident_id, (0, ""))
            links = {link.seq: link for link in ours[incident_id]}
            if seq and (seq not in links or links[seq].digest != digest):
                log.error("peer has another story than we", peer=self.peer, incident_id=incident_id, seq=seq)
            elif any(link.is_receipted and link.seq > seq for link in links.values()):
                again += await self._outgoing.send_again(self.peer, IncidentId(incident_id), seq + 1)
        if again:
            log.warning("peer lost messages", peer=self.peer, sent_again=again)
            self.bell.ring()
        return again, state.until

    def _opened(self, token: str) -> Receipt | NotTaken:
        return open_answer(token, peer=self.peer, site=self._signer.site, keyring=self._keyring)


def _refused(said: NotTaken) -> Refused:
    """A code of a newer peer is one that we can do nothing about, either."""
    known = said.code in set(Refusal)
    code = Refusal(said.code) if known else Refusal.MALFORMED
    return Refused(code, f"the peer says {said.code}"[:60], said.expected, said.end)
