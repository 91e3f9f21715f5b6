"""Callers, legs and books that a test can bend: a clean handover from 12345 to 110, seen and written down."""

from __future__ import annotations

from dataclasses import replace

from callflow.chaos.books import Books, CallBackBook, CallBook, Cdr, Step, TicketBook
from callflow.chaos.fates import S
from callflow.chaos.faults import Outage
from callflow.chaos.seen import AgentLeg, CallerSeen, RunSeen
from softphone_sim.ears.listen import MUSIC, Interval
from softphone_sim.run.fates import EndedBy, LegSeen

NUMBER, INCIDENT, FAR_INCIDENT = "13800000001", "01INCIDENT", "01OTHER"


def at(seconds: float) -> int:
    """So many seconds into the story, in nanoseconds."""
    return round((1000 + seconds) * S)


def heard(start_s: float, end_s: float, *voices: str) -> Interval:
    return Interval(at(start_s), at(end_s), frozenset(voices))


def leg(
    phone: str,
    began_s: float,
    answered_s: float | None,
    ended_s: float | None,
    by: EndedBy = EndedBy.FAR,
    *stretches: Interval,
) -> LegSeen:
    answered_ns = None if answered_s is None else at(answered_s)
    ended_ns = None if ended_s is None else at(ended_s)
    return LegSeen(
        phone, NUMBER, phone != "carrier", at(began_s), answered_ns, answered_ns, ended_ns, by, code=200, cause=16,
        stretches=stretches,
    )  # fmt: skip


ZHANG = AgentLeg("12345", leg("zhang", 0.5, 1, 6))
LI = AgentLeg("110", leg("li", 3, 4, 10))
CITIZEN = leg(
    "carrier", 0, 1, 10, EndedBy.SELF, heard(1, 4, "zhang"), heard(4, 6, "zhang", "li"), heard(6, 10, "li"),
)  # fmt: skip
CALLER = CallerSeen(
    NUMBER, "12345", "one key", danger=False, leg=CITIZEN, agents=(ZHANG, LI), cut_by_pbx_ns=None,
    cut_by_carrier_ns=None, struck_by=(),
)  # fmt: skip
OURS = CallBook(
    "12345", "01OURS", INCIDENT, NUMBER, None, "ended", is_over=True, arrived_at=1000.0, owner="110",
    settled="agreed", danger=False,
)  # fmt: skip
THEIRS = replace(OURS, site="110", call_id="01THEIRS", from_site="12345")
PAIR = (
    TicketBook("12345", "GD1", INCIDENT, "JD1", "110", "agreed", NUMBER, 1003.0),
    TicketBook("110", "JD1", INCIDENT, "GD1", "110", "agreed", NUMBER, 1003.0),
)
STEPS = (
    Step("12345", 1001.0, "answered", "01OURS", INCIDENT, "PJSIP/8001-1", "u1", ""),
    Step("110", 1004.0, "answered", "01THEIRS", INCIDENT, "PJSIP/9001-1", "u2", ""),
)
CDRS = (
    Cdr("12345", ("PJSIP/carrier-1", "PJSIP/8001-1"), 1000.0, 1006.0, is_answered=True),
    Cdr("110", ("PJSIP/peer-1", "PJSIP/9001-1"), 1003.0, 1010.0, is_answered=True),
)
BOOKS = Books(
    (OURS, THEIRS), PAIR, (), STEPS, unsent=(), channels=(), cdrs=CDRS, cel_answers=frozenset({"u1", "u2"}),
    recordings=(), undecided=(),
)  # fmt: skip


def run(*callers: CallerSeen, outages: tuple[Outage, ...] = ()) -> RunSeen:
    return RunSeen(callers or (CALLER,), outages)


def listed(queued_at: float, reason: str = "cut") -> CallBackBook:
    return CallBackBook("12345", "01OURS", NUMBER, reason, queued_at)


__all__ = ["MUSIC"]
