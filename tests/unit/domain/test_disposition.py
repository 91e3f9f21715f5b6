"""What became of a call, as its agent says: the last word counts, and nobody else has one."""

from __future__ import annotations

import pytest

from callflow.domain.commands import KeepDisposition
from callflow.domain.events import Disposed, Event
from callflow.domain.names import Disposition
from callflow.domain.screenpop import call_body
from tests.unit.domain.made_up import AGENT, CALL, COLLEAGUE, INCIDENT
from tests.unit.domain.scenes import HUNG_UP, TALK
from tests.unit.domain.story import Story

DIRECTLY = Disposed(CALL, 130.0, AGENT, Disposition.ANSWERED)


@pytest.mark.covers("R-092")
@pytest.mark.parametrize("story", [TALK, [*TALK, HUNG_UP]], ids=["in the talk", "at wrap-up"])
def test_the_agent_says_it_once_and_may_say_it_anew(story: list[Event]) -> None:
    told = Story(*story)

    told.when(DIRECTLY).then_we(KeepDisposition(CALL, INCIDENT, AGENT, Disposition.ANSWERED))
    told.when(DIRECTLY).then_nothing_happens()
    told.when(Disposed(CALL, 140.0, AGENT, Disposition.TICKET)).then_we(KeepDisposition)

    assert call_body(told.call, AGENT)["disposition"] == "ticket"


def test_who_never_had_the_caller_says_nothing_of_it() -> None:
    Story(*TALK).when(Disposed(CALL, 130.0, COLLEAGUE, Disposition.ANSWERED)).then_nothing_happens()
