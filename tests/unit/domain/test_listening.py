"""A listener is told of, written down, and changes nothing of the call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import KeepListening
from callflow.domain.events import ListenerCame, ListenerLeft
from callflow.domain.handover import decide
from tests.unit.domain.made_up import CALL, EAR, GOV_RULES, SUPERVISOR
from tests.unit.domain.scenes import TALK
from tests.unit.domain.story import Story

CAME, LEFT = ListenerCame(CALL, 20.0, SUPERVISOR, EAR, shown=True), ListenerLeft(CALL, 30.0, SUPERVISOR, EAR)


@pytest.mark.covers("R-065")
def test_he_comes_and_goes_and_both_are_written_down() -> None:
    call = Story(*TALK).call
    assert call is not None
    heard = decide(call, CAME, 20.0, GOV_RULES)
    assert heard.call is not None
    over = decide(heard.call, LEFT, 30.0, GOV_RULES)

    kept = [record.begins for record in (*heard.records, *over.records) if isinstance(record, KeepListening)]
    assert kept == [True, False]
    assert (heard.call.is_listened_to, heard.orders, over.orders) == (True, (), ())
    assert replace(heard.call, listeners=()) == call == over.call


def test_a_desk_that_is_not_to_know_is_not_told() -> None:
    call = Story(*TALK).call
    heard = decide(call, replace(CAME, shown=False), 20.0, GOV_RULES).call

    assert heard is not None
    assert heard.listeners
    assert not heard.is_listened_to
