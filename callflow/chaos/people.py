"""The people of a run: agents who answer by the story of the caller whose number they see."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from callflow.chaos.house import FOURTH
from callflow.chaos.plan import CallPlan
from callflow.chaos.stories import Answer, Does
from callflow.domain.names import Phase
from softphone_sim.desk import DeskRefused
from softphone_sim.phone.handset import CallSeen, PhoneRefused
from softphone_sim.run.acts import hang_up, press
from softphone_sim.run.crowd import CrowdCall
from softphone_sim.run.stage import Actor, Stage

LOOK_EVERY_S = 0.05
DESK_LIMIT_S = 2.0
"""An agent whose desk does not answer for so long takes the phone's keys."""

RING_AGE_S = 7.0
"""A phone rings on for a fault to come, for so long at most: within the limits of `house.TIMING`."""

CODES = {Does.BUSY: 486, Does.REJECT: 603}


async def until(look: Callable[[], object], limit_s: float) -> bool:
    """Whether `look` was content within the limit."""
    deadline = time.monotonic() + limit_s
    while not look():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True


def lasting(look: Callable[[], bool], for_s: float) -> Callable[[], bool]:
    """Whether `look` has been true at every look of the last `for_s`."""
    since: float | None = None

    def is_lasting() -> bool:
        nonlocal since
        if not look():
            since = None
            return False
        since = since or time.monotonic()
        return time.monotonic() - since >= for_s

    return is_lasting


@dataclass(eq=False)
class Person:
    """One agent: his phone, his desk, and how far his rings have been looked at."""

    actor: Actor
    site: str
    looked_at: int = 0
    died: dict[int, int] = field(default_factory=dict)
    """Of each phone that was killed (its place in `actor.past`): when, in nanoseconds."""

    async def ask(self, method: str, path: str, body: object = None) -> int:
        """One wish at the desk; the HTTP status, 0 when nobody answered in time."""
        if self.actor.desk is None:
            return 0
        try:
            async with asyncio.timeout(DESK_LIMIT_S):
                return (await self.actor.desk.ask(method, path, body)).status
        except (DeskRefused, TimeoutError):
            return 0

    def call_id_of(self, number: str) -> str | None:
        """The call of this caller, as his desk was told by a pop."""
        events = self.actor.desk.events if self.actor.desk else []
        told = (e.body for e in reversed(events) if e.type == "pop" and e.body.get("number") == number)
        return next((str(body["call_id"]) for body in told), None)


@dataclass(eq=False)
class Leg:
    """One ring at one agent, answered or not."""

    person: Person
    seen: CallSeen
    phone: int
    """Which of his phones: its place among those that he has had."""

    @property
    def is_live(self) -> bool:
        """Its phone is alive and the call is there."""
        actor = self.person.actor
        return self.seen.is_live and self.phone == len(actor.past) and not actor.handset.is_dead

    @property
    def is_in(self) -> bool:
        """Answered, and still there."""
        return self.is_live and self.seen.answered_ns is not None

    @property
    def rings(self) -> bool:
        """It rings now."""
        return self.is_live and self.seen.answered_ns is None


