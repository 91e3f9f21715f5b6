"""One site's side of the exchange, put together from its site file and its keys; for `app` and for tests alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from callflow.adapters.exchange_http import client_tls
from callflow.adapters.exchange_lines import ExchangeLines, lines_of
from callflow.adapters.sql.outbox import SqlInbox, SqlOutgoing
from callflow.adapters.sql.ticket_events import SystemNumbers
from callflow.adapters.ticket_webhook import Patience, TicketWebhook
from callflow.domain.names import IncidentId, SiteId
from callflow.lab.keys import KeysError
from callflow.service.exchange import Mode
from callflow.service.inflow import Inflow
from callflow.service.outflow import Outflow
from callflow.service.signatures import Keyring, Signer
from callflow.service.ticket_system import key_of
from callflow.web.deps import TicketSystemDoor
from callflow.web.exchange import ExchangeDoor

if TYPE_CHECKING:
    from callflow.adapters.sql.database import Database
    from callflow.lab.keys import SiteKeys
    from callflow.service.messages import ExchangeMessage
    from callflow.sitefile import Site

NOTICE_PATIENCE = Patience(answer_limit_s=5.0, failed_s=2.0, refused_s=30.0)
"""Somebody may be in danger: asked again sooner than a ticket system."""

Take = Callable[["ExchangeMessage"], Awaitable[None]]


class ExchangeParts:
    """What goes out is there at once (it is `ports.Outbox`); what comes in begins with `listening`."""

    def __init__(self, site: Site, keys: SiteKeys, database: Database, clock: Callable[[], float]) -> None:
        self._site, self._keys, self._clock = site, keys, clock
        self._signer = Signer(SiteId(site.platform.id), keys.exchange_key)
        self._keyring, self._inbox = Keyring(keys.peer_keys), SqlInbox(database)
        outgoing = SqlOutgoing(database)
        self._outflows = {
            SiteId(peer.id): Outflow(
                SiteId(peer.id), signer=self._signer, keyring=self._keyring, outgoing=outgoing, clock=clock
            )
            for peer in site.peer
        }
        outgoing.when_stored(self.wake)
        self.webhooks: dict[str, TicketWebhook] = {}
        """Whom we tell by webhook, by the name that `/health/ready` has for the line."""
        if (system := site.ticket_system) is not None:
            key = system_key(keys.ticket_system_out)
            told = TicketWebhook(system, key, outgoing, SystemNumbers(database).of_incident, clock)
            self.webhooks["ticket-system"] = told
        for receiver in site.notices:
            key = notice_key(keys, receiver.id)
            notices = TicketWebhook(receiver, key, outgoing, _keep_no_number, clock)
            notices.patience = NOTICE_PATIENCE
            self.webhooks[f"notices-{receiver.id}"] = notices

    def wake(self, peer: SiteId) -> None:
        """See `ports.Outbox`."""
        if peer in self._outflows:
            self._outflows[peer].bell.ring()
        for webhook in self.webhooks.values():
            if webhook.peer == peer:
                webhook.bell.ring()

    async def _send_all_again(self, peer: SiteId, incident_id: IncidentId) -> None:
        await self._outflows[peer].send_all_again(incident_id)

    def listening(self, on_message: Take) -> tuple[ExchangeLines, ExchangeDoor]:
        """The lines to run and the door to serve. `on_message`: see `Inflow`."""
        inflow = Inflow(
            signer=self._signer,
            keyring=self._keyring,
            inbox=self._inbox,
            on_message=on_message,
            on_fork=self._send_all_again,
            clock=self._clock,
            profiles={SiteId(peer.id): peer.profile for peer in self._site.peer},
        )
        tls = client_tls(self._keys.ca_certificate, self._keys.tls_certificate, self._keys.tls_key)
        door = ExchangeDoor(
            inflow,
            pushing=frozenset(SiteId(one.id) for one in self._site.peer if one.exchange_in is Mode.PUSH),
            pulled={SiteId(p.id): self._outflows[SiteId(p.id)] for p in self._site.peer if p.exchange_out is Mode.PULL},
        )
        hooks = tuple(self.webhooks.values())
        lines = lines_of(self._site.peer, inflow=inflow, outflows=self._outflows, tls=tls, webhooks=hooks)
        return lines, door


def system_key(secret: str) -> bytes:
    """One of the two secrets shared with our own ticket system, as it is used. Raises KeysError."""
    try:
        return key_of(secret)
    except ValueError as error:
        raise KeysError(
            f"secrets.json: ticket_system_in, ticket_system_out: {error}; make each by `openssl rand -hex 24`"
        ) from error


def notice_key(keys: SiteKeys, receiver: str) -> bytes:
    """What we sign with to a receiver of notices. Raises KeysError."""
    try:
        return key_of(keys.notices.get(receiver, ""))
    except ValueError as error:
        raise KeysError(
            f"secrets.json: notices.{receiver}: {error}; make it by `openssl rand -hex 24`, or let ./run up make it"
        ) from error


async def _keep_no_number(_incident_id: IncidentId, _number: str, _at: float) -> None:
    """A receiver of notices may number them; ours is the ticket's."""


def ticket_system_door(site: Site, keys: SiteKeys, database: Database) -> TicketSystemDoor | None:
    """By which our own ticket system is let in, where the site file names one. Raises KeysError."""
    system = site.ticket_system
    if system is None:
        return None
    return TicketSystemDoor(system.id, system_key(keys.ticket_system_in), SystemNumbers(database))
