"""What the service needs from the outside, as Protocols. Adapters keep these promises; fakes keep them too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from callflow.domain.calls import Call
from callflow.domain.commands import Order, Record
from callflow.domain.events import Event
from callflow.domain.names import AgentId, CallId, ChannelName, IncidentId, SiteId
from callflow.domain.screenpop import Known


class LinkDown(Exception):  # noqa: N818 - named by what happened, as the house's glossary does
    """The connection to Asterisk is lost; the order may or may not have been carried out."""


class AsteriskRefused(Exception):  # noqa: N818 - named by what happened
    """Asterisk said no, with its own words as the message."""


class FactsAway(Exception):  # noqa: N818 - named by what happened
    """The database cannot be reached now; nothing was written."""


class Overtaken(Exception):  # noqa: N818 - named by what happened
    """Another program of this platform wrote the call first; nothing was written. Decide again from what is now."""


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """One channel as Asterisk lists it now."""

    name: ChannelName
    call_id: CallId | None
    is_caller: bool
    bridge_id: str | None
    state: str
    uniqueid: str = ""


class Pbx(Protocol):
    """Asterisk, behind the guarded AMI link."""

    async def carry_out(self, order: Order, call: Call) -> None:
        """Start one order through its dialplan entry. Returns when Asterisk has taken it, not when done.

        Repeating an order is harmless: the dialplan entry checks what is already so.

        Raises:
            AsteriskRefused: the dialplan entry does not exist or the channel is gone.
            LinkDown: the AMI connection is lost.
        """

    async def live_channels(self) -> Sequence[LiveChannel]:
        """Every channel now, with the call it belongs to. For reconcile. Raises LinkDown."""


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order that was committed and not yet marked done."""

    order_id: int
    order: Order
    stored_at: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """An owner who is settled; `settled` is a `Settled` value."""

    owner: SiteId
    settled: str


class Facts(Protocol):
    """The SQL side: calls, tickets, audit, orders, outbox, and how far the journal has been read."""

    async def call(self, call_id: CallId) -> Call | None:
        """The call as last committed, or None."""

    async def live_calls(self) -> Sequence[Call]:
        """Every call that has not ended."""

    async def unsettled_calls(self) -> Sequence[Call]:
        """Every call that has ended and whose owner is not settled; its clock goes on after a restart."""

    async def calls_of_incident(self, incident_id: IncidentId) -> Sequence[Call]:
        """This platform's calls of one incident, oldest first."""

    async def is_danger(self, incident_id: IncidentId) -> bool:
        """Whether this platform's ticket of the incident says danger; False when there is none."""

    async def handed_by(self, incident_id: IncidentId, peer: SiteId) -> str:
        """Who at this peer began the newest handover of the incident, by our ticket; "" when nobody has said."""

    async def settlement(self, incident_id: IncidentId) -> Settlement | None:
        """Whose matter it is by this platform's ticket of the incident; None while open, or without a ticket."""

    async def commit(
        self,
        call: Call | None,
        records: Sequence[Record],
        orders: Sequence[Order],
        *,
        event_key: str | None,
        journal_offset: int | None,
        at: float,
        seen: Call | None = None,
    ) -> list[StoredOrder] | None:
        """Write it all in one transaction, or nothing.

        `event_key` names the event that led here ("journal:<offset>", "desk:<request id>", "peer:<message id>");
        an event that was committed before is not committed again and None is returned. Otherwise returns the
        stored orders. `seen`: the call from which this was decided, which must still be the stored one.

        Raises:
            FactsAway: the database cannot be reached; nothing was written.
            Overtaken: the stored call is not `seen` any more; nothing was written.
        """

    async def order_done(self, order_id: int, outcome: str) -> None:
        """Mark an order as carried out ("done") or given up ("refused: …"). Repeatable."""

    async def orders_open(self) -> Sequence[StoredOrder]:
        """Orders committed but not marked done, oldest first. For a restart."""

    async def journal_offset(self) -> int:
        """How many bytes of the dialplan's journal are already committed."""


class CaseFiles(Protocol):
    """What is known about a caller and his incident: tickets of both platforms, notes, the suggestion."""

    async def known_about(self, call: Call) -> Known:
        """Everything for the pop that can be read within half a second. Never raises for an outage."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One step of the dialplan. `key` is "journal:<offset of its line>", `end` the offset after the line."""

    event: Event
    key: str
    end: int


class JournalSource(Protocol):
    """The dialplan's journal, tailed."""

    def entries(self, start: int) -> AsyncIterator[JournalEntry]:
        """Yield every step from this offset on, in order, for ever; lines that mean nothing are skipped."""

    def remember(self, calls: Sequence[Call], channels: Sequence[LiveChannel]) -> Sequence[Event]:
        """Know again the legs that a former life saw invited; return what was heard of them meanwhile."""

    async def caught_up(self) -> None:
        """Return when every line written before this call has been yielded by `entries` (or skipped)."""


class Desks(Protocol):
    """The desks' event streams (Redis in life). Losing one loses no fact: who reconnects gets a snapshot."""

    async def publish(self, agent_ids: Sequence[AgentId], name: str, body: dict[str, Any]) -> None:
        """Put one event on these agents' streams; names as in architecture §6. An outage never raises."""

    def listen(self, agent_id: AgentId, last_event_id: str | None) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """Yield (event id, name, body) from after `last_event_id` on, or from now."""


class Outbox(Protocol):
    """Messages to the peers that have no receipt yet; woken after a commit."""

    def wake(self, peer: SiteId) -> None:
        """There is something new for this peer."""
