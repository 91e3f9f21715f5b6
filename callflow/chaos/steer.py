"""Which fault strikes next, and whom: what fills most of what is still short. Pure; the plan says what there is.

A cell is a kind of fault in a phase. Phases are not equally easy to reach, so a cell counts for as much as its whole
phase still needs, times how seldom one comes there; and killing a PBX costs whoever called that platform.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from callflow.chaos.plan import CALLS_FOR_THEM, CELLS, HITS_WANTED, OF_A_PBX, PHASES, CallPlan, Fault, Injection
from callflow.domain.names import Phase

LOST_FOR_GAINED = 0.4
"""What a call that a killed PBX cuts is worth against one that it strikes: there will be others like it."""

RARE = {
    Phase.QUEUED: 1,
    Phase.TALKING: 1,
    Phase.INVITING: 2,
    Phase.THREE_WAY: 2,
    Phase.AGENTS_ONLY: 3,
    Phase.CONSULTING: 8,
    Phase.HANDED_OVER: 4,
    Phase.WAITING: 8,
    Phase.RECALLING: 6,
}
"""How seldom a caller is in each phase, as seen: whoever stays there was long on his way."""

PBX_FLOOR = 0.4
"""Faults of PBXes are few (`strike.CALM_S`): one waits for a moment worth so much of a hit where it is wanted most."""

STRUCK_ENOUGH = 6
"""So many times one call is struck in one phase; then he goes on, unless a PBX's fault is still short there."""

TURNS = 5
"""Every so many callers the next of the plan comes, whatever is short."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one live call is now.

    `sites`: where somebody has a leg of it; `phones`: where an agent's phone has one; `stays`: he is where the plan
    wants him to be struck, or nowhere in particular.
    """

    number: str
    phase: Phase
    origin: str
    sites: frozenset[str]
    phones: frozenset[str]
    struck: int
    stays: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Hits so far by cell, and how many each cell is to have."""

    wanted: int
    hits: Counter[tuple[Fault, Phase]] = field(default_factory=Counter)

    def need(self, fault: Fault, phase: Phase) -> int:
        """How many hits this cell still wants."""
        return max(0, self.wanted - self.hits[fault, phase]) if (fault, phase) in CELLS else 0

    def needs(self) -> dict[Phase, int]:
        """How many hits each phase still wants, over all kinds of fault."""
        return {phase: sum(self.need(fault, phase) for fault in Fault) for phase in PHASES}

    @property
    def is_short(self) -> bool:
        """Some cell wants hits still."""
        return any(self.needs().values())

    def values(self) -> dict[Phase, int]:
        """What one more hit in each phase is worth."""
        return {phase: RARE[phase] * n for phase, n in self.needs().items()}


def tally_of(calls: int) -> Tally:
    """Nothing has struck yet. A short run wants each cell once."""
    return Tally(max(1, round(HITS_WANTED * calls / CALLS_FOR_THEM)))


def is_concerned(injection: Injection, call: Standing) -> bool:
    """A far PBX or a trunk matters to callers of the other platform; a program to whoever has a leg there."""
    match injection.fault:
        case Fault.FAR_PBX_KILLED | Fault.TRUNK_BLACK_HOLED:
            return call.origin != injection.site
        case Fault.DATA_LINK_CUT | Fault.CALLER_LEG_LOST:
            return True
        case Fault.AGENT_PHONE_KILLED:
            return bool(call.phones)
        case _:
            return injection.site in call.sites


def worth(injection: Injection, calls: Sequence[Standing], tally: Tally) -> float:
    """What striking now fills of the cells that are short; 0 or less: nothing."""
    values = tally.values()
    counted = Counter(call.phase for call in calls if is_concerned(injection, call))
    gained = sum(values[phase] * min(n, tally.need(injection.fault, phase)) for phase, n in counted.items())
    if injection.fault in OF_A_PBX:
        wanted = [values[phase] for phase in PHASES if tally.need(injection.fault, phase)]
        if gained < PBX_FLOOR * max(wanted, default=0):
            return 0
    if injection.fault is not Fault.FAR_PBX_KILLED or not gained:
        return gained
    return gained - LOST_FOR_GAINED * sum(values[call.phase] for call in calls if call.origin == injection.site)


def next_fault(waiting: Iterable[Injection], calls: Sequence[Standing], tally: Tally) -> Injection | None:
    """The one that fills most; when nothing is short any more, the first whose phase some call is in."""
    ranked = [(worth(one, calls, tally), one.place, one) for one in waiting]
    best = max(ranked, default=None, key=lambda row: (row[0], -row[1]))
    if best is not None and best[0] > 0:
        return best[2]
    if tally.is_short:
        return None
    phases = {call.phase for call in calls}
    return next((one for _, _, one in ranked if one.phase in phases), None)


def next_of_one(
    waiting: Iterable[Injection], calls: Sequence[Standing], tally: Tally
) -> tuple[Injection, Standing] | None:
    """A fault of one call's own, and the call: where it stays, and if can be one that other faults have struck."""
    pairs = [
        (call.struck > 0, tally.values()[call.phase], -one.place, one, call)
        for one in waiting
        for call in calls
        if call.stays and tally.need(one.fault, call.phase) and is_concerned(one, call)
    ]
    best = max(pairs, default=None, key=lambda row: row[:3])
    return None if best is None else best[3:]


def may_stay(planned: Phase | None, phase: Phase, tally: Tally) -> bool:
    """He is where the plan wants him to be struck, or nowhere in particular, or nobody is short there any more."""
    return planned in (None, phase) or not tally.needs()[planned]


def is_wanted(call: Standing, tally: Tally) -> bool:
    """Whether it is worth that he stays where he is: some fault is still short there, and he was not struck enough.

    Faults of PBXes come seldom (`strike.CALM_S`), the others so fast that nobody would be there any more.
    """
    if any(tally.need(fault, call.phase) for fault in OF_A_PBX):
        return True
    return tally.needs()[call.phase] > 0 and call.struck < STRUCK_ENOUGH


def next_caller(waiting: Sequence[CallPlan], there: Iterable[Phase | None], tally: Tally, turn: int) -> CallPlan:
    """Who of those whose turn is near calls now: one who will stay where most is short and fewest are already."""
    if turn % TURNS == 0:
        return waiting[0]
    wanted, crowd = tally.values(), Counter(there)
    return max(
        waiting, key=lambda one: (wanted[one.lingers] / (1 + crowd[one.lingers]) if one.lingers else 0.0, -one.place)
    )
