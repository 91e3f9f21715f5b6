"""Handovers of a period by hour and outcome, and how long a target took to ring and to join. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callflow.domain.names import Outcome

HOUR_S = 3600
LIVE = "live"
"""In place of an outcome: the attempt has none yet."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt, as far as figures need it. Moments are epoch seconds."""

    target: str
    started_at: float
    ringing_at: float | None
    joined_at: float | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds, by nearest rank; None of nothing."""

    counted: int
    p50_s: float | None
    p95_s: float | None
    most_s: float | None

    @classmethod
    def of(cls, took: Iterable[float]) -> Spread:
        """In any order."""
        ordered = sorted(took)
        if not ordered:
            return cls(0, None, None, None)
        p50, p95 = (round(ordered[-(-len(ordered) * share // 100) - 1], 3) for share in (50, 95))
        return cls(len(ordered), p50, p95, round(ordered[-1], 3))


@dataclass(frozen=True, slots=True)
class TargetFigures:
    """What became of the attempts to reach one target; `target` "" is all of them."""

    target: str
    tried: int
    joined: int
    ring: Spread
    """From the key to the target's ringing."""
    join: Spread
    """From the key to the target's voice in the talk."""


def by_hour(tried: Iterable[Tried]) -> dict[int, Counter[str]]:
    """Hour (its first epoch second) -> outcome, or `LIVE` -> how many; hours in order, those without any left out."""
    hours: dict[int, Counter[str]] = {}
    for one in sorted(tried, key=lambda one: one.started_at):
        hour = int(one.started_at // HOUR_S) * HOUR_S
        hours.setdefault(hour, Counter())[one.outcome.value if one.outcome else LIVE] += 1
    return hours


def by_target(tried: Sequence[Tried]) -> list[TargetFigures]:
    """All together first, then each target, the most tried before the others."""
    targets = Counter(one.target for one in tried)
    named = [(target, [one for one in tried if one.target == target]) for target, _ in targets.most_common()]
    return [_figures("", tried), *(_figures(target, those) for target, those in named)]


def _figures(target: str, tried: Sequence[Tried]) -> TargetFigures:
    rang = [one.ringing_at - one.started_at for one in tried if one.ringing_at is not None]
    joined = [one.joined_at - one.started_at for one in tried if one.joined_at is not None]
    return TargetFigures(target, len(tried), len(joined), Spread.of(rang), Spread.of(joined))
