"""Plays a plan on the lab: callers come, agents answer, faults strike where the plan wants them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from callflow.chaos.director import act_out
from callflow.chaos.faults import Breaker, Mend
from callflow.chaos.house import AGENTS_A_SITE
from callflow.chaos.people import LOOK_EVERY_S, Leg, Person, Playing, until
from callflow.chaos.plan import (
    CALLS_FOR_THEM,
    CELLS,
    HITS_WANTED,
    INJECTIONS,
    OF_A_SITE,
    PHASES,
    CallPlan,
    ChaosPlan,
    Fault,
    Injection,
)
from callflow.domain.names import Phase
from softphone_sim.phone.handset import PhoneRefused
from softphone_sim.run.crowd import TONES_HZ, Crowd
from softphone_sim.run.stage import Actor, Stage

WINDOW = 12
"""Of so many planned faults the one strikes next whose phase most calls are in."""

STRIKES_A_CALL = INJECTIONS / CALLS_FOR_THEM
BETWEEN_S = 0.3
CARRIER_PHONES = 4
NEW_PHONE_AFTER_S = 1.0
QUIET_LIMIT_S = 45.0
CARRIER_LOSES_HIM = 'Q.850;cause=38;text="Network out of order"'


@dataclass(frozen=True, slots=True)
class Hit:
    """One call that a fault struck, and where it was."""

    fault: Fault
    site: str
    at_ns: int
    number: str
    phase: Phase


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
    hits: list[Hit] = field(default_factory=list)
    struck: Counter[Fault] = field(default_factory=Counter)
    _by_number: dict[str, Playing] = field(default_factory=dict)
    _live: set[Playing] = field(default_factory=set)
    _repairs: set[asyncio.Task[None]] = field(default_factory=set)
    _group: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)
    _is_over: bool = False

    # ---- calls

    async def play(self) -> None:
        """Everything of the plan, then until nobody's phone has a call.

        Raises:
            LabError: a part did not come back after a fault; the run ends at once.
        """
        try:
            async with asyncio.TaskGroup() as self._group:
                watching = self._group.create_task(self._watch_phones())
                striking = self._group.create_task(self._strike_sites())
                await self._calls()
                self._is_over = True
                await striking
                while self._repairs:
                    await asyncio.wait(self._repairs)
                watching.cancel()
        except ExceptionGroup as lost:
            raise _first(lost) from lost
        await self.breaker.all_ready()

    async def _calls(self) -> None:
        places = asyncio.Semaphore(self.at_once)
        async with asyncio.TaskGroup() as group:
            for call in self.plan.calls:
                await places.acquire()
                await until(lambda call=call: self._can_dial(call), QUIET_LIMIT_S)  # type: ignore[misc]
                group.create_task(self._one(call, places))
                await asyncio.sleep(0.15)
                if (call.place + 1) % 50 == 0:
                    self.say(f"{call.place + 1} of {len(self.plan.calls)} calls begun, {len(self.hits)} hits")

    def _can_dial(self, call: CallPlan) -> bool:
        """He would get through: who dials while the PBX is gone dials again later."""
        return not self.breaker.pbx_is_down(call.origin) and self.crowd.has_room()

    async def _one(self, plan: CallPlan, places: asyncio.Semaphore) -> None:
        playing = Playing(plan, self.stage)
        self.playings.append(playing)
        self._by_number[plan.number] = playing
        self._live.add(playing)
        striking = asyncio.create_task(self._strike_him(playing)) if plan.fault else None
        try:
            await act_out(playing, self.crowd)
        finally:
            self._live.discard(playing)
            places.release()
            if striking is not None:
                striking.cancel()
                await asyncio.gather(striking, return_exceptions=True)

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
            await asyncio.sleep(LOOK_EVERY_S)

    # ---- faults of a site

    async def _strike_sites(self) -> None:
        waiting = list(self.plan.injections)
        while not self._is_over:
            self._extend(waiting)
            is_early = sum(self.struck[fault] for fault in OF_A_SITE) > len(self.playings) * STRIKES_A_CALL
            whole = [one for one in waiting if self.breaker.parts.is_free(one.fault, one.site)]
            chosen = None if is_early else self._choose(whole[:WINDOW])
            if chosen is None:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            waiting.remove(chosen)
            await asyncio.sleep(chosen.after_s)
            await self._strike(chosen)
            await asyncio.sleep(BETWEEN_S)

    def _extend(self, waiting: list[Injection]) -> None:
        """When the plan's own faults have struck: those again whose cells are not full."""
        if waiting:
            return
        full = Counter((hit.fault, hit.phase) for hit in self.hits)
        again = [one for one in self.plan.injections if full[one.fault, one.phase] < HITS_WANTED]
        waiting += again or self.plan.injections

    def _choose(self, waiting: list[Injection]) -> Injection | None:
        """The fault that would strike most calls in cells that are short now; of equals the one of fuller phases."""
        have = Counter((hit.fault, hit.phase) for hit in self.hits)
        counted = [(*self._worth(one, have), -one.place, one) for one in waiting]
        most = max(counted, default=None, key=lambda row: row[:3])
        is_any_short = any(have[one.fault, phase] < HITS_WANTED for one in waiting for phase in PHASES)
        return most[3] if most is not None and (most[0] > 0 or (most[1] > 0 and not is_any_short)) else None

    def _worth(self, injection: Injection, have: Counter[tuple[Fault, Phase]]) -> tuple[int, int]:
        phases = [phase for p in self._live if (phase := p.phase()) and _concerns(injection, p)]
        short = sum(have[injection.fault, phase] < HITS_WANTED for phase in phases)
        return short, phases.count(injection.phase)

    async def _strike(self, injection: Injection) -> None:
        if not self.breaker.parts.is_free(injection.fault, injection.site):
            return
        hit = [(p, phase) for p in self._live if (phase := p.phase()) and _concerns(injection, p)]
        kills_pbx = injection.fault is Fault.FAR_PBX_KILLED
        cut = [p for p in self._live if kills_pbx and p.plan.origin == injection.site and p.caller_is_there]
        gone = [leg for p in self._live if kills_pbx for leg in p.legs_at(injection.site, lambda one: one.is_live)]
        at_ns = time.time_ns()
        mend = await self.breaker.strike(injection.fault, injection.site)
        for playing in cut:
            playing.cut_ns = at_ns
        self.struck[injection.fault] += 1
        self._note(injection.fault, injection.site, at_ns, hit)
        self._repair(self._mend(injection, mend, gone))

    async def _mend(self, injection: Injection, mend: Mend, gone: list[Leg]) -> None:
        await asyncio.sleep(injection.lasts_s)
        await mend()
        for leg in gone:  # a phone whose PBX died hears nothing and puts down
            with suppress(PhoneRefused):
                await leg.person.actor.handset.order("hang_up", call=leg.seen.name)

    def _repair(self, work: Coroutine[Any, Any, None]) -> None:
        """Its failure is the run's: who waits for a part that never comes back waits for ever."""
        task = self._group.create_task(work)
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)

    def _note(self, fault: Fault, site: str, at_ns: int, hit: list[tuple[Playing, Phase]]) -> None:
        for playing, phase in hit:
            playing.struck_in.add(phase)
            self.hits.append(Hit(fault, site, at_ns, playing.plan.number, phase))
        where = Counter(phase.value for _, phase in hit)
        at_s = (at_ns - self.stage.began_ns) / 1e9
        self.say(f"{at_s:8.3f}  {fault.value} {site}: {', '.join(f'{n} {phase}' for phase, n in where.items())}")

    # ---- faults of one call

    async def _strike_him(self, playing: Playing) -> None:
        assert playing.plan.fault is not None
        fault, phase = playing.plan.fault
        if not await until(lambda: playing.phase() is phase, QUIET_LIMIT_S):
            return
        await asyncio.sleep(playing.plan.fault_after_s)
        now = playing.phase()
        if now is None:
            return
        leg = next((one for one in playing.legs if one.is_in), None) or next(
            (one for one in playing.legs if one.rings), None
        )
        if fault is Fault.AGENT_PHONE_KILLED and leg is None:
            return
        self.struck[fault] += 1
        self._note(fault, playing.plan.origin, time.time_ns(), [(playing, now)])
        if fault is Fault.CALLER_LEG_LOST and playing.call is not None:
            with suppress(PhoneRefused):
                await self.crowd.hang_up(playing.call, CARRIER_LOSES_HIM)
        elif leg is not None:
            self._kill_phone(leg.person)

    def _kill_phone(self, person: Person) -> None:
        person.died[len(person.actor.past)] = time.time_ns()
        person.actor.handset.kill()
        self._repair(self._new_phone(person))

    async def _new_phone(self, person: Person) -> None:
        await asyncio.sleep(NEW_PHONE_AFTER_S)
        while True:
            await until(lambda: not self.breaker.pbx_is_down(person.site), QUIET_LIMIT_S)
            try:
                await self.stage.replace_phone(person.actor)
            except PhoneRefused:
                await asyncio.sleep(0.5)  # its PBX has just gone
            else:
                person.looked_at = 0
                return


