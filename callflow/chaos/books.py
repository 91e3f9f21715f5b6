"""What the product says of a run: both platforms' books and journals, and the channels that their PBXes still have."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callflow.lab import pbx
from callflow.lab.plan import Plan, SitePlan

Row = dict[str, Any]
PBX_LINES = 200_000
"""Of a PBX's warnings; one that has run wild writes millions."""


@dataclass(frozen=True, slots=True)
class CallBook:
    """One call row of one platform."""

    site: str
    call_id: str
    incident_id: str
    number: str
    from_site: str | None
    phase: str
    is_over: bool
    arrived_at: float
    owner: str
    settled: str | None
    danger: bool
    recordings: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketBook:
    """One ticket."""

    site: str
    ticket_id: str
    incident_id: str
    peer_ticket_id: str | None
    owner: str
    settled: str | None
    number: str
    opened_at: float


@dataclass(frozen=True, slots=True)
class CallBackBook:
    """One entry of a call-back list."""

    site: str
    call_id: str
    number: str
    reason: str
    queued_at: float


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a dialplan's journal."""

    site: str
    at: float
    name: str
    call_id: str
    incident_id: str
    channel: str
    uniqueid: str
    detail: str


@dataclass(frozen=True, slots=True)
class Cdr:
    """One row of a PBX's own call detail records: a leg and its partner, by channel. Moments have whole seconds."""

    site: str
    channels: tuple[str, str]
    began_at: float
    ended_at: float
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that is written down."""

    calls: tuple[CallBook, ...]
    tickets: tuple[TicketBook, ...]
    call_backs: tuple[CallBackBook, ...]
    steps: tuple[Step, ...]
    unsent: tuple[str, ...]  # messages to a peer without a receipt: "site kind incident"
    channels: tuple[str, ...]  # what both PBXes still have
    cdrs: tuple[Cdr, ...]
    cel_answers: frozenset[str]  # uniqueids of legs whose answer the PBX's own event log has
    recordings: tuple[str, ...]  # "site id" of every file that holds something
    undecided: tuple[str, ...]  # what a program logged of an event that it could not decide: "site line"

    @property
    def is_at_rest(self) -> bool:
        """Nothing is going on any more."""
        is_settled = all(call.is_over and call.settled for call in self.calls)
        return is_settled and not self.unsent and not self.channels


def read_books(plan: Plan) -> Books:
    """Read both platforms' books as they are now."""
    parts = [_of_site(site) for site in plan.sites]
    return Books(
        calls=tuple(row for part in parts for row in part["calls"]),
        tickets=tuple(row for part in parts for row in part["tickets"]),
        call_backs=tuple(row for part in parts for row in part["call_backs"]),
        steps=tuple(row for part in parts for row in part["steps"]),
        unsent=tuple(row for part in parts for row in part["unsent"]),
        channels=tuple(f"{site.id} {name}" for site in plan.sites for name in _channels(plan, site)),
        cdrs=tuple(row for part in parts for row in part["cdrs"]),
        cel_answers=frozenset(row for part in parts for row in part["cel_answers"]),
        recordings=tuple(row for part in parts for row in part["recordings"]),
        undecided=tuple(f"{site.id} {line}" for site in plan.sites for line in _undecided(site)),
    )


def _of_site(site: SitePlan) -> dict[str, list[Any]]:
    with sqlite3.connect(f"file:{site.state / 'facts.db'}?mode=ro", uri=True, timeout=5.0) as base:
        base.row_factory = sqlite3.Row
        return {
            "calls": [_call(site.id, json.loads(row["whole"]), row) for row in base.execute("SELECT * FROM calls")],
            "tickets": [_ticket(site.id, row) for row in base.execute("SELECT * FROM tickets")],
            "call_backs": [
                CallBackBook(site.id, row["call_id"], row["caller_number"], row["reason"], row["queued_at"])
                for row in base.execute("SELECT * FROM call_backs")
            ],
            "unsent": [
                f"{site.id} {row['kind']} {row['incident_id']}"
                for row in base.execute("SELECT kind, incident_id FROM outbox WHERE receipted_at IS NULL")
            ],
            "cdrs": list(_cdrs(site)),
            "cel_answers": list(_cel_answers(site)),
            "recordings": [
                f"{site.id} {file.stem}" for file in site.place.recordings.glob("*.alaw") if file.stat().st_size
            ],
            "steps": list(_steps(site.id, site.place.journal / "steps.csv")),
        }


def _call(site: str, whole: Row, row: sqlite3.Row) -> CallBook:
    return CallBook(
        site=site,
        call_id=whole["call_id"],
        incident_id=whole["incident_id"],
        number=whole["caller"]["number"],
        from_site=whole["caller"]["from_site"],
        phase=whole["phase"],
        is_over=bool(row["is_over"]),
        arrived_at=whole["arrived_at"],
        owner=whole["ownership"]["owner"],
        settled=whole["ownership"]["settled"],
        danger=whole["danger"],
        recordings=tuple(whole["recordings"]),
    )


def _ticket(site: str, row: sqlite3.Row) -> TicketBook:
    kept = ("ticket_id", "incident_id", "peer_ticket_id", "owner", "settled", "caller_number", "opened_at")
    return TicketBook(site, *(row[name] for name in kept))


def _steps(site: str, journal: Path) -> Iterator[Step]:
    with journal.open(encoding="ascii", errors="replace", newline="") as file:
        for cells in csv.reader(file):
            if len(cells) == 9:  # noqa: PLR2004 - the contract's columns; a torn line of a killed PBX has fewer
                yield Step(site, float(cells[0]), cells[1], cells[2], cells[3], *cells[6:])


def _cdrs(site: SitePlan) -> Iterator[Cdr]:
    for cells in _csv(site.place.log / "cdr-csv" / "Master.csv"):
        if len(cells) > 14:  # noqa: PLR2004 - to the disposition; a torn line of a killed PBX has fewer
            began, ended = (datetime.fromisoformat(cells[at]).replace(tzinfo=UTC).timestamp() for at in (9, 11))
            yield Cdr(site.id, (cells[5], cells[6]), began, ended, is_answered=cells[14] == "ANSWERED")


def _cel_answers(site: SitePlan) -> Iterator[str]:
    for cells in _csv(site.place.log / "cel-custom" / "cel.csv"):
        if len(cells) > 3 and cells[0] == "ANSWER":  # noqa: PLR2004 - the fourth is the uniqueid
            yield cells[3]


def _csv(path: Path) -> Iterator[list[str]]:
    if path.exists():
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            yield from csv.reader(file)


def _channels(plan: Plan, site: SitePlan) -> list[str]:
    told = pbx.console(plan, site, "core show channels concise")
    return [line.partition("!")[0] for line in told.splitlines() if re.match(r"^\S+!", line)]


def _undecided(site: SitePlan) -> Iterator[str]:
    with (site.place.log / "callflow.out").open(encoding="utf-8", errors="replace") as file:
        yield from (line.strip()[-400:] for line in file if "an event was not decided" in line or "Traceback" in line)
    with (site.place.log / "full").open(encoding="utf-8", errors="replace") as file:
        yield from (line.strip()[-400:] for line, _ in zip(file, range(PBX_LINES), strict=False) if "FRACK" in line)
