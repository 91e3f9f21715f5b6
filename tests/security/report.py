"""The report for an outside assessor (R-064): what was tried, with what, what was seen, and a verdict for each row.

Made by every run of tests/security, whole or in part, passed or failed: `report.md` to read, `report.json` to process.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2]
ROWS = HOME / "docs" / "requirements.toml"
THREATS = ("T-", "S-")
SIGNS = {"passed": "held", "failed": "**BROKEN**", "not run": "not tried in this run"}


@dataclass(slots=True)
class Tried:
    """One test: which rows it shows, how it ended, what it saw."""

    name: str
    rows: tuple[str, ...]
    outcome: str
    seconds: float = 0.0
    seen: dict[str, Any] = field(default_factory=dict)
    why: str = ""


def write_report(tried: Sequence[Tried], folder: Path, elsewhere: dict[str, list[str]]) -> Path:
    """Write both files and return the readable one. `elsewhere`: row -> tests of other stages that show it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows = {row: told for row, told in tomllib.loads(ROWS.read_text("utf-8")).items() if row.startswith(THREATS)}
    document = {
        "date": time.strftime("%FT%TZ", time.gmtime()),
        "commit": _said("git", "-C", str(HOME), "rev-parse", "HEAD") or os.environ.get("CALLFLOW_COMMIT", "unknown"),
        "changed_since_the_commit": bool(_said("git", "-C", str(HOME), "status", "--porcelain", "-uno")),
        "tools": _tools(),
        "verdicts": {row: _verdict(row, told["asks"], tried, elsewhere.get(row, [])) for row, told in rows.items()},
        "tried": [asdict(one) for one in tried],
    }
    (folder / "report.json").write_text(json.dumps(document, indent=1, ensure_ascii=False), "utf-8")
    page = folder / "report.md"
    page.write_text(_page(document), "utf-8")
    return page


def report_folder() -> Path:
    """`CALLFLOW_SECURITY_REPORT`, else the cache of this user."""
    stated = os.environ.get("CALLFLOW_SECURITY_REPORT")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(stated) if stated else base / "callflow" / "security-report"


def _verdict(row: str, asks: str, tried: Sequence[Tried], elsewhere: Sequence[str]) -> dict[str, Any]:
    mine = [one for one in tried if row in one.rows]
    verdict = "not run" if not mine else "passed" if all(one.outcome == "passed" for one in mine) else "failed"
    return {"asks": asks, "verdict": verdict, "tests": len(mine), "shown_by_other_stages": list(elsewhere)}


def _tools() -> dict[str, str]:
    asterisk = Path(os.environ.get("CALLFLOW_RUNTIME", "")) / "bin" / "asterisk"
    said = {
        "Asterisk (attacked)": _said(str(asterisk), "-V"),
        "sipvicious: svmap, svwar, svcrack": version("sipvicious"),
        "SIPp": _said("sipp", "-v"),
        "PJSUA2 (honest phones)": version("pjsua2-python"),
        "Linux": os.uname().release,
    }
    return {name: text.strip().splitlines()[0] if text.strip() else "not found" for name, text in said.items()}


def _said(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _page(told: dict[str, Any]) -> str:
    tried = told["tried"]
    broken = sum(1 for one in tried if one["outcome"] != "passed")
    changed = " (and changes that are not committed)" if told["changed_since_the_commit"] else ""
    lines = [
        "# Security test report  安全测试报告",
        "",
        f"{told['date']}, commit `{told['commit']}`{changed}. {len(tried)} attacks on two real PBXes and both",
        "platforms' programs, on loopback only: "
        + (f"**{broken} BROKE SOMETHING OR DID NOT RUN**." if broken else "all held  全部通过."),
        "",
        "A verdict speaks for the tests of this run only. Where a row says *not tried in this run*, the last column",
        "counts the tests of other stages (`./run test`) that show it (docs/coverage.md names them); where it is empty",
        "too, nothing shows it yet. docs/security.md says how each threat is met and what is left open.",
        "",
        "## With what  工具",
        "",
        *(f"* {name}: {text}" for name, text in told["tools"].items()),
        "",
        "## Verdict for each row  逐项结论",
        "",
        "| row | asks for | verdict | attacks here | shown by other stages |",
        "|---|---|---|---|---|",
    ]
    for row, one in told["verdicts"].items():
        other, here = len(one["shown_by_other_stages"]), one["tests"] or ""
        elsewhere = f"{other} tests" if other else ""
        lines.append(f"| {row} | {one['asks']} | {SIGNS[one['verdict']]} | {here} | {elsewhere} |")
    lines += [
        "",
        "## What was tried and seen  过程与所见",
        "",
        "| attack | rows | outcome | seen |",
        "|---|---|---|---|",
    ]
    for one in tried:
        figures = "; ".join(f"{name.replace('_', ' ')}: {figure}" for name, figure in one["seen"].items())
        text = one["name"].rpartition("::")[2].removeprefix("test_").replace("_", " ").replace("|", "/")
        why = f" {one['why']}" if one["why"] else ""
        lines.append(
            f"| {text} ({one['seconds']:.1f} s) | {' '.join(one['rows'])} | {one['outcome']}{why} | {figures} |"
        )
    return "\n".join(lines) + "\n"