def _first(lost: ExceptionGroup[Exception]) -> Exception:
    """The first of what went wrong; the others are its consequences."""
    found = lost.exceptions[0]
    return _first(found) if isinstance(found, ExceptionGroup) else found


def _concerns(injection: Injection, playing: Playing) -> bool:
    """A far PBX or a trunk matters to callers of the other platform; a program to whoever has a leg there."""
    if injection.fault in (Fault.FAR_PBX_KILLED, Fault.TRUNK_BLACK_HOLED):
        return playing.plan.origin != injection.site
    if injection.fault is Fault.DATA_LINK_CUT:
        return True
    return playing.plan.origin == injection.site or any(leg.is_live for leg in playing.legs_at(injection.site, bool))


def matrix(hits: list[Hit]) -> dict[tuple[Fault, Phase], int]:
    """How often each kind of fault struck each phase."""
    counted = Counter((hit.fault, hit.phase) for hit in hits)
    return {cell: counted[cell] for cell in CELLS}


@asynccontextmanager
async def cast(stage: Stage, sites: tuple[str, ...]) -> AsyncIterator[tuple[Crowd, list[Person]]]:
    """Two carriers' phones and every agent with phone and desk."""
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
    taken = set(stage.tones_hz.values())
    yield Crowd(stage, carriers, [hz for hz in TONES_HZ if hz not in taken]), people
