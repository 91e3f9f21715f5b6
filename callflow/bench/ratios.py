"""Rates that are compared within one run: noted by load and by who, shown as a table, judged as ratios."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(slots=True)
class Ratios:
    """Every rate of a run. `unit` is what is counted per what."""

    unit: str
    seen: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, load: str, who: str, rate: float) -> None:
        """Note one round's rate."""
        self.seen.setdefault(load, {}).setdefault(who, []).append(rate)

    def ratio(self, load: str, who: str, against: str) -> float:
        """The median of the rounds' ratios: a slow round is slow for both. Raises KeyError for what was not noted."""
        pairs = zip(self.seen[load][who], self.seen[load][against], strict=True)
        return median(ours / theirs for ours, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Promise:
    """`who` reaches at least `least` times the rate of `against` under `load`."""

    load: str
    who: str
    against: str
    least: float


def report(out: Console, title: str, seen: Ratios, promises: Sequence[Promise], file: Path | None) -> int:
    """Show the table and a line for each promise, write the JSON; 1 when a promise is broken."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    table = Table(title=f"{title}: {seen.unit}  ({os.cpu_count()} processors, load {load})", title_justify="left")
    table.add_column("load 负载")
    table.add_column("who 由谁")
    for column in ("rounds", "min", "median", "max"):
        table.add_column(column, justify="right")
    for name, by in seen.seen.items():
        for who, rates in by.items():
            figures = (min(rates), median(rates), max(rates))
            table.add_row(name, who, str(len(rates)), *(f"{figure:,.0f}" for figure in figures))
    out.print(table)
    judged = [(p, seen.ratio(p.load, p.who, p.against)) for p in promises]
    for promise, ratio in judged:
        mark = "✓" if ratio >= promise.least else "✗"
        out.print(
            f"{mark} {promise.load}: {promise.who} at least {promise.least:g} x {promise.against}; was {ratio:.2f} x"
        )
    ok = all(ratio >= promise.least for promise, ratio in judged)
    if file is not None:
        file.write_text(json.dumps(_document(seen, judged, ok=ok), indent=1, ensure_ascii=False), encoding="utf-8")
    return 0 if ok else 1


def _document(seen: Ratios, judged: Sequence[tuple[Promise, float]], *, ok: bool) -> dict[str, Any]:
    return {
        "ok": ok,
        "unit": seen.unit,
        "load": os.getloadavg(),
        "processors": os.cpu_count(),
        "rates": seen.seen,
        "promises": [
            {"load": p.load, "who": p.who, "against": p.against, "least": p.least, "seen": ratio} for p, ratio in judged
        ],
    }
