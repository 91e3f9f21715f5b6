"""The bench's arithmetic: what a spread is, and that each promise can be broken."""

import pytest

from callflow.bench.handover_figures import PLAIN, PRODUCT, UNDISTURBED, Figures, document_of, spread, verdicts

JUDGED = ("silence at join", "silence at leave", "silence in failed attempt", "key to ring", "failure to agent told")


def a_run(**changed: float) -> Figures:
    """Thirty of each, all well within the limits but what is changed."""
    figures = Figures()
    for name in JUDGED:
        for _ in range(30):
            figures.add(name, PRODUCT, changed.get(name.replace(" ", "_"), 5.0))
    for _ in range(30):
        figures.add("key to ring, no program", PLAIN, 30.0)
        figures.add("silence", UNDISTURBED, 10.0)
    return figures


def test_a_spread_names_values_that_were_really_seen() -> None:
    found = spread([float(value) for value in range(30, 0, -1)])

    assert (found.n, found.median, found.p95, found.max) == (30, 15.0, 29.0, 30.0)


def test_one_value_is_its_own_spread() -> None:
    found = spread([7.0])

    assert (found.n, found.median, found.p95, found.max) == (1, 7.0, 7.0, 7.0)


@pytest.mark.parametrize(
    ("name", "holds", "breaks"),
    [
        ("silence_at_join", 50.0, 50.1),
        ("silence_at_leave", 50.0, 50.1),
        ("silence_in_failed_attempt", 10.0, 10.1),
        ("key_to_ring", 80.0, 80.1),
        ("failure_to_agent_told", 200.0, 200.1),
    ],
)
def test_each_promise_holds_up_to_its_limit_and_breaks_beyond_it(name: str, holds: float, breaks: float) -> None:
    assert all(verdict.ok for verdict in verdicts(a_run(**{name: holds})))
    assert [verdict.ok for verdict in verdicts(a_run(**{name: breaks}))].count(False) == 1


def test_one_bad_join_of_thirty_is_not_the_95th_percentile_and_two_are() -> None:
    one, two = a_run(), a_run()
    one.seen["silence at join"][PRODUCT][3] = 500.0
    two.seen["silence at join"][PRODUCT][3:5] = [500.0, 500.0]

    assert all(verdict.ok for verdict in verdicts(one))
    assert not all(verdict.ok for verdict in verdicts(two))


def test_the_report_has_every_value_and_says_whether_all_held() -> None:
    figures = a_run(key_to_ring=500.0)
    report = document_of(figures, verdicts(figures))

    ring = next(row for row in report["figures"] if row["figure"] == "key to ring")
    assert report["ok"] is False
    assert (ring["who"], ring["n"], ring["p95_ms"], len(ring["values_ms"])) == (PRODUCT, 30, 500.0, 30)
