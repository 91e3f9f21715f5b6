"""Plays a plan on the lab: callers come, agents answer, and meanwhile faults strike (`strike`)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from callflow.chaos.director import act_out
from callflow.chaos.faults import Breaker
from callflow.chaos.house import AGENTS_A_SITE, FOURTH
from callflow.chaos.people import LOOK_EVERY_S, Person, Playing, until
from callflow.chaos.plan import CallPlan, ChaosPlan
from callflow.chaos.steer import next_caller
from callflow.chaos.strike import Striker
from callflow.domain.names import Phase
from softphone_sim.run.crowd import TONES_HZ, Crowd
from softphone_sim.run.stage import Actor, Stage

NEAR = 30
"""Of so many planned callers the one calls next who is wanted most."""

CARRIER_PHONES = 6
QUIET_LIMIT_S = 45.0
BETWEEN_CALLS_S = 0.15


@dataclass(eq=False)
class Run:
    """A run under way."""

    plan: ChaosPlan
    stage: Stage
    crowd: Crowd
    people: list[Person]
    breaker: Breaker
    at_once: int
    say: Callable[[str], None]
    playings: list[Playing] = field(default_factory=list)
    striker: Striker = field(init=False)
    _by_number: dict[str, Playing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Whoever strikes sees the same calls."""
        self.striker = Striker(self.plan, self.stage, self.crowd, self.breaker, self.say)

    async def play(self) -> None:
        """Everything of the plan, then until nobody's phone has a call and all is whole.

        Raises:
            LabError: a part did not come back after a fault; the run ends at once.
        """
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._watch_phones())
                striking = group.create_task(self.striker.strike())
                await self._calls()
                self.striker.is_over = True
                await striking
                watching.cancel()
        except ExceptionGroup as lost:
            raise _first(lost) from lost

    async def _calls(self) -> None:
        places = asyncio.Semaphore(self.at_once)
        planned, reserve = list(self.plan.calls), list(self.plan.reserve)
        async with asyncio.TaskGroup() as group:
            while waiting := planned or (reserve if self.striker.tally.is_short else []):
                await places.acquire()
                there = [one.plan.lingers for one in self.striker.live]
                call = next_caller(waiting[:NEAR], there, self.striker.tally, len(self.playings))
                waiting.remove(call)
                await until(lambda call=call: self._can_dial(call), QUIET_LIMIT_S)  # type: ignore[misc]
                group.create_task(self._one(call, places))
                await asyncio.sleep(BETWEEN_CALLS_S)
                if len(waiting) % 50 == 0:
                    begun, hits = len(self.playings), len(self.striker.hits)
                    self.say(f"{begun} of {len(self.plan.calls)} calls begun, {hits} hits")

    def looks(self) -> dict[Phase, float]:
        """How long callers were in each phase, all together, in seconds; what the looks took besides is left out."""
        counted = sum((one.looks for one in self.playings), Counter[Phase]())
        return {phase: n * LOOK_EVERY_S for phase, n in counted.items()}

    def _can_dial(self, call: CallPlan) -> bool:
        """He would get through: who dials while the PBX is gone dials again later."""
        return not self.breaker.pbx_is_down(call.origin) and self.crowd.has_room()

    async def _one(self, plan: CallPlan, places: asyncio.Semaphore) -> None:
        playing = Playing(plan, self.stage, wanted=self.striker.wants)
        self.playings.append(playing)
        self._by_number[plan.number] = playing
        self.striker.live.add(playing)
        self.striker.begun += 1
        try:
            await act_out(playing, self.crowd)
        finally:
            self.striker.live.discard(playing)
            places.release()

    async def _watch_phones(self) -> None:
        """Whoever's phone rings looks whose number it shows."""
        while True:
            for person in self.people:
                calls = person.actor.handset.calls
                while person.looked_at < len(calls):
                    seen = calls[person.looked_at]
                    person.looked_at += 1
                    number = seen.invite.shown_number if seen.is_incoming and seen.invite else None
                    playing = self._by_number.get(number or "")
                    if playing is not None:
                        playing.rings(person, seen)
            for playing in self.striker.live:
                playing.look()
            await asyncio.sleep(LOOK_EVERY_S)


def _first(lost: ExceptionGroup[Exception]) -> Exception:
    """The first of what went wrong; the others are its consequences."""
    found = lost.exceptions[0]
    return _first(found) if isinstance(found, ExceptionGroup) else found


@asynccontextmanager
async def cast(stage: Stage, sites: tuple[str, ...]) -> AsyncIterator[tuple[Crowd, list[Person]]]:
    """The carriers' phones, every agent with phone and desk, and the fire brigade's phone behind a carrier."""
    assert stage.lab is not None
    tones = iter(TONES_HZ)
    carriers: list[Actor] = []
    places = stage.lab.carrier.trusted
    for number in range(CARRIER_PHONES):
        name, address = f"carrier{number + 1}", places[number % len(places)]
        carriers.append(await stage.caller(name, number="0", address=address, tone_hz=next(tones)))
    seats = [(site, seat) for site in sites for seat in range(1, AGENTS_A_SITE + 1)]
    actors = await asyncio.gather(
        *(stage.agent(f"{site}-{seat}", platform=site, seat=seat, tone_hz=next(tones)) for site, seat in seats)
    )
    people = [Person(actor, site) for actor, (site, _) in zip(actors, seats, strict=True)]
    fire = await stage.phone("fire", number=FOURTH, carrier=1, tone_hz=next(tones))
    people.append(Person(fire, FOURTH))
    taken = set(stage.tones_hz.values())
    yield Crowd(stage, carriers, [hz for hz in TONES_HZ if hz not in taken]), people
