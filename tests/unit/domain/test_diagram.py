from __future__ import annotations

from pathlib import Path

from callflow.domain.diagram import WHO_HEARS_WHOM, document
from callflow.domain.handover import TABLE
from callflow.domain.names import Phase

PAGE = Path(__file__).parents[3] / "docs" / "handover.md"


def test_the_picture_in_the_docs_is_the_machine() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), (
        "docs/handover.md is out of date: python -m callflow.domain.diagram > docs/handover.md"
    )


def test_every_rule_says_in_a_sentence_what_it_means() -> None:
    assert [row.rule for rows in TABLE.values() for row in rows.values() if not row.rule.__doc__] == []


def test_every_phase_says_who_hears_whom() -> None:
    assert set(WHO_HEARS_WHOM) == set(Phase)
