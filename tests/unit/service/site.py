"""One platform in memory, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from callflow.adapters.fakes import FakeCaseFiles, FakeDesks, FakeFacts, FakeJournal, FakeOutbox, FakePbx
from callflow.domain.calls import Call
from callflow.domain.events import AgentAnswered, Event, HandoverRequested, TargetInvited, TargetJoined
from callflow.domain.names import CallId, ChannelName, Consent, Kind, Way
from callflow.domain.rules import SiteRules
from callflow.service.controller import Controller
from callflow.service.deadlines import Deadlines
from callflow.service.orders import Orders
from callflow.service.patient_facts import PatientFacts
from callflow.service.ports import LiveChannel
from callflow.service.runner import SWEEP_EVERY_S, Runner
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    CALLER_CHANNEL,
    FIRST,
    GOV_RULES,
    TO_POLICE,
    TRUNK,
    caller_arrived,
)


@dataclass
class PlatformInMemory:
    rules: SiteRules = GOV_RULES
    now: float = 0.0
    facts: FakeFacts = field(default_factory=FakeFacts)
    pbx: FakePbx = field(default_factory=FakePbx)
    desks: FakeDesks = field(default_factory=FakeDesks)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    files: FakeCaseFiles = field(default_factory=FakeCaseFiles)
    journal: FakeJournal = field(default_factory=FakeJournal)
    sweep_every_s: float = SWEEP_EVERY_S

    def __post_init__(self) -> None:
        self.patient = PatientFacts(self.facts)
        orders = Orders(self.patient, self.pbx, self.desks, self.files, self.clock)
        self.deadlines = Deadlines(self.rules, self.clock, self.clock)
        self.controller = Controller(self.rules, orders, self.outbox, self.deadlines)
        self.runner = Runner(self.controller, self.patient, self.pbx, self.journal, sweep_every_s=self.sweep_every_s)

    def clock(self) -> float:
        return self.now

    async def happen(self, *events: Event) -> None:
        """One after the other, each at its own moment."""
        for event in events:
            self.now = max(self.now, event.at)
            await self.controller.happened(event)

    async def call(self, call_id: CallId = CALL) -> Call:
        call = await self.patient.call(call_id)
        assert call is not None
        return call

    async def settle(self) -> None:
        """Everything that the journal says is decided."""
        await self.runner._everything_written_is_decided()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """With the runner's tasks, ready; ended afterwards."""
        task = asyncio.get_running_loop().create_task(self.runner.run())
        try:
            async with asyncio.timeout(5):
                await self.runner.ready.wait()
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


ANSWERED: list[Event] = [caller_arrived(), AgentAnswered(CALL, 0.0, AGENT, AGENT_CHANNEL)]
ONE_KEY = HandoverRequested(CALL, 1.0, AGENT, FIRST, TO_POLICE, Kind.ONE_KEY, Consent.AGREED, "lost passport")
INVITED = TargetInvited(CALL, 1.1, FIRST, TO_POLICE, Kind.ONE_KEY, Way.DESK, TRUNK, danger=False)
JOINED = TargetJoined(CALL, 5.0, FIRST)


def live(*names: ChannelName, call_id: CallId = CALL) -> list[LiveChannel]:
    """Asterisk's list of these channels, all up in a bridge."""
    return [LiveChannel(name, call_id, name == CALLER_CHANNEL, "bridge", "Up") for name in names]


async def until(holds: Callable[[], bool]) -> None:
    """Let the other tasks run until it is so; five seconds are the end of all patience."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - only lets the others run; the fakes have no bell to wait for
            await asyncio.sleep(0)
