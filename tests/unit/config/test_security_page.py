"""The page for assessors is true: every threat has its row, and every test that a row names shows that row."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.coverage_page import HOME, ROWS, covered

SHOWN = covered()
PAGE = (HOME / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = {
    cells[0]: re.findall(r"`(tests/\S+?\.py)`", cells[-1])
    for cells in ([cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines())
    if re.fullmatch(r"[TS]-\d+", cells[0])
}


def test_every_threat_has_a_row() -> None:
    threats = {row for row in tomllib.loads(ROWS.read_text(encoding="utf-8")) if row.startswith("T-")}

    assert threats - set(NAMED) == set()


@pytest.mark.parametrize("row", NAMED)
def test_a_row_names_tests_that_show_it_or_says_that_it_is_open(row: str) -> None:
    shown = SHOWN.get(row, [])
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {row} |"))

    assert [path for path in NAMED[row] if not any(path in where for where in shown)] == []
    assert NAMED[row] or "*open: " in line
