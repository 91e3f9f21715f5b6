"""The assessor's report says what was tried and leaves nothing out, least of all what broke."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.security.report import Tried, write_report


@pytest.mark.covers("R-064")
def test_the_report_has_a_verdict_for_every_row_and_hides_no_failure(tmp_path: Path) -> None:
    tried = [
        Tried("tests/security/test_x.py::test_a_scan", ("T-01",), "passed", 1.0, {"tool": "svmap"}),
        Tried("tests/security/test_x.py::test_a_list", ("T-01", "T-02"), "failed", 2.0, {}, "it opened"),
        Tried("tests/security/test_x.py::test_a_flood", ("T-14",), "passed", 3.0, {"asterisk_grew_mb": 1.5}),
    ]

    page = write_report(tried, tmp_path, {"T-05": ["tests/unit/agi/test_wire.py"]}).read_text("utf-8")
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))

    verdicts = {row: one["verdict"] for row, one in told["verdicts"].items()}
    assert (verdicts["T-01"], verdicts["T-02"], verdicts["T-14"], verdicts["T-05"]) == (
        "failed", "failed", "passed", "not run",
    )  # fmt: skip
    assert {f"T-{number:02}" for number in range(1, 25)} <= set(verdicts)
    assert "BROKE" in page
    assert "it opened" in page
    assert "asterisk grew mb: 1.5" in page
    assert told["commit"]
    assert told["tools"]["sipvicious: svmap, svwar, svcrack"]
