"""How each service number is answered and how handovers go, from the calls of a period (R-070, requirements §1.8).

| figure | counted | out of |
|---|---|---|
| 人工接通率 human answered | a person answered | callers who rang this number (nothing but a person answers here) |
| 直接解答率 answered directly | the agent says that nothing is left to do | calls of which an agent said what became |
| 15/30 s 人工接通率 | answered within 15, 30 s of the arrival | (a) offered, (b) answered |
| uncovered hours | hours of the week in which somebody rang and nobody ever answered | 168 |
| merge flag 并入 | rate below 60 %, or an uncovered hour (国办发〔2022〕12号 §三(一)) | |

Callers whom a platform handed over are not counted as offered to a number: they rang the other one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from callflow.domain.calls import Attempt, Call
from callflow.domain.figures import Elapsed, Share
from callflow.domain.names import Disposition, Outcome, Settled
from callflow.domain.working_days import CHINA

LEAST_ANSWERED: Final = 0.6
"""Strictly below it the number's seats are to be merged into 12345 (F0 §二(四)1, F1 §三(一), F3 §三(六)1)."""

SOON_S: Final = (15.0, 30.0)
"""GB/T 33358 asks for an answer within 15 s; 30 s is what some provinces publish."""

HOURS: Final = 168


@dataclass(frozen=True, slots=True)
class Offered:
    """One call, and when a person first answered it; None: nobody did."""

    call: Call
    answered_at: float | None

    @property
    def waited_s(self) -> float | None:
        """From the arrival to the answer."""
        return None if self.answered_at is None else self.answered_at - self.call.arrived_at


@dataclass(frozen=True, slots=True)
class Line:
    """One service number. `soon` and `soon_of_answered` have one share for each of `SOON_S`."""

    number: str
    answered: Share
    disposed: Share
    """An agent has said what became of the call; out of those that were answered."""
    answered_directly: Share
    soon: tuple[Share, ...]
    soon_of_answered: tuple[Share, ...]
    wait: Elapsed
    covered_hours: int
    uncovered_hours: tuple[int, ...]
    """Hours of the week, 0 is Monday 0 to 1 o'clock in China. In the others nobody rang: nobody knows."""

    @property
    def too_seldom(self) -> bool:
        """Fewer than 60 of 100 callers were answered."""
        return self.answered.of > 0 and self.answered.counted / self.answered.of < LEAST_ANSWERED

    @property
    def to_merge(self) -> bool:
        """The rule says that its seats belong into 12345."""
        return self.too_seldom or bool(self.uncovered_hours)


@dataclass(frozen=True, slots=True)
class Transfers:
    """The handovers of a period, out of all that were begun or had joined."""

    begun: int
    joined: Share
    """Of all that are over."""
    outcomes: dict[str, int]
    kept_number: Share
    """The target saw the caller's own number: no retry under ours. Of those that joined."""
    lost_after_answer: int
    ring: Elapsed
    """From the key to the ringing."""
    talk: Elapsed
    """From the key to the answer."""
    danger_ring: Elapsed
    """Of those in danger, from the order to the ringing."""
    settled: dict[str, int]
    """How the owner was settled: agreed, first_receiver, returned."""


@dataclass(slots=True)
class Lines:
    """Calls, one by one."""

    calls: list[Offered] = field(default_factory=list)

    def take(self, offered: Iterable[Offered]) -> None:
        """In any order, each once."""
        self.calls += offered

    def lines(self) -> list[Line]:
        """The figures of each number that somebody rang, by number."""
        rang: dict[str, list[Offered]] = {}
        for one in self.calls:
            if one.call.caller.from_site is None:
                rang.setdefault(one.call.caller.dialled, []).append(one)
        return [_line(number, calls) for number, calls in sorted(rang.items())]

    def transfers(self) -> Transfers:
        """Every attempt of every call, whoever was its target."""
        attempts = [attempt for one in self.calls for attempt in one.call.attempts]
        over = [attempt for attempt in attempts if attempt.outcome is not None]
        joined = [attempt for attempt in attempts if attempt.joined_at is not None]
        return Transfers(
            begun=len(attempts),
            joined=Share(len(joined), len(over)),
            outcomes=_counted([attempt.outcome.value for attempt in over if attempt.outcome is not None]),
            kept_number=Share(sum(not attempt.retried for attempt in joined), len(joined)),
            lost_after_answer=sum(attempt.outcome is Outcome.LOST_AFTER_ANSWER for attempt in over),
            ring=_elapsed(attempts, lambda attempt: attempt.ringing_at),
            talk=_elapsed(attempts, lambda attempt: attempt.joined_at),
            danger_ring=_elapsed([one for one in attempts if one.danger], lambda attempt: attempt.ringing_at),
            settled=_counted([Settled(s).value for one in self.calls if (s := one.call.ownership.settled) is not None]),
        )


def _line(number: str, calls: list[Offered]) -> Line:
    waits = [wait for one in calls if (wait := one.waited_s) is not None]
    rang = {_hour(one.call.arrived_at) for one in calls}
    covered = {_hour(one.call.arrived_at) for one in calls if one.answered_at is not None}
    said = [one.call.disposition for one in calls if one.call.disposition is not None]
    within = [sum(wait <= limit for wait in waits) for limit in SOON_S]
    return Line(
        number,
        Share(len(waits), len(calls)),
        Share(len(said), len(waits)),
        Share(said.count(Disposition.ANSWERED), len(said)),
        tuple(Share(count, len(calls)) for count in within),
        tuple(Share(count, len(waits)) for count in within),
        Elapsed.of(waits),
        len(covered),
        tuple(sorted(rang - covered)),
    )


def _hour(at: float) -> int:
    there = datetime.fromtimestamp(at, UTC).astimezone(CHINA)
    return there.weekday() * 24 + there.hour


def _elapsed(attempts: list[Attempt], moment: Callable[[Attempt], float | None]) -> Elapsed:
    return Elapsed.of([at - attempt.started_at for attempt in attempts if (at := moment(attempt)) is not None])


def _counted(words: list[str]) -> dict[str, int]:
    return {word: words.count(word) for word in sorted(set(words))}
