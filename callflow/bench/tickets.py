"""`./run bench tickets`: how quickly tickets are found and taken along, among 100,000 of them (R-044).

SQLite in a directory of its own; PostgreSQL beside it when CALLFLOW_BENCH_SQL_URL names an empty database. Promised:
by number or id 50 ms, by filter with paging 200 ms (95th percentile), an export of all in constant memory that goes
on after a cut.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.frozen import life_text
from callflow.adapters.sql.tables import tickets
from callflow.adapters.sql.ticket_search import SqlTicketSearch
from callflow.adapters.ticket_rules import shipped_rules
from callflow.domain.limits import Level, Matter
from callflow.domain.names import IncidentId, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import State
from callflow.service.ticket_search import Cursor, Wanted

if TYPE_CHECKING:
    from callflow.lab.plan import Plan

COUNT: Final = int(os.environ.get("CALLFLOW_BENCH_TICKETS", "100000"))
ASKED: Final = 200
PAGE: Final = 50
ROWS_AT_ONCE: Final = 2000
BEGAN: Final = 1_790_000_000.0
BETWEEN_S: Final = 40.0
FOUND_LIMIT_MS: Final = 50.0
FILTER_LIMIT_MS: Final = 200.0
MEMORY_LIMIT_MB: Final = 32.0
REGIONS: Final = ("510104", "510105", "510106", "510107", "510108", "510112", "510113")
OWNERS: Final = ("12345", "110")
OPEN_URL: Final = "CALLFLOW_BENCH_SQL_URL"


def run_bench(_plan: Plan, out: Path | None) -> int:
    """Print the table; 0 when every promise is kept."""
    with tempfile.TemporaryDirectory(prefix="callflow-bench-") as home:
        urls = {"SQLite": f"sqlite:///{home}/facts.db"}
        if os.environ.get(OPEN_URL):
            urls["PostgreSQL"] = os.environ[OPEN_URL]
        found = {name: asyncio.run(_measure(name, url)) for name, url in urls.items()}
    if out is not None:
        out.write_text(json.dumps({"tickets": COUNT, "engines": found}, indent=1) + "\n", encoding="utf-8")
    _show(found)
    return 0 if all(_kept(figures) for figures in found.values()) else 1


async def _measure(name: str, url: str) -> dict[str, float]:
    database = await Database.open(url)
    try:
        began = time.monotonic()
        for rows in _batches(database):
            await database.write(lambda connection, rows=rows: connection.execute(insert(tickets), rows))  # type: ignore[misc] # mypy cannot infer a default
        sys.stderr.write(f"{name}: {COUNT} tickets written in {time.monotonic() - began:.0f} s\n")
        search = SqlTicketSearch(database)
        return await _searches(search) | await _export(search)
    finally:
        await database.close()


def _batches(database: Database) -> Iterator[list[dict[str, Any]]]:
    chance, rules = random.Random(1), shipped_rules()  # noqa: S311 - the same tickets each time
    names, states = sorted(rules.categories.names), tuple(State)
    template = rules.begin(TicketId("GD0"), IncidentId("0"), BEGAN, Judgement(Level.THREE, Matter.HELP))
    life = life_text(template)
    rows: list[dict[str, Any]] = []
    for turn in range(COUNT):
        number = _number(turn % (COUNT // 2 or 1))  # everybody has two
        rows.append(
            {
                "ticket_id": _ticket_id(turn),
                "incident_id": f"{turn:026d}",
                "state": chance.choice(states),
                "phone_mark": "",
                "caller_number": number,
                "number_hash": database.numbers.of(number),
                "presentation": "allowed",
                "verified": "network",
                "note": "路灯不亮" * 10,
                "peer_note": "",
                "region": chance.choice(REGIONS),
                "first_receiver": "12345",
                "owner": chance.choice(OWNERS),
                "danger": False,
                "consent": "agreed",
                "opened_at": BEGAN + turn * BETWEEN_S,
                "changed_at": BEGAN,
                "life": life,
                "version": 1,
                "channel": "phone",
                "level": chance.choices((1, 2, 3), (1, 4, 95))[0],
                "matter": "help",
                "category_scheme": rules.categories.scheme,
                "category_version": rules.categories.version,
                "category": chance.choice(names),
                "department": "",
                "unit": "",
                "location": "",
                "summary": "",
                "peer_state": "",
                "peer_version": 0,
            }
        )
        if len(rows) == ROWS_AT_ONCE or turn == COUNT - 1:
            yield rows
            rows = []


def _ticket_id(turn: int) -> str:
    return f"GD20261122{turn:06d}"


def _number(turn: int) -> str:
    return f"199{turn:08d}"


async def _searches(search: SqlTicketSearch) -> dict[str, float]:
    chance, names = random.Random(2), sorted(shipped_rules().categories.names)  # noqa: S311 - see above

    def some() -> Wanted:
        wanted: dict[str, Any] = {"category": chance.choice(names)} if chance.random() < 1 / 2 else {}
        wanted |= {"region": chance.choice(REGIONS)} if chance.random() < 1 / 2 else {}
        wanted |= {"state": chance.choice(tuple(State))} if chance.random() < 1 / 2 else {}
        wanted |= {"level": chance.choice((1, 2, 3))} if chance.random() < 1 / 2 else {}
        wanted |= {"owner": chance.choice(OWNERS)} if chance.random() < 1 / 2 else {}
        begin = BEGAN + chance.random() * COUNT * BETWEEN_S
        return Wanted(**wanted | ({"opened_from": begin} if chance.random() < 1 / 2 else {}))

    async def by_filter() -> None:
        wanted = some()
        page = await search.page(wanted, PAGE)
        if page.after is not None:
            await search.page(wanted, PAGE, page.after)

    def deep() -> Cursor:
        return Cursor(BEGAN + chance.random() * COUNT * BETWEEN_S, "")

    everyone = COUNT // 2 or 1
    return {
        "by number": await _p95(lambda: search.page(Wanted(number=_number(chance.randrange(everyone))), PAGE)),
        "by id": await _p95(lambda: search.page(Wanted(ticket_id=_ticket_id(chance.randrange(COUNT))), PAGE)),
        "by filter, two pages": await _p95(by_filter),
        "a page in the depth": await _p95(lambda: search.page(some(), PAGE, deep())),
    }


async def _p95(ask: Callable[[], Awaitable[Any]]) -> float:
    took: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1000)
    return round(sorted(took)[int(len(took) * 0.95)], 2)


async def _export(search: SqlTicketSearch) -> dict[str, float]:
    tracemalloc.start()
    began, count, cut = time.monotonic(), 0, None
    async for ticket in search.every(Wanted()):
        count += 1
        if count == COUNT // 3:
            cut = Cursor(ticket.opened_at, ticket.ticket_id)
            tracemalloc.reset_peak()
    took_s, peak = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rest = 0
    async for _ in search.every(Wanted(), cut):
        rest += 1
    return {
        "export, seconds": round(took_s, 1),
        "export, memory MB": round(peak / 1e6, 1),
        "rows that were missing": float(COUNT - count),
        "rows missing or doubled after a cut": float(COUNT - COUNT // 3 - rest),
    }


LIMITS: Final[dict[str, float]] = {
    "by number": FOUND_LIMIT_MS,
    "by id": FOUND_LIMIT_MS,
    "by filter, two pages": FILTER_LIMIT_MS,
    "a page in the depth": FILTER_LIMIT_MS,
    "export, memory MB": MEMORY_LIMIT_MB,
    "rows that were missing": 0.0,
    "rows missing or doubled after a cut": 0.0,
}


def _kept(figures: dict[str, float]) -> bool:
    return all(figures[name] <= limit for name, limit in LIMITS.items())


def _show(found: dict[str, dict[str, float]]) -> None:
    engines: Sequence[str] = tuple(found)
    table = Table("95th percentile, ms", *engines, "promised", title=f"{COUNT} tickets")
    for name in found[engines[0]]:
        promised = "" if name not in LIMITS else f"≤ {LIMITS[name]:g}"
        table.add_row(name, *(f"{found[engine][name]:g}" for engine in engines), promised)
    Console().print(table)
