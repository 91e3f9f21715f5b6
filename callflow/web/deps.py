"""What the web face needs from the rest of the program, and what it remembers itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from pydantic import BaseModel

    from callflow.domain.bans import Ban
    from callflow.domain.calls import Call
    from callflow.domain.events import DeskEvent
    from callflow.domain.names import AgentId, CallId, IncidentId, TargetCode, TicketId
    from callflow.domain.ticket_rules import TicketRules
    from callflow.service.advice import EarlierMatter, Suggest
    from callflow.service.call_backs import CallBacks
    from callflow.service.evaluation import Mysteries
    from callflow.service.evidence import EvidenceBooks
    from callflow.service.figures import FigureBooks
    from callflow.service.ports import CaseFiles, Desks
    from callflow.service.put_off import Wish
    from callflow.service.recordings import Books, Files
    from callflow.service.second_factor import SecondFactors
    from callflow.service.shifts import ShiftBooks
    from callflow.service.ticket_ports import DivertedBooks, Lives
    from callflow.service.ticket_search import BulkSearch
    from callflow.service.trust import KeyFacts
    from callflow.sitefile import Site
    from callflow.web.metrics import Metrics
    from callflow.web.rate import Allowance
    from callflow.web.sessions import Sessions

Probe = Callable[[], Awaitable[str | None]]
"""Asks one neighbour whether it is there: None, or the cause in a few words. Never carries a number or a secret."""

KeepSuggestion = Callable[["CallId", Mapping[str, Any], float], Awaitable[None]]
"""Keeps the newest suggestion with the call and its ticket, at epoch seconds. May raise `ports.FactsAway`."""


PhoneLost = Callable[["Call"], Awaitable[None]]
"""Ends our agent's leg of this call: the page that was his phone is gone. Raises AsteriskRefused, LinkDown."""


ListenIn = Callable[["Call", "AgentId", str], Awaitable[None]]
"""Rings this supervisor's phone into the call, unheard; the id makes it once. Raises AsteriskRefused, LinkDown."""


class Audited(Protocol):
    """Writes into the audit that somebody is about to see or hear what is not his own, and why."""

    async def __call__(self, call: Call, *, by: AgentId, role: str, reason: str, at: float) -> None:
        """Raises `ports.FactsAway`: then it is not shown."""


class ConfidenceAudited(Protocol):
    """Writes into the audit that somebody is about to read a confidential ticket."""

    async def __call__(self, ticket: Any, *, by: str, role: str, at: float) -> None:
        """Raises `ports.FactsAway`: then it is not shown."""


class CallsRead(Protocol):
    """The part of `ports.Facts` that the desk reads. Either may raise `ports.FactsAway`."""

    async def call(self, call_id: CallId) -> Call | None:
        """The call as last committed, or None."""

    async def live_calls(self) -> Sequence[Call]:
        """Every call that has not ended."""

    async def unsettled_calls(self) -> Sequence[Call]:
        """Every call that has ended and whose owner is not settled yet."""

    async def calls_of_incident(self, incident_id: IncidentId) -> Sequence[Call]:
        """This platform's calls of one incident, oldest first."""


class Submitted(Protocol):
    """What became of a desk's event: the call as it now is, or the code of the refusal."""

    @property
    def call(self) -> Call | None:
        """The call after the event."""

    @property
    def refused(self) -> str | None:
        """A code of `refusals.REFUSALS`, or None when the event was taken."""


class Controller(Protocol):
    """The one door to a call."""

    async def submit(self, event: DeskEvent, *, key: str) -> Submitted:
        """Decide one event of one call, after those before it. The same `key` again changes nothing.

        Raises:
            ports.FactsAway: neither the database nor the journal took it.
        """

    async def ticket_moved(self, incident_id: IncidentId) -> None:
        """Tell the desks of this incident's calls that its ticket has gone on. Never raises for an outage."""


