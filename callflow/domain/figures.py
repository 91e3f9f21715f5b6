"""The figures of a period, from the audit's entries alone: whoever has the audit can count them again (R-093).

| figure | counted | out of |
|---|---|---|
| 签收率 signed | signed by now | opened in the period |
| 反馈及时率 answered in time | first response (levels 1, 2) within its limit | those that responded, or are late |
| 按时办结率 done in time | result fed back within its limit | those with a result, or that are late |
| 退回率 returned | returned at least once | opened in the period |
| 督办数 supervised | supervision orders | (a number) |
| 回访率 called back | the citizen was asked | closed |
| 满意率 satisfied | satisfied | those who gave an answer |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callflow.domain.limits import Stage


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit about a ticket: `what` without its "ticket." before it."""

    at: float
    what: str
    detail: Mapping[str, Any]


@dataclass(slots=True)
class Seen:
    """What the audit tells about one ticket."""

    region: str
    opened_at: float
    due: dict[str, float]
    unit: str = ""
    channel: str = ""
    category: str = ""
    level: int = 0
    signed: bool = False
    responded_at: float | None = None
    fed_back_at: float | None = None
    closed: bool = False
    returned: bool = False
    called_back: bool = False
    satisfied: bool | None = None
    supervised: int = 0
    mystery: bool = False
    """An evaluator says that he was the caller himself (R-095)."""
    first: dict[str, float] = field(default_factory=dict)
    """When each step was first taken."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    counted: int
    of: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return round(self.counted / self.of, 4) if self.of else None


@dataclass(frozen=True, slots=True)
class Elapsed:
    """How long so many of them took, in seconds; percentiles by nearest rank. None of nothing."""

    count: int
    p50_s: float | None
    p95_s: float | None
    most_s: float | None

    @classmethod
    def of(cls, took_s: Iterable[float]) -> Elapsed:
        """In any order."""
        rising = sorted(took_s)
        if not rising:
            return cls(0, None, None, None)
        p50, p95 = (round(rising[-(-len(rising) * share // 100) - 1], 3) for share in (50, 95))
        return cls(len(rising), p50, p95, round(rising[-1], 3))


STAGES = (
    ("opened", "signed"),
    ("signed", "responded"),
    ("responded", "fed_back"),
    ("fed_back", "called_back"),
    ("fed_back", "closed"),
    ("opened", "closed"),
)
"""Whose elapsed time is told (R-036): from the first time that the one was so to the first time of the other."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of the tickets opened in a period, of one group of them."""

    opened: int
    signed: Share
    answered_in_time: Share
    done_in_time: Share
    returned: Share
    called_back: Share
    satisfied: Share
    supervised: int
    stages: dict[str, Elapsed]


@dataclass(slots=True)
class Fold:
    """The audit, entry by entry. `supervises`: the names of the chases that are supervision orders."""

    opened_from: float
    opened_to: float
    supervises: frozenset[str]
    seen: dict[str, Seen] = field(default_factory=dict)

    def take(self, entries: Iterable[Entry]) -> None:
        """In the order of the audit. Tickets that were not opened in the period are passed over."""
        for entry in entries:
            ticket_id = str(entry.detail.get("ticket_id", ""))
            if entry.what == "opened" and self.opened_from <= entry.at < self.opened_to:
                due = _due(entry.detail)
                seen = Seen(str(entry.detail["region"]), entry.at, due, str(entry.detail["unit"]))
                seen.channel = str(entry.detail.get("channel", ""))
                seen.category = str(entry.detail.get("category", ""))
                seen.level = int(entry.detail.get("level", 0))
                seen.first["opened"] = entry.at
                self.seen[ticket_id] = seen
            elif ticket_id in self.seen:
                self._live_on(self.seen[ticket_id], entry)

    def figures(self, now: float, of: Callable[[Seen], str] = lambda _seen: "") -> dict[str, Figures]:
        """The figures of each group of tickets, by its name."""
        groups: dict[str, list[Seen]] = {}
        for seen in self.seen.values():
            groups.setdefault(of(seen), []).append(seen)
        return {name: _figures(group, now) for name, group in sorted(groups.items())}

    def _live_on(self, seen: Seen, entry: Entry) -> None:
        detail = entry.detail
        seen.unit = str(detail.get("unit") or seen.unit)
        seen.category = str(detail.get("category") or seen.category)
        seen.level = int(detail.get("level") or seen.level)
        seen.first.setdefault(entry.what, entry.at)
        match entry.what:
            case "signed":
                seen.signed = True
            case "responded":
                seen.signed, seen.responded_at = True, seen.responded_at or entry.at
            case "fed_back":
                seen.signed, seen.fed_back_at = True, seen.fed_back_at or entry.at
            case "closed":
                seen.closed = True
            case "returned":
                seen.returned = True
            case "called_back":
                seen.called_back, seen.satisfied = True, detail.get("satisfied")
            case "relevelled":
                seen.due = _due(detail)
            case "mystery":
                seen.mystery = True
            case "chased":
                seen.supervised += str(detail.get("key", "")).partition(":")[2] in self.supervises
            case _:
                pass


def _due(detail: Mapping[str, Any]) -> dict[str, float]:
    return {str(one["stage"]): float(one["due_at"]) for one in detail.get("deadlines", ())}


def _figures(group: list[Seen], now: float) -> Figures:
    asked = [seen for seen in group if seen.called_back and seen.satisfied is not None]
    return Figures(
        opened=len(group),
        signed=Share(sum(seen.signed for seen in group), len(group)),
        answered_in_time=_in_time(group, Stage.RESPONSE, lambda seen: seen.responded_at or seen.fed_back_at, now),
        done_in_time=_in_time(group, Stage.RESULT, lambda seen: seen.fed_back_at, now),
        returned=Share(sum(seen.returned for seen in group), len(group)),
        called_back=Share(sum(seen.called_back for seen in group if seen.closed), sum(seen.closed for seen in group)),
        satisfied=Share(sum(seen.satisfied is True for seen in asked), len(asked)),
        supervised=sum(seen.supervised for seen in group),
        stages={f"{begun}_to_{done}": _stage(group, begun, done) for begun, done in STAGES},
    )


def _stage(group: list[Seen], begun: str, done: str) -> Elapsed:
    both = [seen.first for seen in group if begun in seen.first and done in seen.first]
    return Elapsed.of(first[done] - first[begun] for first in both)


def _in_time(group: list[Seen], stage: Stage, done_at: Callable[[Seen], float | None], now: float) -> Share:
    limited = [(seen.due[stage.value], done_at(seen)) for seen in group if stage.value in seen.due]
    judged = [(due, done) for due, done in limited if done is not None or due < now]
    return Share(sum(done is not None and done <= due for due, done in judged), len(judged))