@dataclass(eq=False)
class Playing:
    """One caller's call as it goes on: what his and the agents' phones see of it."""

    plan: CallPlan
    stage: Stage
    wanted: Callable[[Playing], bool] = lambda _playing: True
    """Whether he is to stay where he is until a fault strikes him."""
    call: CrowdCall | None = None
    legs: list[Leg] = field(default_factory=list)
    lines: list[Leg] = field(default_factory=list)
    """Second lines of our agent's own phone."""
    keys: int = 0
    is_private: bool = False
    """Our agent asked to talk with the target alone first, and has not put the caller to them yet."""
    cut_ns: int | None = None
    """When something that he depends on was broken so that his leg is cut by nature of it."""
    struck: Counter[Phase] = field(default_factory=Counter)
    """How often faults have struck him in each phase."""
    looks: Counter[Phase] = field(default_factory=Counter)
    """How often he was seen in each phase, when all were looked at."""
    answering: set[asyncio.Task[None]] = field(default_factory=set)

    # ---- what the phones see

    def legs_at(self, site: str, which: Callable[[Leg], bool]) -> list[Leg]:
        """The agents' legs at a site that fit."""
        return [leg for leg in self.legs if leg.person.site == site and which(leg)]

    @property
    def caller_is_there(self) -> bool:
        """His line has not ended."""
        return self.call is not None and self.call.seen.is_live and self.cut_ns is None

    @property
    def ours(self) -> Leg | None:
        """The leg of our agent who is in."""
        return next(iter(self.legs_at(self.plan.origin, lambda leg: leg.is_in)), None)

    @property
    def theirs(self) -> Leg | None:
        """The leg of the target who is in."""
        return next(iter(self.legs_at(self.plan.far, lambda leg: leg.is_in)), None)

    @property
    def fourth(self) -> Leg | None:
        """The leg of the fourth party who is in."""
        return next(iter(self.legs_at(FOURTH, lambda leg: leg.is_in)), None)

    def all_legs(self) -> list[Leg]:
        """Everybody's, second lines too."""
        return [*self.legs, *self.lines]

    @property
    def line(self) -> Leg | None:
        """The second line of our agent's phone, while it is there."""
        return next((one for one in self.lines if one.is_live), None)

    def phase(self) -> Phase | None:
        """Who hears whom, by the phones alone; None when the call has not begun or is over."""
        ours, theirs = self.ours is not None, (self.theirs or self.fourth) is not None
        if not self.caller_is_there:
            return Phase.AGENTS_ONLY if ours and theirs else None
        if ours:
            rings = bool(self.legs_at(self.plan.far, lambda leg: leg.rings))
            if theirs:
                return Phase.CONSULTING if self.is_private else Phase.THREE_WAY
            return Phase.INVITING if rings else Phase.TALKING
        if theirs:
            return Phase.HANDED_OVER
        if self.legs_at(self.plan.far, lambda leg: leg.rings):
            return Phase.WAITING
        assert self.call is not None
        return Phase.QUEUED if self.call.seen.answered_ns is None else Phase.RECALLING

    # ---- what people do when it rings

    def rings(self, person: Person, seen: CallSeen) -> None:
        """An agent's phone rings for this caller: he will do as the story says."""
        leg = Leg(person, seen, len(person.actor.past))
        self.legs.append(leg)
        task = asyncio.create_task(self._meet(leg))
        self.answering.add(task)
        task.add_done_callback(self.answering.discard)

    async def linger(self, limit_s: float) -> None:
        """Stay where a fault is to strike him until one has, or the phase is over."""
        phase = self.phase()
        await until(lambda: self.phase() is not phase or not self.wanted(self), limit_s)

    def look(self) -> None:
        """Count where he is now."""
        if (phase := self.phase()) is not None:
            self.looks[phase] += 1

    async def _meet(self, leg: Leg) -> None:
        does, after_s = self._way_to_meet(leg)
        await asyncio.sleep(after_s)
        await self.linger(RING_AGE_S - after_s)
        if not leg.rings or does is Does.IGNORE:
            return
        with suppress(PhoneRefused):
            await leg.person.actor.handset.order("answer", call=leg.seen.name, code=CODES.get(does, 200))

    def _way_to_meet(self, leg: Leg) -> tuple[Does, float]:
        story = self.plan.story
        if leg.person.site == FOURTH:
            return Does.ANSWER, story.next_answer_s
        if leg.person.site == self.plan.far:
            answer: Answer = story.answers[min(max(self.keys, 1), len(story.answers)) - 1]
            return answer.does, answer.after_s
        answered = self.legs_at(self.plan.origin, lambda one: one.seen.answered_ns is not None)
        return Does.ANSWER, story.next_answer_s if answered else story.first_answer_s


async def leave(playing: Playing, leg: Leg | None) -> None:
    """An agent hangs up his end; one that is gone is no error."""
    if leg is not None and leg.is_live:
        with suppress(PhoneRefused):
            await hang_up(playing.stage, leg.person.actor, leg.seen)


async def press_keys(playing: Playing, leg: Leg, keys: str) -> None:
    """An agent presses keys of his phone."""
    if leg.is_in:
        with suppress(PhoneRefused):
            await press(playing.stage, leg.person.actor, keys, leg.seen)


async def refer(leg: Leg, to: str) -> None:
    """An agent's transfer key; his phone ends its own leg when it is told that it was taken."""
    host = (leg.person.actor.handset.spec.registrar or "").removeprefix("sip:")
    with suppress(PhoneRefused):
        await leg.person.actor.handset.order("refer", call=leg.seen.name, to=f"sip:{to}@{host}")
