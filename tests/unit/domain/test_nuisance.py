"""Nuisance and threats: marked once, told with every handover, never a reason to block anybody (R-015)."""

from __future__ import annotations

import pytest

from callflow.domain.commands import MarkNuisance, OpenTicket
from callflow.domain.event import Event
from callflow.domain.events import NuisanceMarked
from callflow.domain.names import Phase
from callflow.domain.refusals import RefusalCode, refusal
from tests.unit.domain.made_up import AGENT, CALL, COLLEAGUE, GOV_RULES, INCIDENT
from tests.unit.domain.scenes import HUNG_UP, ONE_KEY, TALK
from tests.unit.domain.story import Story

MARKED = NuisanceMarked(CALL, 130.0, AGENT)


@pytest.mark.covers("R-015")
@pytest.mark.parametrize(("so_far", "phase"), [(TALK, Phase.TALKING), ([*TALK, HUNG_UP], Phase.ENDED)])
def test_a_mark_is_written_down_once_and_changes_nothing_about_the_talk(so_far: list[Event], phase: Phase) -> None:
    story = Story(*so_far).when(MARKED)

    story.then_we(OpenTicket(CALL, INCIDENT), MarkNuisance(CALL, INCIDENT, AGENT)).so_it_is(phase, nuisance=True)
    story.when(NuisanceMarked(CALL, 140.0, AGENT)).then_nothing_happens()


def test_a_marked_caller_is_handed_over_like_anybody() -> None:
    call = Story(*TALK, NuisanceMarked(CALL, 9.0, AGENT)).call

    assert refusal(call, ONE_KEY, GOV_RULES) is None


def test_only_who_had_the_call_marks_it() -> None:
    asked = NuisanceMarked(CALL, 130.0, COLLEAGUE)

    assert refusal(Story(*TALK).call, asked, GOV_RULES) is RefusalCode.NOT_YOUR_CALL
    Story(*TALK).when(asked).then_nothing_happens()
