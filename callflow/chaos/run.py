"""`./run chaos`: a lab of its own, real calls, faults at every moment, and at the end the ledger."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console

from callflow.chaos.books import Books, read_books
from callflow.chaos.faults import Breaker, breaker_of
from callflow.chaos.house import plan_house
from callflow.chaos.plan import SITES, ChaosPlan, make_plan
from callflow.chaos.play import Run, cast
from callflow.chaos.report import Played, document_of, show
from callflow.chaos.seen import run_seen
from callflow.lab import lab
from callflow.lab.plan import LabError, Plan
from softphone_sim.desk import DeskRefused
from softphone_sim.lab import read_lab
from softphone_sim.phone.handset import PhoneRefused
from softphone_sim.run.stage import Stage

AT_ONCE = 12
"""What two cores bear: more calls at once and the phones' own clocks slip."""

POLL_MS = 20
REST_LIMIT_S, LOOKS_AT_REST = 25.0, 2
LIMIT_S, LIMIT_A_CALL_S = 120.0, 4.0
PLAIN_WIDTH = 130


def run_chaos(base: int, *, calls: int, seed: int, broken: str | None, as_json: bool) -> int:
    """Play `calls` calls by the plan of `seed`; 0 when the ledger is clean. Leaves nothing running.

    Raises:
        LabError: the lab did not come up, a part did not come back after a fault, or it took too long.
    """
    out = Console(stderr=as_json, highlight=False)
    if not out.is_terminal:
        out.width = PLAIN_WIDTH
    plan = plan_house(base, broken)
    try:
        document = document_of(asyncio.run(_run(plan, make_plan(calls, seed), broken, out)))
    except (PhoneRefused, DeskRefused) as refused:
        raise LabError(f"chaos: {refused}; ./run doctor says if something is missing") from refused
    finally:
        lab.down(plan)
    if as_json:
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
    show(out, document)
    if document["ok"]:
        shutil.rmtree(_tapes(plan))
    else:
        out.print(f"what every phone heard, books and logs: {plan.state}  录音带、账本与日志")
    return 0 if document["ok"] else 1


async def _run(plan: Plan, chaos: ChaosPlan, broken: str | None, out: Console) -> Played:
    limit_s = LIMIT_S + LIMIT_A_CALL_S * len(chaos.calls)
    seconds: dict[str, float] = {}
    began = time.monotonic()
    try:
        async with asyncio.timeout(limit_s), breaker_of(plan) as breaker:
            await asyncio.to_thread(lab.up, plan, out.print)
            stage = Stage(read_lab(plan.status_file), tapes=_tapes(plan), poll_ms=POLL_MS)
            async with stage, cast(stage, SITES) as (crowd, people):
                seconds["setup"] = time.monotonic() - began
                run = Run(chaos, stage, crowd, people, breaker, AT_ONCE, out.print)
                await run.play()
                seconds["calls"] = time.monotonic() - began - seconds["setup"]
                books = await _at_rest(plan, breaker)
                seconds["rest"] = time.monotonic() - began - sum(seconds.values())
                seen = run_seen(run.playings, people, run.striker.hits, breaker.outages)
                seconds["ears"] = time.monotonic() - began - sum(seconds.values())
                return Played(
                    chaos, broken, AT_ONCE, run.striker.hits, run.striker.struck, run.looks(), seen, books, seconds
                )
    except TimeoutError as late:
        raise LabError(f"chaos: not over after {limit_s:g} s; the machine is too busy, or a call hangs") from late


def _tapes(plan: Plan) -> Path:
    """Where the phones' tapes are, for whoever looks into a ledger that is not clean; gone with the next run."""
    return plan.state / "tapes"


async def _at_rest(plan: Plan, breaker: Breaker) -> Books:
    """The books once nothing has moved in two looks, or as they are after the limit.

    One look is not enough: the last caller's end may stand in the journal and his program not have read it yet.
    """
    deadline = time.monotonic() + REST_LIMIT_S
    await breaker.all_ready()
    looks = 0
    while True:
        books = await asyncio.to_thread(read_books, plan)
        looks = looks + 1 if books.is_at_rest else 0
        if looks == LOOKS_AT_REST or time.monotonic() > deadline:
            return books
        await asyncio.sleep(1.0)
