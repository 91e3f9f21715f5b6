"""`./run bench classifier`: what a suggestion costs, with and without the sentence encoder. Needs no lab."""

from __future__ import annotations

from pathlib import Path

from callflow.lab.plan import Plan
from classifier import bench


def run_bench(_plan: Plan, out: Path | None) -> int:
    """Measure on this machine and print JSON; writes it to `out`, too."""
    return bench.run(out)
