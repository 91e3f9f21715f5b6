"""The plan of a chaos run: who calls, what everybody will do, which faults strike. A pure function of the seed.

A call's acts wait for a phase, not for the clock, and so do faults: what really happens first is chance, but every
phase is struck by every kind of fault again and again (`injections`, `CallPlan.fault`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

from callflow.chaos.stories import PASSERS_BY, STORIES, VISITORS, Act, Answer, Story
from callflow.domain.names import Phase

T = TypeVar("T")
SITES = ("12345", "110")


class Fault(StrEnum):
    """The kinds of fault of issue item 7."""

    PROGRAM_KILLED = "program_killed"
    PROGRAM_FROZEN = "program_frozen"
    AMI_CUT = "ami_cut"
    AMI_HALF_OPEN = "ami_half_open"
    REDIS_GONE = "redis_gone"
    FAR_PBX_KILLED = "far_pbx_killed"
    TRUNK_BLACK_HOLED = "trunk_black_holed"
    DATA_LINK_CUT = "data_link_cut"
    AGENT_PHONE_KILLED = "agent_phone_killed"
    CALLER_LEG_LOST = "caller_leg_lost"


OF_ONE_CALL = (Fault.AGENT_PHONE_KILLED, Fault.CALLER_LEG_LOST)
"""Faults of one call's own; every other one strikes a whole site or the link between the two."""

OF_A_PBX = frozenset({Fault.FAR_PBX_KILLED, Fault.TRUNK_BLACK_HOLED})
OF_A_SITE = tuple(fault for fault in Fault if fault not in OF_ONE_CALL)

PHASES = (
    Phase.QUEUED,
    Phase.TALKING,
    Phase.INVITING,
    Phase.CONSULTING,
    Phase.THREE_WAY,
    Phase.WAITING,
    Phase.HANDED_OVER,
    Phase.RECALLING,
    Phase.AGENTS_ONLY,
)

NEVER = frozenset({(Fault.CALLER_LEG_LOST, Phase.AGENTS_ONLY)})
"""The caller's leg cannot be lost when he is gone."""

CELLS = tuple((fault, phase) for fault in Fault for phase in PHASES if (fault, phase) not in NEVER)
HITS_WANTED, CALLS_FOR_THEM = 5, 300
LINGERS: dict[Phase | None, int] = {
    None: 3,
    Phase.QUEUED: 1,
    Phase.TALKING: 1,
    Phase.INVITING: 2,
    Phase.CONSULTING: 6,
    Phase.THREE_WAY: 3,
    Phase.WAITING: 7,
    Phase.HANDED_OVER: 4,
    Phase.RECALLING: 4,
    Phase.AGENTS_ONLY: 3,
}
"""Where callers stay for some seconds to be struck, and how many of 34: most where one seldom comes. None: nowhere."""

INJECTIONS = 250
"""Faults of a site for so many calls."""

OWN_FAULTS_A_CELL = 6
RESERVE = 0.2
"""So many callers more, of those planned, at most."""


