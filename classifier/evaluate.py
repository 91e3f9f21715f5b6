"""How good the suggestions are on data/utterances.tsv.

The same hand wrote rules and utterances, so these figures are an upper bound; a blind set is the classifier issue's.
"""

import csv
import math
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from classifier.suggest import classify, decision_path
from classifier.suggestion import Platform, Suggestion

_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of the development set with what we hold to be right."""

    text: str
    platform: frozenset[str]  # every answer that is right; overlaps allow more than one
    category: frozenset[str]
    danger: bool | None  # None: not judged
    level: int | None  # None: not judged
    kind: str  # voice or failure class
    split: str  # dev: tuned on; check: written first and not looked at while tuning


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


def utterances() -> tuple[Utterance, ...]:
    """The development set, in file order."""
    with (files("classifier") / "data" / "utterances.tsv").open(encoding="utf-8") as stream:
        rows = csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t")
        return tuple(
            Utterance(
                text=row["text"],
                platform=frozenset(row["platform"].split("|")),
                category=frozenset(row["category"].split("|")) - {""},
                danger={"yes": True, "no": False}.get(row["danger"]),
                level=int(row["level"]) if row["level"] else None,
                kind=row["kind"],
                split=row["split"],
            )
            for row in rows
        )


def rates(rows: tuple[Utterance, ...]) -> dict[str, Rate]:
    """Every figure for these utterances; danger recall stands beside its false alarms."""
    pairs = [(row, classify(row.text)) for row in rows]
    judged = [(row, got) for row, got in pairs if row.category]
    dangerous = [got for row, got in pairs if row.danger]
    harmless = [got for row, got in pairs if row.danger is False]
    return {
        "danger recall": Rate(sum(got.danger for got in dangerous), len(dangerous)),
        "danger false alarms": Rate(sum(got.danger for got in harmless), len(harmless)),
        "danger sent to 12345 alone": Rate(sum(_alone(got) for got in dangerous), len(dangerous)),
        "platform": Rate(sum(got.platform in row.platform for row, got in pairs), len(pairs)),
        "category top 1": Rate(sum(got.category in row.category for row, got in judged), len(judged)),
        "category top 3": Rate(
            sum(any(share.name in row.category for share in got.categories) for row, got in judged), len(judged)
        ),
        "level": Rate(
            sum(got.level == row.level for row, got in pairs if row.level),
            sum(row.level is not None for row, _ in pairs),
        ),
    }


def _alone(got: Suggestion) -> bool:
    return got.platform in {Platform.GOVERNMENT, Platform.NONE}


def paths() -> dict[str, Rate]:
    """Per path of decision: how often the platform was right on the check split. What `confidence` says."""
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for row in utterances():
        if row.split != "check":  # the tuned half would flatter
            continue
        path = decision_path(row.text)
        seen[path] += 1
        right[path] += classify(row.text).platform in row.platform
    return {path: Rate(right[path], seen[path]) for path in sorted(seen)}


def report() -> str:
    """The figures as a table for a terminal."""
    rows = utterances()
    lines = ["own utterances, written by the author of the rules: an upper bound, not a blind test", ""]
    for split in ("dev", "check"):
        part = tuple(row for row in rows if row.split == split)
        lines.append(f"{split}: {len(part)} utterances; rate [Wilson 95 %] (right/seen)")
        lines += [f"  {name:28} {rate}" for name, rate in rates(part).items()]
    lines.append("confidence per path of decision (check)")
    lines += [f"  {path:28} {rate}" for path, rate in paths().items()]
    return "\n".join(lines)


def write_confidence() -> str:
    """Store `paths()` as data/confidence.toml; returns the file's name."""
    target = Path(str(files("classifier") / "data" / "confidence.toml"))
    target.write_text(confidence_file(), encoding="utf-8")
    return target.name


def confidence_file() -> str:
    """What confidence.toml must say for the present rules and utterances."""
    lines = [
        "# Written by `python -m classifier evaluate --write` from data/utterances.tsv (our own writing: an upper",
        "# bound), check split. Per path of decision: on how many the platform was right, of how many seen.",
    ]
    for path, rate in paths().items():
        lines += [f"[path.{path}]", f"right = {rate.right}", f"seen = {rate.seen}"]
    return "\n".join(lines) + "\n"
