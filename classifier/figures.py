"""Rates with their intervals, and how honest the confidence is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from classifier.corpus import Utterance
from classifier.suggestion import Action, Platform, Suggestion

_NORMAL_95 = 1.96
BINS = 10
ALONE = frozenset({Platform.GOVERNMENT, Platform.NONE})
TO_POLICE = frozenset({Platform.POLICE, Platform.BOTH})

Pair = tuple[Utterance, Suggestion]


@dataclass(frozen=True, slots=True)
class Rate:
    """right of seen, with the Wilson interval that so few utterances allow."""

    right: int
    seen: int

    @property
    def value(self) -> float:
        """The share itself; 0 of nothing seen."""
        return self.right / self.seen if self.seen else 0.0

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}] ({self.right}/{self.seen})"

    def interval(self) -> tuple[float, float]:
        """Wilson, 95 %."""
        if not self.seen:
            return 0.0, 1.0
        z, n, p = _NORMAL_95, self.seen, self.value
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        spread = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - spread), min(1.0, middle + spread)


def _rate(answers: Sequence[bool]) -> Rate:
    return Rate(sum(answers), len(answers))


def rates(pairs: Sequence[Pair]) -> dict[str, Rate]:
    """Every figure; over-triage (false alarms) and under-triage (danger missed) stand beside each other."""
    dangerous = [got for row, got in pairs if row.danger]
    harmless = [got for row, got in pairs if row.danger is False]
    ordinary = [got for row, got in pairs if row.danger is False and set(row.platform) <= {"12345", "none"}]
    not_alone = [got for row, got in pairs if not {"12345", "none"} & set(row.platform)]
    judged = [(row, got) for row, got in pairs if row.category]
    sent = [(row, got) for row, got in pairs if row.department]
    graded = [(row, got) for row, got in pairs if row.level is not None]
    return {
        "danger recall": _rate([got.danger for got in dangerous]),
        "danger false alarms": _rate([got.danger for got in harmless]),
        "danger sent to 12345 alone": _rate([got.platform in ALONE for got in dangerous]),
        "must not go to 12345 alone, does": _rate([got.platform in ALONE for got in not_alone]),
        "danger advised to 12345 alone": _rate([_is_alone(got) for got in dangerous]),
        "ordinary flagged danger or 110": _rate([got.danger or got.platform is Platform.POLICE for got in ordinary]),
        "ordinary shown to 110 at all": _rate([got.danger or got.platform in TO_POLICE for got in ordinary]),
        "platform": _rate([got.platform.value in row.platform for row, got in pairs]),
        "category top 1": _rate([got.category in row.category for row, got in judged]),
        "category top 3": _rate([any(s.name in row.category for s in got.categories) for row, got in judged]),
        "department": _rate([got.department in row.department for row, got in sent]),
        "level": _rate([got.level == row.level for row, got in graded]),
    }


def _is_alone(got: Suggestion) -> bool:
    """No other platform is brought in: neither by the platform nor by the advice to make a three-party call."""
    return got.platform in ALONE and got.action is not Action.THREE_PARTY


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same confidence."""

    said: float  # mean confidence
    was: Rate


def reliability(pairs: Sequence[Pair]) -> list[Bin]:
    """The platform's confidence in ten steps of equal width, empty ones left out."""
    steps: list[list[Pair]] = [[] for _ in range(BINS)]
    for pair in pairs:
        steps[min(int(pair[1].confidence * BINS), BINS - 1)].append(pair)
    return [
        Bin(
            sum(got.confidence for _, got in step) / len(step),
            _rate([got.platform.value in row.platform for row, got in step]),
        )
        for step in steps
        if step
    ]


def calibration_error(pairs: Sequence[Pair]) -> float:
    """Expected calibration error of the platform's confidence."""
    return sum(abs(step.said - step.was.value) * step.was.seen for step in reliability(pairs)) / max(1, len(pairs))


def reliability_svg(pairs: Sequence[Pair], title: str) -> str:
    """The reliability plot: what was said against what was right, bars are Wilson intervals."""
    side, edge = 320, 40

    def at(x: float, y: float) -> tuple[float, float]:
        return edge + x * side, edge + (1 - y) * side

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side + 2 * edge}" height="{side + 2 * edge}" font-size="11">',
        f'<rect x="{edge}" y="{edge}" width="{side}" height="{side}" fill="none" stroke="#888"/>',
        f'<line x1="{edge}" y1="{edge + side}" x2="{edge + side}" y2="{edge}" stroke="#bbb" stroke-dasharray="4"/>',
        f'<text x="{edge}" y="{edge - 14}">{title}; ECE {calibration_error(pairs):.3f}</text>',
        f'<text x="{edge}" y="{side + 2 * edge - 10}">said 所报置信度, 0 to 1; up: right 实际正确率</text>',
    ]
    for step in reliability(pairs):
        low, high = step.was.interval()
        (x, y), (_, top), (_, foot) = at(step.said, step.was.value), at(step.said, high), at(step.said, low)
        lines.append(f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{foot:.1f}" stroke="#36c"/>')
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#36c"><title>{step.was}</title></circle>')
    return "\n".join([*lines, "</svg>"]) + "\n"