@dataclass(frozen=True, slots=True)
class CallPlan:
    """One caller: where he calls, what becomes of him if nothing breaks, and what breaks for him alone."""

    place: int
    number: str
    origin: str
    story: Story
    lingers: Phase | None  # where he stays until faults have struck him, for some seconds at most
    patience_s: float  # how long he stays after the last act, before he hangs up
    goodbye_s: float  # how long the agents talk on after he is gone

    @property
    def far(self) -> str:
        """The other platform."""
        return SITES[1 - SITES.index(self.origin)]


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault: of a site, mended after `lasts_s`; or of one call, then at `site` if the agent's phone is there.

    It strikes `after_s` after it was chosen, and is meant for `phase`; which calls are where decides (`steer.py`).
    """

    place: int
    fault: Fault
    phase: Phase
    site: str
    after_s: float
    lasts_s: float


@dataclass(frozen=True, slots=True)
class ChaosPlan:
    """All of it."""

    seed: int
    calls: tuple[CallPlan, ...]
    injections: tuple[Injection, ...]
    reserve: tuple[CallPlan, ...] = ()
    """Who calls besides, while some fault has struck some phase too seldom when everybody else has called."""


LASTS_S: dict[Fault, tuple[float, float]] = {
    Fault.PROGRAM_KILLED: (0.1, 1.5),
    Fault.PROGRAM_FROZEN: (0.5, 4.0),
    Fault.AMI_CUT: (0.0, 0.1),
    Fault.AMI_HALF_OPEN: (1.0, 4.0),
    Fault.REDIS_GONE: (0.5, 2.0),
    Fault.FAR_PBX_KILLED: (0.1, 1.0),
    Fault.TRUNK_BLACK_HOLED: (1.0, 6.5),
    Fault.DATA_LINK_CUT: (1.0, 3.0),
}


def make_plan(calls: int, seed: int) -> ChaosPlan:
    """The plan of this seed: the same for ever."""
    chance = Random(f"chaos {seed} {calls}")  # noqa: S311 - repeatable, nothing secret
    planned, injections = tuple(_calls(calls, chance)), tuple(_injections(calls, chance))
    more = round(RESERVE * calls) if calls >= CALLS_FOR_THEM else 0  # a short run fills what it can
    return ChaosPlan(seed, planned, injections, tuple(_calls(more, chance, first=calls)))


def _calls(count: int, chance: Random, first: int = 0) -> Iterator[CallPlan]:
    stays = _dealt([phase for phase, n in LINGERS.items() for _ in range(n)], count, chance)
    stories = {phase: _dealt(names, count, chance) for phase, names in (VISITORS | {None: PASSERS_BY}).items()}
    for place, lingers in enumerate(stays, first):
        name = stories[lingers].pop()
        origin = STORIES[name].only_at or SITES[place % 2]
        yield CallPlan(
            place=place,
            number=f"138{chance.randrange(1000):03d}{place:05d}",
            origin=origin,
            story=_varied(STORIES[name], chance),
            lingers=lingers,
            patience_s=chance.uniform(0.6, 1.6),
            goodbye_s=chance.uniform(0.8, 1.8),
        )


def _varied(story: Story, chance: Random) -> Story:
    """The story with this caller's own times."""
    acts = tuple(Act(a.do, a.when, a.after_s * chance.uniform(0.4, 1.6), a.way, a.kind) for a in story.acts)
    answers = tuple(Answer(a.does, a.after_s * chance.uniform(0.5, 1.5)) for a in story.answers)
    first_s, again_s = story.first_answer_s * chance.uniform(0.5, 1.5), story.next_answer_s * chance.uniform(0.5, 1.5)
    return Story(story.name, acts, answers, first_s, again_s, story.only_at)


def _injections(count: int, chance: Random) -> Iterator[Injection]:
    share = min(1.0, count / CALLS_FOR_THEM)
    of_sites = [cell for cell in CELLS if cell[0] in OF_A_SITE]
    of_calls = [cell for cell in CELLS if cell[0] in OF_ONE_CALL] * OWN_FAULTS_A_CELL
    wanted = max(1, round(INJECTIONS * count / CALLS_FOR_THEM))
    cells = _dealt(of_sites, wanted, chance) + _shuffled(of_calls, chance)[: round(len(of_calls) * share)]
    for place, (fault, phase) in enumerate(cells):
        low, high = LASTS_S.get(fault, (0.0, 0.0))
        site = chance.choice(SITES)
        yield Injection(place, fault, phase, site, chance.uniform(0.0, 0.3), chance.uniform(low, high))


def _dealt(cards: Sequence[T], count: int, chance: Random) -> list[T]:
    """So many cards, from one shuffled deck after the other."""
    dealt: list[T] = []
    while len(dealt) < count:
        dealt += _shuffled(cards, chance)
    return dealt[:count]


def _shuffled(items: Sequence[T], chance: Random) -> list[T]:
    mixed = list(items)
    chance.shuffle(mixed)
    return mixed
