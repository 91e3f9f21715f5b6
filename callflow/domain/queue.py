"""In which order a desk or a unit takes what waits for it (R-035): urgent first, and nobody waits for ever."""

from __future__ import annotations

from typing import Final

from callflow.domain.limits import Level

DAY_S: Final = 86_400.0
"""After a day what is not urgent stands among the urgent, and before those that came after it."""


def rank(level: Level, waited_s: float, *, danger: bool) -> int:
    """0 goes first; within a rank the oldest does."""
    if danger or level is Level.ONE or waited_s >= DAY_S:
        return 0
    return int(level) - 1
