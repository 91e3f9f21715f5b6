"""The plan follows from the seed alone, and it wants every fault in every phase."""

from __future__ import annotations

from collections import Counter

import pytest

from callflow.chaos.plan import CELLS, OF_ONE_CALL, OWN_FAULTS_A_CELL, PHASES, SITES, Fault, make_plan
from callflow.chaos.stories import STORIES, VISITORS
from callflow.domain.names import Phase


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_the_same_seed_gives_the_same_plan(seed: int) -> None:
    assert make_plan(120, seed) == make_plan(120, seed)


def test_another_seed_gives_another_plan() -> None:
    assert make_plan(120, 1) != make_plan(120, 2)


def test_three_hundred_calls_want_every_fault_in_every_phase() -> None:
    counted = Counter((one.fault, one.phase) for one in make_plan(300, 1).injections)

    assert set(counted) == set(CELLS)
    assert min(n for (fault, _), n in counted.items() if fault in OF_ONE_CALL) >= OWN_FAULTS_A_CELL


def test_everybody_has_a_number_of_his_own_and_both_platforms_are_called() -> None:
    calls = make_plan(300, 3).calls

    assert len({call.number for call in calls}) == 300
    assert {call.origin for call in calls} == set(SITES)
    assert all(call.far != call.origin for call in calls)


def test_who_is_to_be_struck_in_a_phase_has_a_story_that_comes_there() -> None:
    calls = make_plan(300, 4).calls

    assert {call.lingers for call in calls} == {None, *PHASES}
    assert all(call.story.name in VISITORS[call.lingers] for call in calls if call.lingers)
    assert {name for names in VISITORS.values() for name in names} <= set(STORIES)


def test_three_hundred_calls_play_every_story() -> None:
    assert {call.story.name for call in make_plan(300, 5).calls} == set(STORIES)


def test_the_callers_leg_cannot_be_lost_when_he_is_gone() -> None:
    assert (Fault.CALLER_LEG_LOST, Phase.AGENTS_ONLY) not in CELLS


def test_a_reserve_of_other_callers_leaves_the_plan_as_it_is() -> None:
    plan = make_plan(300, 1)
    numbers = [one.number for one in (*plan.calls, *plan.reserve)]

    assert len(plan.reserve) == 60
    assert len(set(numbers)) == len(numbers)
    assert [one.place for one in plan.reserve] == list(range(300, 360))
    assert make_plan(24, 1).reserve == (), "a short run fills what it can"
