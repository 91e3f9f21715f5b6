"""The figures of a period, counted from the audit's entries."""

from __future__ import annotations

from typing import Any

import pytest

from callflow.domain.figures import Entry, Fold, Share

SUPERVISES = frozenset({"breached"})


def opened(ticket_id: str, at: float, region: str = "510104", **due: float) -> Entry:
    deadlines = [{"stage": stage, "due_at": due_at} for stage, due_at in due.items()]
    return Entry(at, "opened", {"ticket_id": ticket_id, "region": region, "unit": "", "deadlines": deadlines})


def step(ticket_id: str, what: str, at: float, **detail: Any) -> Entry:
    return Entry(at, what, {"ticket_id": ticket_id} | detail)


@pytest.mark.covers("R-093", "R-036")
def test_every_figure_is_counted_with_what_it_is_out_of() -> None:
    fold = Fold(0, 100, SUPERVISES)
    fold.take(
        [
            opened("GD1", 1, response=10, result=50),
            opened("GD2", 2, response=10, result=50),
            opened("GD3", 3, result=500),
            opened("GD4", 100, result=500),  # the next period's
            step("GD1", "signed", 5),
            step("GD1", "responded", 9),
            step("GD2", "returned", 12),
            step("GD2", "chased", 10, key="response:breached"),
            step("GD2", "chased", 10, key="response:reminded-late"),
            step("GD1", "fed_back", 60),
            step("GD1", "called_back", 70, satisfied=True),
            step("GD1", "closed", 80),
            step("GD4", "signed", 101),
        ]
    )

    (figures,) = fold.figures(now=200).values()

    assert (figures.opened, figures.signed, figures.returned) == (3, Share(1, 3), Share(1, 3))
    assert figures.answered_in_time == Share(1, 2)  # GD2 never answered and is late; GD3 had no such limit
    assert figures.done_in_time == Share(0, 2)  # GD3 still has time
    assert (figures.called_back, figures.satisfied, figures.supervised) == (Share(1, 1), Share(1, 1), 1)
    took = {name: (one.count, one.p50_s) for name, one in figures.stages.items()}
    assert took == {
        "opened_to_signed": (1, 4),
        "signed_to_responded": (1, 4),
        "responded_to_fed_back": (1, 51),
        "fed_back_to_called_back": (1, 10),
        "fed_back_to_closed": (1, 20),
        "opened_to_closed": (1, 79),
    }


@pytest.mark.covers("R-093")
def test_groups_are_counted_apart_and_of_nothing_there_is_no_share() -> None:
    fold = Fold(0, 100, SUPERVISES)
    fold.take([opened("GD1", 1), opened("GD2", 1, region="510105"), step("GD1", "signed", 2, unit="510104000000")])

    assert {name: one.signed for name, one in fold.figures(9, lambda seen: seen.region).items()} == {
        "510104": Share(1, 1),
        "510105": Share(0, 1),
    }
    assert set(fold.figures(9, lambda seen: seen.unit)) == {"", "510104000000"}
    assert Share(0, 0).share is None
    assert Fold(0, 1, SUPERVISES).figures(9) == {}


def test_a_judgement_anew_moves_the_limits() -> None:
    fold = Fold(0, 100, SUPERVISES)
    fold.take(
        [
            opened("GD1", 1, result=50),
            step("GD1", "relevelled", 2, deadlines=[{"stage": "result", "due_at": 90}]),
            step("GD1", "fed_back", 60),
        ]
    )

    assert fold.figures(200)[""].done_in_time == Share(1, 1)