class TicketsRead(Protocol):
    """Tickets and audited steps of this platform, read only. Each may raise `ports.FactsAway`."""

    async def search(self, *, number: str | None, incident_id: IncidentId | None, limit: int) -> Sequence[Any]:
        """Tickets, newest first; with neither a number nor an incident, the newest of all."""

    async def ticket(self, ticket_id: TicketId) -> Any | None:
        """One ticket, or None."""

    async def steps_of(self, ticket_id: TicketId) -> Sequence[Any]:
        """Every step of a ticket with its text, oldest first."""

    async def reasons(self, ticket_id: TicketId) -> Sequence[dict[str, Any]]:
        """Why agents decided as they did about this ticket's matter, oldest first."""

    async def trace(self, incident_id: IncidentId) -> Sequence[Any]:
        """Audited steps of the incident, oldest first."""


class Regions(Protocol):
    """Which places exist (GB/T 2260)."""

    @property
    def as_of(self) -> str:
        """Of when the list is."""

    def name(self, code: str) -> str | None:
        """The place's name; None when there is none with this code."""


class KeepsForLater(Protocol):
    """Ticket writes that wait for the database (`service.put_off`)."""

    @property
    def waiting(self) -> int:
        """How many wait now."""

    async def keep(self, wish: Wish) -> None:
        """Keep one. Raises `ports.FactsAway` when it cannot be kept."""


class NumbersTickets(Protocol):
    """Keeps what the platform's own ticket system calls a ticket."""

    async def of_ticket(self, ticket_id: TicketId, number: str, at: float) -> bool:
        """Keep it. False: there is no such ticket. Repeatable. Raises `ports.FactsAway`."""


@dataclass(frozen=True, slots=True)
class TicketSystemDoor:
    """By which the platform's own ticket system is let in."""

    system_id: str
    key: bytes = field(repr=False)
    numbers: NumbersTickets


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything from outside. `passwords` are hashed at the start and not kept. `clock`: epoch seconds."""

    site: Site
    passwords: Mapping[AgentId, str]
    session_secret: str
    factors: SecondFactors
    facts: CallsRead
    tickets: TicketsRead
    lives: Lives
    put_off: KeepsForLater
    diverted: DivertedBooks
    search: BulkSearch
    figures: FigureBooks
    ticket_rules: TicketRules
    regions: Regions
    recordings: Books
    tapes: Files
    call_backs: CallBacks
    shifts: ShiftBooks
    mysteries: Mysteries
    desks: Desks
    controller: Controller
    suggest: Suggest
    keep_suggestion: KeepSuggestion
    files: CaseFiles
    probes: Mapping[str, Probe]
    platforms: Mapping[str, Probe]
    """The lines to the other platforms, and the guard: named when missing, but calls are answered without them."""
    number_shown: Audited
    confidence_read: ConfidenceAudited
    listen_asked: Audited
    listen_in: ListenIn
    keys: KeyFacts
    bans: Callable[[], Sequence[Ban]]
    """Reads the guard's memory from disk: call it in a thread."""
    is_reachable: Callable[[TargetCode], bool | None]
    """Whether a directory code's trunk answers; None when nobody can say."""
    clock: Callable[[], float]
    registry: CollectorRegistry
    phones: Mapping[AgentId, str] = field(default_factory=dict, repr=False)
    """The SIP passwords of agents whose phone is in the desk's page."""
    phone_lost: PhoneLost | None = None
    ticket_system: TicketSystemDoor | None = None
    evidence: EvidenceBooks | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, when, and under which key it is done once."""

    deps: Deps
    by: str
    at: float
    key: str


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given to a request with an Idempotency-Key."""

    ask: BaseModel
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Memory:
    """What the web face keeps between requests; all of it may be lost with the process."""

    sessions: Sessions
    metrics: Metrics
    handovers: Allowance
    factor_tries: Allowance
    histories: dict[CallId, tuple[EarlierMatter, ...]] = field(default_factory=dict)
    """Earlier matters of the callers whom agents are typing about."""
    given: dict[tuple[AgentId, str, str], Given] = field(default_factory=dict)
    streams: Counter[AgentId] = field(default_factory=Counter)
    watches: Counter[AgentId] = field(default_factory=Counter)
    phones: Counter[AgentId] = field(default_factory=Counter)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
