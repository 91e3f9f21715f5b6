"""The lines to all peers, each as his row of the site file says, and to whom we tell by webhook, kept going for ever.

A peer that is away is tried again with growing pauses; nothing is given up.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import structlog

from callflow.adapters.exchange_files import FilesIn, FilesOut
from callflow.adapters.exchange_http import Https, Pulling, Pushing
from callflow.domain.names import SiteId
from callflow.service.exchange import Carrier, Mode, PeerAway
from callflow.service.ports import FactsAway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from callflow.adapters.ticket_webhook import TicketWebhook
    from callflow.service.inflow import Inflow
    from callflow.service.outflow import Outflow
    from callflow.site_trunks import Peer

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
"""Of a peer who lets nothing through; one who takes some and fails at others is asked again after the first pause."""

log = structlog.get_logger(__name__)


class ExchangeLines:
    """Everything that carries."""

    def __init__(self, https: Https, carriers: Sequence[Carrier], webhooks: Sequence[TicketWebhook] = ()) -> None:
        self._https, self._webhooks = https, webhooks
        self._carriers: list[Carrier] = [*carriers, *webhooks]

    @property
    def away(self) -> dict[SiteId, str]:
        """The peers that cannot be reached now, with the cause. For `/health/ready`."""
        return {one.peer: one.cause for one in self._carriers if one.cause is not None}

    async def run(self) -> None:
        """Carry to and from every peer, for ever."""
        async with self._https.opened(), AsyncExitStack() as beside:
            for webhook in self._webhooks:
                await beside.enter_async_context(webhook.opened())
            async with asyncio.TaskGroup() as group:
                for carrier in self._carriers:
                    group.create_task(self._keep_carrying(carrier))

    async def _keep_carrying(self, carrier: Carrier) -> None:
        pause_s, was_away, name = FIRST_PAUSE_S, False, type(carrier).__name__.lower()
        while True:
            try:
                await carrier.round()
                cause = None
            except (PeerAway, FactsAway) as away:
                cause = str(away)
                if carrier.cause is None:  # something got through before that
                    pause_s = FIRST_PAUSE_S
            carrier.cause = cause
            if (cause is not None) != was_away:
                was_away = cause is not None
                note = log.warning if was_away else log.info
                note(
                    "peer away: its messages wait" if was_away else "peer back", peer=carrier.peer, by=name, cause=cause
                )
            if cause is None:
                pause_s = FIRST_PAUSE_S
                await carrier.rest()
            else:
                await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - so that sites do not beat in step
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def lines_of(
    peers: Sequence[Peer],
    *,
    inflow: Inflow,
    outflows: Mapping[SiteId, Outflow],
    tls: ssl.SSLContext,
    webhooks: Sequence[TicketWebhook] = (),
) -> ExchangeLines:
    """Lay the lines as the site file has them. What a peer pushes to us or pulls from us comes through our own door."""
    https, carriers = Https(tls), list[Carrier]()
    for peer in peers:
        peer_id = SiteId(peer.id)
        outflow = outflows[peer_id]
        if peer.exchange_out is Mode.PUSH:
            carriers.append(Pushing(outflow, peer.exchange, https))
        if peer.exchange_in is Mode.PULL:
            carriers.append(Pulling(peer_id, peer.exchange, https, inflow))
        if peer.exchange_folders is not None and peer.exchange_out is Mode.FILE:
            carriers.append(FilesOut(outflow, peer.exchange_folders.out, peer.exchange_folders.into))
        if peer.exchange_folders is not None and peer.exchange_in is Mode.FILE:
            carriers.append(FilesIn(peer_id, inflow, peer.exchange_folders.out, peer.exchange_folders.into))
    return ExchangeLines(https, carriers, webhooks)
