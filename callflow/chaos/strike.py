"""Faults strike: the plan's, in the order in which they are worth most (`steer`), and each is mended again."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from callflow.chaos.faults import Breaker, Mend
from callflow.chaos.people import LOOK_EVERY_S, Leg, Person, Playing, until
from callflow.chaos.plan import (
    CALLS_FOR_THEM,
    INJECTIONS,
    OF_A_PBX,
    OF_A_SITE,
    OF_ONE_CALL,
    SITES,
    ChaosPlan,
    Fault,
    Injection,
)
from callflow.chaos.steer import Standing, Tally, is_concerned, is_wanted, may_stay, next_fault, next_of_one, tally_of
from callflow.domain.names import Phase
from softphone_sim.phone.handset import PhoneRefused
from softphone_sim.run.crowd import Crowd
from softphone_sim.run.stage import Stage

STRIKES_A_CALL = 1.2 * INJECTIONS / CALLS_FOR_THEM
OWN_STRIKES_A_CALL = 0.4
BETWEEN_S, BETWEEN_OWN_S = 0.3, 0.4
CALM_S = 6.0
"""Between two faults of PBXes: while one is away nobody is handed over, and the rare phases stay empty."""
QUICK = tuple(fault for fault in OF_A_SITE if fault not in OF_A_PBX)
"""What keeps pace with the calls; a PBX's faults have their calm, and would wait behind these for ever."""

