"""The data files are whole, agree with each other, and generated ones are up to date."""

import re
from importlib.resources import files

import pytest

from classifier import version
from classifier.cues import compile_cue
from classifier.figures import Rate
from classifier.homophones import generate, phrases_in_data
from classifier.lexicon import Kind, lexicon

DATA = files("classifier") / "data"


@pytest.mark.covers("R-084", "R-085")
def test_annexes_have_their_rows_and_every_category_resolves_to_a_department() -> None:
    data = lexicon()
    names = {row.name for row in data.departments}

    assert [row.row for row in data.departments] == list(range(1, 24))
    assert [(row.platform, row.row) for row in data.categories] == [
        *(("12345", row) for row in range(1, 18)),
        *(("110", row) for row in range(1, 8)),
    ]
    assert all(row.department in names for row in data.categories)
    assert all(row.range and row.line for row in data.categories)


def test_every_group_names_known_categories_departments_and_hotlines() -> None:
    data = lexicon()
    categories, departments = {row.name for row in data.categories}, {row.name for row in data.departments}

    for group in data.groups:
        assert set(group.categories) <= categories, group.rule
        assert group.categories or group.kind is Kind.SCOPE, group.rule
        assert group.department in {None, *departments}, group.rule
        assert set(group.hotlines) <= {"119", "120", "122", "utility"}, group.rule
        assert group.cues, group.rule
        assert group.zh, group.rule


def test_rule_ids_are_unique_and_every_heading_has_cues_of_its_own() -> None:
    data = lexicon()
    rules = [group.rule for group in data.groups]

    assert len(rules) == len(set(rules))
    assert {row.name for row in data.categories} == {name for group in data.groups for name in group.categories}


def test_no_cue_matches_the_empty_text() -> None:
    assert [g.rule for g in lexicon().groups for cue in g.cues if cue.pattern.search("")] == []


def test_generated_files_are_what_the_generators_give() -> None:
    assert (DATA / "homophones.toml").read_text(encoding="utf-8") == generate(phrases_in_data())


def test_the_version_names_rules_and_data() -> None:
    assert version().startswith("hybrid-2+")
    assert re.fullmatch(r"hybrid-2\+[0-9a-f]{12}\.[0-9a-f]{8}[sw]", version())


def test_a_broken_cue_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"着火\("):
        compile_cue("着火(", {})
    with pytest.raises(ValueError, match="nobody"):
        compile_cue("{nobody}着火", {})


def test_wilson_intervals_hold_the_rate() -> None:
    low, high = Rate(9, 10).interval()

    assert 0.59 < low < 0.9 < high < 0.99
