"""What the bench says: spreads of figures, the issues' promises judged by the run's own controls, table and report."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

PRODUCT, PLAIN, UNDISTURBED = "one key", "plain dialplan", "undisturbed"
JOIN_ADDS_MS, FAILURE_ADDS_MS, KEY_ADDS_MS, FAILURE_TOLD_MS = 40.0, 0.0, 50.0, 200.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure is spread over its `n` times."""

    n: int
    median: float
    p95: float
    max: float


def spread(values: Sequence[float]) -> Spread:
    """Median and 95th percentile by nearest rank: each is a value that was really seen."""
    ordered = sorted(values)

    def at(share: float) -> float:
        return ordered[math.ceil(share * len(ordered)) - 1]

    return Spread(len(ordered), at(0.5), at(0.95), ordered[-1])


@dataclass(slots=True)
class Figures:
    """Every figure of a run by its name and by who made it, in milliseconds, in the order in which they came."""

    seen: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, name: str, who: str, value_ms: float) -> None:
        """Note one."""
        self.seen.setdefault(name, {}).setdefault(who, []).append(round(value_ms, 1))

    def of(self, name: str, who: str) -> Spread:
        """The spread of one figure. Raises KeyError for one that was never noted."""
        return spread(self.seen[name][who])


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, its limit in this run, and what was seen."""

    says: str
    limit_ms: float
    seen_ms: float

    @property
    def ok(self) -> bool:
        """It holds."""
        return self.seen_ms <= self.limit_ms


def verdicts(figures: Figures) -> list[Verdict]:
    """The promises of the issues, each by its 95th percentile."""
    hole_ms = figures.of("silence", UNDISTURBED).max
    plain_ms = figures.of("key to ring, no program", PLAIN).p95
    rows = (
        ("silence at join", "the undisturbed call's longest hole", hole_ms, JOIN_ADDS_MS),
        ("silence at leave", "the undisturbed call's longest hole", hole_ms, JOIN_ADDS_MS),
        ("silence in failed attempt", "the undisturbed call's longest hole", hole_ms, FAILURE_ADDS_MS),
        ("key to ring", "the plain dialplan without any program", plain_ms, KEY_ADDS_MS),
        ("failure to agent told", "nothing", 0.0, FAILURE_TOLD_MS),
    )
    return [
        Verdict(f"{name}: at most {control} + {adds:g} ms", control_ms + adds, figures.of(name, PRODUCT).p95)
        for name, control, control_ms, adds in rows
    ]


def document_of(figures: Figures, judged: Sequence[Verdict]) -> dict[str, Any]:
    """The report as `--out` writes it: every value, so that another reader can judge otherwise."""
    rows = [(name, who, values) for name, by in figures.seen.items() for who, values in by.items()]
    return {
        "ok": all(verdict.ok for verdict in judged),
        "load": os.getloadavg(),
        "processors": os.cpu_count(),
        "verdicts": [{"says": v.says, "limit_ms": v.limit_ms, "seen_ms": v.seen_ms, "ok": v.ok} for v in judged],
        "figures": [_row(name, who, values) for name, who, values in rows],
    }


def _row(name: str, who: str, values: Sequence[float]) -> dict[str, Any]:
    found = spread(values)
    named = {"n": found.n, "median_ms": found.median, "p95_ms": found.p95, "max_ms": found.max}
    return {"figure": name, "who": who, **named, "values_ms": list(values)}


def show(out: Console, figures: Figures, judged: Sequence[Verdict], seconds: float) -> None:
    """The table, and a line for each promise."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    title = f"handover, ms  一键转接，毫秒  ({seconds:.0f} s, {os.cpu_count()} processors, load {load})"
    table = Table(title=title, title_justify="left")
    for column in ("figure 指标", "who 由谁"):
        table.add_column(column)
    for column in ("n", "median", "p95", "max"):
        table.add_column(column, justify="right")
    for name, by in figures.seen.items():
        for who in by:
            found = figures.of(name, who)
            table.add_row(name, who, str(found.n), *(f"{value:.1f}" for value in (found.median, found.p95, found.max)))
    out.print(table)
    for verdict in judged:
        mark = "✓" if verdict.ok else "✗"
        out.print(f"{mark} {verdict.says} = {verdict.limit_ms:.1f}; p95 was {verdict.seen_ms:.1f}")