NEW_PHONE_AFTER_S = 1.0
REGISTER_AGAIN_S = 0.5
PBX_LIMIT_S = 45.0
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
class Striker:
    """Strikes the calls of a run that are live (`live`), and keeps count."""

    plan: ChaosPlan
    stage: Stage
    crowd: Crowd
    breaker: Breaker
    say: Callable[[str], None]
    live: set[Playing] = field(default_factory=set)
    begun: int = 0
    """How many calls there were so far: faults keep pace with them."""
    hits: list[Hit] = field(default_factory=list)
    struck: Counter[Fault] = field(default_factory=Counter)
    tally: Tally = field(init=False)
    is_over: bool = False
    _calm_from: float = 0.0
    _group: asyncio.TaskGroup | None = None
    _repairs: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Nothing has struck yet."""
        self.tally = tally_of(len(self.plan.calls))

    async def strike(self) -> None:
        """Until `is_over`, and until all that was broken is whole again.

        Raises:
            LabError: a part did not come back; at once, because who waits for it waits for ever.
        """
        async with asyncio.TaskGroup() as self._group:
            self._group.create_task(self._strike_sites())
            self._group.create_task(self._strike_calls())
        await self.breaker.all_ready()

    def standing(self, playing: Playing) -> Standing | None:
        """Where this call is now; None when it has not begun or is over."""
        phase = playing.phase()
        if phase is None:
            return None
        there = {leg.person.site for leg in playing.legs if leg.is_live}
        return Standing(
            number=playing.plan.number,
            phase=phase,
            origin=playing.plan.origin,
            sites=frozenset({playing.plan.origin, *there}),
            phones=frozenset(there.intersection(SITES)),
            struck=playing.struck[phase],
            stays=may_stay(playing.plan.lingers, phase, self.tally),
        )

    def wants(self, playing: Playing) -> bool:
        """Whether he is to stay where he is, to be struck there."""
        call = self.standing(playing)
        is_passing = playing.plan.lingers is None
        return call is not None and not is_passing and call.stays and is_wanted(call, self.tally)

    def _standings(self) -> dict[str, tuple[Playing, Standing]]:
        return {call.number: (one, call) for one in self.live if (call := self.standing(one)) is not None}

    # ---- faults of a site

    async def _strike_sites(self) -> None:
        waiting: list[Injection] = []
        while not self.is_over:
            self._deal(waiting, OF_A_SITE)
            is_early = self._is_early(QUICK, STRIKES_A_CALL)
            free = [one for one in waiting if self._may_strike(one) and not (is_early and one.fault in QUICK)]
            chosen = next_fault(free, [call for _, call in self._standings().values()], self.tally)
            if chosen is None:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            waiting.remove(chosen)
            await asyncio.sleep(chosen.after_s)
            await self._strike_site(chosen)
            await asyncio.sleep(BETWEEN_S)

    def _may_strike(self, injection: Injection) -> bool:
        """What it breaks is whole; and no PBX is away, or was just now, when it is a PBX's."""
        if injection.fault in OF_A_PBX and (self._is_a_pbx_away() or time.monotonic() < self._calm_from):
            return False
        return self.breaker.parts.is_free(injection.fault, injection.site)

    def _is_a_pbx_away(self) -> bool:
        return any(self.breaker.pbx_is_down(site) for site in SITES)

    def _is_early(self, kinds: tuple[Fault, ...], a_call: float) -> bool:
        """Faults come as calls come."""
        return sum(self.struck[fault] for fault in kinds) >= self.begun * a_call

    def _deal(self, waiting: list[Injection], kinds: tuple[Fault, ...]) -> None:
        """When the plan's own faults of a kind have struck: those again whose cells are not full."""
        spent = set(kinds) - {one.fault for one in waiting}
        mine = [one for one in self.plan.injections if one.fault in spent]
        waiting += [one for one in mine if self.tally.need(one.fault, one.phase)]
        waiting += mine if not waiting else []

    async def _strike_site(self, injection: Injection) -> None:
        if not self._may_strike(injection):
            return
        hit = [(one, call.phase) for one, call in self._standings().values() if is_concerned(injection, call)]
        kills_pbx = injection.fault is Fault.FAR_PBX_KILLED
        cut = [p for p in self.live if kills_pbx and p.plan.origin == injection.site and p.caller_is_there]
        gone = [leg for p in self.live if kills_pbx for leg in p.legs_at(injection.site, lambda one: one.is_live)]
        at_ns = time.time_ns()
        mend = await self.breaker.strike(injection.fault, injection.site)
        for playing in cut:
            playing.cut_ns = at_ns
        self._note(injection.fault, injection.site, at_ns, hit)
        self._repair(self._mend(injection, mend, gone))

    async def _mend(self, injection: Injection, mend: Mend, gone: list[Leg]) -> None:
        await asyncio.sleep(injection.lasts_s)
        await mend()
        if injection.fault in OF_A_PBX:
            self._calm_from = time.monotonic() + CALM_S
        for leg in gone:  # a phone whose PBX died hears nothing and puts down
            with suppress(PhoneRefused):
                await leg.person.actor.handset.order("hang_up", call=leg.seen.name)

    def _repair(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None, "faults strike while `strike` runs"
        self._group.create_task(work)

    def _note(self, fault: Fault, site: str, at_ns: int, hit: list[tuple[Playing, Phase]]) -> None:
        self.struck[fault] += 1
        for playing, phase in hit:
            playing.struck[phase] += 1
            self.hits.append(Hit(fault, site, at_ns, playing.plan.number, phase))
            self.tally.hits[fault, phase] += 1
        where = Counter(phase.value for _, phase in hit)
        at_s = (at_ns - self.stage.began_ns) / 1e9
        self.say(f"{at_s:8.3f}  {fault.value} {site}: {', '.join(f'{n} {phase}' for phase, n in where.items())}")

    # ---- faults of one call

    async def _strike_calls(self) -> None:
        waiting: list[Injection] = []
        while not self.is_over:
            self._deal(waiting, OF_ONE_CALL)
            there = {} if self._is_early(OF_ONE_CALL, OWN_STRIKES_A_CALL) else self._standings()
            chosen = next_of_one(waiting, [call for _, call in there.values()], self.tally)
            if chosen is None:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            injection, call = chosen
            waiting.remove(injection)
            await asyncio.sleep(injection.after_s)
            await self._strike_call(injection, there[call.number][0])
            await asyncio.sleep(BETWEEN_OWN_S)

    async def _strike_call(self, injection: Injection, playing: Playing) -> None:
        now = self.standing(playing)
        if now is None or playing.call is None or not is_concerned(injection, now):
            return
        if injection.fault is Fault.CALLER_LEG_LOST:
            if playing.caller_is_there:
                self._note(injection.fault, playing.plan.origin, time.time_ns(), [(playing, now.phase)])
                with suppress(PhoneRefused):
                    await self.crowd.hang_up(playing.call, CARRIER_LOSES_HIM)
            return
        leg = _whose_phone(playing, injection.site)
        self._note(injection.fault, leg.person.site, time.time_ns(), [(playing, now.phase)])
        self._kill_phone(leg.person)

    def _kill_phone(self, person: Person) -> None:
        person.died[len(person.actor.past)] = time.time_ns()
        person.actor.handset.kill()
        self._repair(self._new_phone(person))

    async def _new_phone(self, person: Person) -> None:
        await asyncio.sleep(NEW_PHONE_AFTER_S)
        while True:
            await until(lambda: not self.breaker.pbx_is_down(person.site), PBX_LIMIT_S)
            try:
                await self.stage.replace_phone(person.actor)
            except PhoneRefused:
                await asyncio.sleep(REGISTER_AGAIN_S)  # its PBX has just gone
            else:
                person.looked_at = 0
                return


def _whose_phone(playing: Playing, site: str) -> Leg:
    """Of the agents who are with him or being rung, one who is in, and of those one of this platform."""
    legs = [leg for leg in playing.legs if leg.is_live and leg.person.site in SITES]
    return max(legs, key=lambda leg: (leg.is_in, leg.person.site == site))
