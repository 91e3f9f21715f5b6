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

from callflow.chaos.stories import STORIES, VISITORS, Act, Answer, Story
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
LINGERS: tuple[Phase | None, ...] = (
    None, None, None, None, Phase.QUEUED, Phase.INVITING, Phase.THREE_WAY,
    *(2 * (Phase.INVITING, Phase.CONSULTING, Phase.WAITING, Phase.HANDED_OVER, Phase.RECALLING, Phase.AGENTS_ONLY)),
)  # fmt: skip
"""Phases that pass quickly or are seldom reached are stayed in; a quarter of the calls only go their way."""

OWN_FAULTS_A_CELL = 7
INJECTIONS = 150
"""For so many calls; a site is struck every two calls."""


@dataclass(frozen=True, slots=True)
class CallPlan:
    """One caller: where he calls, what becomes of him if nothing breaks, and what breaks for him alone."""

    place: int
    number: str
    origin: str
    story: Story
    lingers: Phase | None  # where he stays until a fault has struck him, for a few seconds at most
    fault: tuple[Fault, Phase] | None
    fault_after_s: float
    patience_s: float  # how long he stays after the last act, before he hangs up
    goodbye_s: float  # how long the agents talk on after he is gone

    @property
    def far(self) -> str:
        """The other platform."""
        return SITES[1 - SITES.index(self.origin)]


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault of a site: it strikes when a call is in `phase`, `after_s` later, and is mended after `lasts_s`."""

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
    planned = tuple(_calls(calls, chance))
    return ChaosPlan(seed, planned, tuple(_injections(calls, chance)))


def _calls(count: int, chance: Random) -> Iterator[CallPlan]:
    faults = _own_faults(count, chance)
    names = _stories(count, chance)
    for place in range(count):
        fault = faults.get(place)
        lingers = fault[1] if fault else chance.choice(LINGERS)
        name = chance.choice(VISITORS[lingers]) if lingers else names[place]
        origin = "12345" if STORIES[name].only_at_12345 else SITES[place % 2]
        yield CallPlan(
            place=place,
            number=f"138{chance.randrange(1000):03d}{place:05d}",
            origin=origin,
            story=_varied(STORIES[name], chance),
            lingers=lingers,
            fault=fault,
            fault_after_s=chance.uniform(0.05, 0.5),
            patience_s=chance.uniform(0.6, 1.6),
            goodbye_s=chance.uniform(0.8, 1.8),
        )


def _own_faults(count: int, chance: Random) -> dict[int, tuple[Fault, Phase]]:
    cells = [cell for cell in CELLS if cell[0] in OF_ONE_CALL]
    wanted = round(len(cells) * OWN_FAULTS_A_CELL * min(1.0, count / CALLS_FOR_THEM))
    spread = [cells[i % len(cells)] for i in range(max(wanted, len(cells) * OWN_FAULTS_A_CELL))]
    chosen = chance.sample(spread, wanted) if wanted < len(cells) else spread[:wanted]
    return dict(zip(sorted(chance.sample(range(count), wanted)), _shuffled(chosen, chance), strict=True))


def _stories(count: int, chance: Random) -> list[str]:
    deck = [name for name, story in STORIES.items() for _ in range(story.weight)]
    return _shuffled([deck[i % len(deck)] for i in range(count)], chance)


def _varied(story: Story, chance: Random) -> Story:
    """The story with this caller's own times."""
    acts = tuple(Act(a.do, a.when, a.after_s * chance.uniform(0.4, 1.6), a.way, a.kind) for a in story.acts)
    answers = tuple(Answer(a.does, a.after_s * chance.uniform(0.5, 1.5)) for a in story.answers)
    first_s, again_s = story.first_answer_s * chance.uniform(0.5, 1.5), story.next_answer_s * chance.uniform(0.5, 1.5)
    return Story(story.name, acts, answers, first_s, again_s, story.weight, only_at_12345=story.only_at_12345)


def _injections(count: int, chance: Random) -> Iterator[Injection]:
    cells = [cell for cell in CELLS if cell[0] in OF_A_SITE]
    wanted = max(1, round(INJECTIONS * count / CALLS_FOR_THEM))
    deck = _shuffled([cell for _ in range(wanted // len(cells) + 1) for cell in cells], chance)
    for place, (fault, phase) in enumerate(deck[:wanted] if wanted < len(cells) else deck):
        low, high = LASTS_S[fault]
        site = chance.choice(SITES)
        yield Injection(place, fault, phase, site, chance.uniform(0.0, 0.3), chance.uniform(low, high))


def _shuffled(items: Sequence[T], chance: Random) -> list[T]:
    mixed = list(items)
    chance.shuffle(mixed)
    return mixed
