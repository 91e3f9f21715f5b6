"""`./run bench exchange`: how soon the other platform has what happened here, on a live line (R-043).

Matters are opened at one site of the lab, given to the other and lived through there, one step after the other. Of
every message both books have the moments: `outbox.stored_at` when it happened, `inbox.received_at` when the other side
had it taken, acted on and stored. Both programs run on this machine, so the moments are of one clock.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, CookieJar
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.tables import inbox, outbox
from callflow.lab import lab
from callflow.lab.plan import LabError, Plan

MATTERS: Final = 40
BETWEEN_S: Final = 0.05
SETTLE_LIMIT_S: Final = 20.0
PROMISED_S: Final = 1.0
STEPS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("sign", {}),
    ("respond", {}),
    ("feed-back", {"text": "已处理"}),
)


def run_bench(plan: Plan, out: Path | None) -> int:
    """Measure and judge; 1 when the promise is broken. Brings its own lab up and down unless one runs already.

    Raises:
        LabError: a step was refused, or what was said did not arrive at all.
    """
    console = Console(highlight=False)
    was_up = lab.status(plan) is not None
    status = lab.up(plan, console.print)
    try:
        figures = asyncio.run(_measure(status["sites"]))
    except (ClientError, OSError) as error:
        raise LabError(f"bench exchange: {error}; ./run doctor says if something is missing") from error
    finally:
        if not was_up:
            lab.down(plan)
    if out is not None:
        out.write_text(json.dumps({"promised_s": PROMISED_S, **figures}, indent=1) + "\n", encoding="utf-8")
    _show(console, figures)
    return 0 if figures["p95_s"] <= PROMISED_S else 1


async def _measure(sites: list[dict[str, Any]]) -> dict[str, float]:
    began_at = time.time()
    async with (
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as here,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as there,
    ):
        seats = [_Seat(session, site) for session, site in zip((here, there), sites, strict=True)]
        for seat in seats:
            await seat.sign_in()
        for turn in range(MATTERS):
            await _one_matter(*(seats if turn % 2 == 0 else seats[::-1]))
    books = [await Database.open(site["sql"]) for site in sites]
    try:
        lags = await _lags(books, began_at)
    finally:
        for one in books:
            await one.close()
    return {
        "messages": float(len(lags)),
        "p50_s": round(lags[len(lags) // 2], 3),
        "p95_s": round(lags[int(len(lags) * 0.95)], 3),
        "longest_s": round(lags[-1], 3),
    }


class _Seat:
    """An agent's desk, by HTTP alone."""

    def __init__(self, http: ClientSession, site: dict[str, Any]) -> None:
        self._http, self._site, self._csrf = http, site, ""
        self.platform: str = site["id"]

    async def sign_in(self) -> None:
        agent = self._site["agents"][0]
        said = await self.ask("/session", {"user": agent["desk_user"], "password": agent["desk_password"]})
        self._csrf = said["csrf"]

    async def ask(self, path: str, body: dict[str, Any]) -> Any:
        url, headers = f"{self._site['http']}/api/v1{path}", {"X-CSRF-Token": self._csrf}
        async with self._http.post(url, json=body, headers=headers) as answer:
            said = await answer.json()
            if not answer.ok:
                raise LabError(f"bench exchange: {path.rpartition('/')[2]} answered {answer.status} {said.get('code')}")
            return said


async def _one_matter(mine: _Seat, his: _Seat) -> None:
    matter = {"summary": "路灯不亮", "channel": "web", "dispatch_to": his.platform}
    opened = await mine.ask("/tickets", matter)
    async with asyncio.timeout(SETTLE_LIMIT_S):
        while not (found := (await his.ask("/tickets/search", {"incident_id": opened["incident_id"]}))["tickets"]):  # noqa: ASYNC110 - asks another program, which tells nobody
            await asyncio.sleep(BETWEEN_S)
    for word, said in STEPS:
        await his.ask(f"/tickets/{found[0]['ticket_id']}/{word}", said)
        await asyncio.sleep(BETWEEN_S)


async def _lags(books: list[Database], began_at: float) -> list[float]:
    """Seconds from the happening to the other side's books, for every message of this run; sorted."""
    sent = select(outbox.c.message_id, outbox.c.stored_at).where(outbox.c.stored_at >= began_at)
    taken = select(inbox.c.message_id, inbox.c.received_at).where(inbox.c.received_at >= began_at)
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while True:
        happened = {row[0]: row[1] for one in books for row in await _rows(one, sent)}
        arrived = {row[0]: row[1] for one in books for row in await _rows(one, taken)}
        if happened.keys() <= arrived.keys():
            return sorted(arrived[message] - at for message, at in happened.items())
        if time.monotonic() > deadline:
            lost = len(happened.keys() - arrived.keys())
            raise LabError(f"bench exchange: {lost} messages did not arrive within {SETTLE_LIMIT_S:.0f} s")
        await asyncio.sleep(BETWEEN_S)


async def _rows(books: Database, statement: Any) -> list[Any]:
    async def read(connection: Any) -> list[Any]:
        return list((await connection.execute(statement)).all())

    return await books.read(read)


def _show(console: Console, figures: dict[str, float]) -> None:
    table = Table(
        "what happened here is in the other books after", "s", "promised", title=f"{figures['messages']:.0f} messages"
    )
    table.add_row("median", f"{figures['p50_s']:.3f}", "")
    table.add_row("95th percentile", f"{figures['p95_s']:.3f}", f"≤ {PROMISED_S:g}")
    table.add_row("longest", f"{figures['longest_s']:.3f}", "")
    console.print(table)
