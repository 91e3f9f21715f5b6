"""The next fault is the one that fills most of what is short, and nobody is kept waiting for one that nobody needs."""

from __future__ import annotations

from collections import Counter

import pytest

from callflow.chaos.plan import CELLS, OF_A_PBX, PHASES, CallPlan, Fault, Injection, make_plan
from callflow.chaos.steer import (
    STRUCK_ENOUGH,
    TURNS,
    Standing,
    Tally,
    is_wanted,
    may_stay,
    next_caller,
    next_fault,
    next_of_one,
    tally_of,
)
from callflow.domain.names import Phase


def fault(kind: Fault, site: str = "12345", place: int = 0, phase: Phase = Phase.TALKING) -> Injection:
    return Injection(place, kind, phase, site, after_s=0, lasts_s=0)


def call(phase: Phase, origin: str = "12345", *, struck: int = 0, stays: bool = True, far: bool = False) -> Standing:
    sites = frozenset({origin, "110", "12345"} if far else {origin})
    return Standing("13800000001", phase, origin, sites, phones=sites, struck=struck, stays=stays)


def tally(*, full: frozenset[Fault] = frozenset(), **short: int) -> Tally:
    """Every cell has its five hits but those of the phases named, which want so many each of what is not `full`."""
    return Tally(5, Counter({(f, p): 5 - (0 if f in full else short.get(p.value, 0)) for f, p in CELLS}))


def test_the_fault_strikes_that_fills_most_of_what_is_short() -> None:
    alone, many = fault(Fault.REDIS_GONE, "110", 0), fault(Fault.REDIS_GONE, "12345", 1)
    calls = [call(Phase.WAITING, "110"), call(Phase.WAITING), call(Phase.WAITING)]

    assert next_fault([alone, many], calls, tally(waiting=2)) is many


def test_a_phase_that_needs_more_goes_before_one_that_is_nearly_full() -> None:
    talking, waiting = fault(Fault.AMI_CUT, "12345", 0), fault(Fault.AMI_CUT, "110", 1)
    calls = [call(Phase.TALKING), call(Phase.TALKING), call(Phase.WAITING, "110")]

    assert next_fault([talking, waiting], calls, tally(talking=1, waiting=5)) is waiting


def test_nothing_strikes_while_only_phases_are_short_that_nobody_is_in() -> None:
    assert next_fault([fault(Fault.REDIS_GONE)], [call(Phase.TALKING)], tally(waiting=1)) is None


def test_when_nothing_is_short_any_more_the_plan_goes_on() -> None:
    queued, talking = fault(Fault.REDIS_GONE, phase=Phase.QUEUED), fault(Fault.REDIS_GONE, phase=Phase.TALKING)

    assert next_fault([queued, talking], [call(Phase.TALKING)], tally()) is talking


def test_a_pbx_is_not_killed_when_that_costs_more_than_it_strikes() -> None:
    ours = [call(Phase.WAITING) for _ in range(8)]
    kill = fault(Fault.FAR_PBX_KILLED, "12345")

    assert next_fault([kill], [call(Phase.QUEUED, "110"), *ours], tally(queued=1, waiting=5)) is None
    assert next_fault([kill], [call(Phase.WAITING, "110"), *ours[:2]], tally(waiting=5)) is kill


def test_a_pbx_is_left_alone_until_its_fault_strikes_where_it_is_wanted_most() -> None:
    hole = fault(Fault.TRUNK_BLACK_HOLED, "110")

    assert next_fault([hole], [call(Phase.INVITING)], tally(waiting=2, inviting=1)) is None
    assert next_fault([hole], [call(Phase.WAITING)], tally(waiting=2, inviting=1)) is hole


@pytest.mark.parametrize(("kind", "site"), [(Fault.FAR_PBX_KILLED, "110"), (Fault.PROGRAM_KILLED, "12345")])
def test_a_far_pbx_is_that_of_the_other_platform_and_a_program_that_of_whoever_has_a_leg_there(
    kind: Fault, site: str
) -> None:
    either = [fault(kind, "12345", 0), fault(kind, "110", 1)]
    chosen = next_fault(either, [call(Phase.TALKING, "12345")], tally(talking=5))

    assert chosen is not None
    assert chosen.site == site


def test_a_fault_of_one_call_takes_one_that_stays_where_it_is_and_was_struck_already() -> None:
    lost = fault(Fault.CALLER_LEG_LOST)
    fresh, struck = call(Phase.RECALLING), call(Phase.RECALLING, struck=1)
    passes = call(Phase.RECALLING, struck=2, stays=False)

    assert next_of_one([lost], [fresh, passes, struck], tally(recalling=1)) == (lost, struck)
    assert next_of_one([lost], [passes], tally(recalling=1)) is None
    assert next_of_one([lost], [fresh], tally(waiting=1)) is None


def test_he_stays_while_he_is_needed_and_not_for_ever() -> None:
    assert is_wanted(call(Phase.WAITING), tally(waiting=1))
    assert not is_wanted(call(Phase.WAITING), tally(talking=1))
    assert not is_wanted(call(Phase.WAITING, struck=STRUCK_ENOUGH), tally(full=OF_A_PBX, waiting=5))
    assert is_wanted(call(Phase.WAITING, struck=STRUCK_ENOUGH), tally(waiting=5)), "a PBX's fault has yet to come"


def test_he_stays_where_the_plan_wants_him_and_elsewhere_when_nothing_is_short_there() -> None:
    assert may_stay(Phase.WAITING, Phase.WAITING, tally(waiting=1))
    assert may_stay(None, Phase.TALKING, tally(waiting=1))
    assert not may_stay(Phase.WAITING, Phase.AGENTS_ONLY, tally(waiting=1, agents_only=1))
    assert may_stay(Phase.WAITING, Phase.AGENTS_ONLY, tally(agents_only=1))


def test_who_calls_next_stays_where_most_is_short_and_now_and_then_it_is_simply_the_next() -> None:
    waiting = [one for one in make_plan(300, 1).calls if one.lingers in (Phase.TALKING, Phase.RECALLING)]
    first = next(place for place, one in enumerate(waiting) if one.lingers is Phase.TALKING)
    waiting = waiting[first:]

    assert lingers(next_caller(waiting, [], tally(recalling=1), turn=1)) is Phase.RECALLING
    assert lingers(next_caller(waiting, [Phase.RECALLING] * 9, tally(recalling=1, talking=1), turn=1)) is Phase.TALKING
    assert next_caller(waiting, [], tally(recalling=1), turn=TURNS) is waiting[0]


def lingers(plan: CallPlan) -> Phase | None:
    return plan.lingers


def test_a_short_run_wants_each_cell_once_and_a_long_one_five_times() -> None:
    assert tally_of(24).needs()[Phase.WAITING] == len(Fault)
    assert tally_of(300).needs() == {p: 5 * (len(Fault) - (p is Phase.AGENTS_ONLY)) for p in PHASES}
