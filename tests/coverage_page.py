"""Makes docs/coverage.md: every requirement row with the tests that show it, or the work that will.

Rows come from docs/requirements.toml (id, what it asks, ring, work planned or `why` there will be none), tests from
their `covers` marks, call scripts from their `covers` line. `--check` fails when the page is stale, when a row of ring
C or B or an S-, T-, C- or X- row has neither a test nor a planned work nor a reason, when a test names a row that does
not exist, and (where the requirements stand beside the project) when a row is missing here.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

HOME = Path(__file__).resolve().parents[1]
ROWS = HOME / "docs" / "requirements.toml"
PAGE = HOME / "docs" / "coverage.md"
SOURCE = HOME.parent / "shared" / "policy" / "requirements.md"
ROW_ID = re.compile(r"^(R-\d{3}|[STCX]-\d{1,2})$")
SCENARIOS = HOME / "softphone-sim" / "scenarios"
STORIES = HOME / "tests" / "e2e" / "scripts"
MUST = ("C", "B")


def covered() -> dict[str, list[str]]:
    """Row id -> where it is shown."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((HOME / "tests").rglob("test_*.py")):
        for row, name in _marks(path):
            found[row].append(f"`{path.relative_to(HOME)}` {name}")
    for path in (*sorted(SCENARIOS.glob("*.yaml")), *sorted(STORIES.glob("*.yaml"))):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")).get("covers", []):
            found[row].append(f"`{path.relative_to(HOME)}`")
    return found


def _marks(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.covers":
                yield from ((str(arg.value), node.name) for arg in mark.args if isinstance(arg, ast.Constant))


def page(rows: dict[str, dict[str, str]], shown: dict[str, list[str]]) -> str:
    """The whole page."""
    lines = [
        "# What is shown by which test",
        "",
        "Made by `python -m tests.coverage_page` from `docs/requirements.toml` and the tests' `covers` marks; do",
        "not edit. A row in *italics* is not shown yet: it names the work that will show it, or says why nothing will.",
        "",
        f"{sum(1 for row in rows if shown.get(row))} of {len(rows)} rows are shown by at least one test.",
        "",
        "| row | ring | asks for | shown by |",
        "|---|---|---|---|",
    ]
    for row, about in rows.items():
        where = (
            "<br>".join(shown[row][:6]) + (f"<br>and {len(shown[row]) - 6} more" if len(shown[row]) > 6 else "")
            if shown.get(row)
            else f"*{about.get('why') or about['work']}*"
        )
        lines.append(f"| {row} | {about['ring']} | {about['asks']} | {where} |")
    return "\n".join(lines) + "\n"


def complaints(rows: dict[str, dict[str, str]], shown: dict[str, list[str]], text: str) -> Iterator[str]:
    """Everything that is wrong."""
    for row, about in rows.items():
        if not (shown.get(row) or about["work"] or about.get("why")) and (
            about["ring"] in MUST or not row.startswith("R-")
        ):
            yield f"{row} ({about['asks']}): no test covers it and docs/requirements.toml names no work for it"
    for row in shown:
        if row not in rows:
            yield f"{row}: named by {shown[row][0]}, but docs/requirements.toml has no such row"
    if SOURCE.exists():
        for row in sorted(_source_rows() - set(rows)):
            yield f"{row}: stands in the requirements but not in docs/requirements.toml"
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        yield "docs/coverage.md is stale; make it anew with: python -m tests.coverage_page"


def _source_rows() -> set[str]:
    cells = (
        line.split("|")[1].strip(" *")
        for line in SOURCE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    )
    found = {cell for cell in cells if ROW_ID.match(cell)}
    found |= set(re.findall(r"\b(S-\d{1,2}):", SOURCE.read_text(encoding="utf-8")))
    return found


def main(words: list[str]) -> int:
    """Write the page, or check it; returns the exit code."""
    rows = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    shown = covered()
    text = page(rows, shown)
    if "--check" not in words:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    found = list(complaints(rows, shown, text))
    for line in found:
        sys.stderr.write(line + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
