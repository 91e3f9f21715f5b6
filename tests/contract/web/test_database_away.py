"""The database is away (another program holds it): ticket writes are taken, kept, and applied once when it is back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from callflow.adapters.put_off_file import PutOffFile
from callflow.domain.names import TicketId
from callflow.service.put_off import PutOff
from callflow.web.ticket_intake import applier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.contract.web.desk import Desk
    from tests.contract.web.house import House

MATTER = {"channel": "web", "summary": "路灯不亮", "region": "510104", "contact": "19991234567"}
KEPT = "kept-until-the-database-is-back"


@pytest.fixture
def away(tmp_path: Path) -> Any:
    """Nobody can write while this lasts; as when a disk hangs or an administrator's tool holds the file."""

    @asynccontextmanager
    async def held() -> AsyncIterator[None]:
        other = sqlite3.connect(tmp_path / "facts.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
        other.close()

    return held


@pytest.fixture
async def desk(ticket_house: House) -> Desk:
    return await ticket_house.desk(ticket_house.agent)


async def asked(desk: Desk, path: str, ask: dict[str, Any], key: str = "") -> tuple[int, Any]:
    return await desk.post(f"/api/v1/tickets{path}", ask, **({"Idempotency-Key": key} if key else {}))


@pytest.mark.covers("C-06")
async def test_steps_and_matters_are_applied_once_in_their_order_when_it_is_back(
    ticket_house: House, desk: Desk, away: Any
) -> None:
    ticket_id = (await asked(desk, "", MATTER))[1]["ticket_id"]
    async with away():
        first = await asked(desk, f"/{ticket_id}/sign", {}, key="sign-it-once-0000")
        again = await asked(desk, f"/{ticket_id}/sign", {}, key="sign-it-once-0000")
        second = await asked(desk, f"/{ticket_id}/respond", {"text": "已派员"})
        matter = await asked(desk, "", MATTER | {"summary": "井盖缺失"}, key="matter-once-000000")
    overtaking = await asked(desk, f"/{ticket_id}/feed-back", {"text": "已修复"})  # back, but others wait before it

    assert [status for status, _ in (first, second, matter, overtaking)] == [202] * 4
    assert (first[1]["code"], again) == (KEPT, first)
    assert overtaking[1]["waiting"] == 4

    await ticket_house.put_off.apply_all(applier(ticket_house.deps()))
    life = await ticket_house.lives.life(TicketId(ticket_id))
    found = await ticket_house.tickets.search(limit=10)
    assert (life.state, life.version, life.fed_back_at) == ("fed_back", 4, ticket_house.now)
    assert sorted(one.summary for one in found) == ["井盖缺失", "路灯不亮"]
    told = [body for name, body in ticket_house.desks.streams[ticket_house.agent] if name == "put_off"]
    assert [(one["what"], one["refused"]) for one in told] == [
        ("sign", None),
        ("respond", None),
        ("open", None),
        ("feed-back", None),
    ]
    assert (await asked(desk, f"/{ticket_id}/citizen-told", {"channel": "phone"}))[0] == 200


@pytest.mark.covers("C-06")
async def test_what_waits_outlives_the_program_and_half_a_line_of_its_death(
    ticket_house: House, desk: Desk, away: Any, tmp_path: Path
) -> None:
    ticket_id = (await asked(desk, "", MATTER))[1]["ticket_id"]
    async with away():
        await asked(desk, f"/{ticket_id}/sign", {})
    shelf = tmp_path / "later.ndjson"
    assert shelf.stat().st_mode & 0o777 == 0o600
    with shelf.open("a") as torn:
        torn.write('{"what": "respo')

    after = PutOff(PutOffFile(shelf), ticket_house.desks)
    assert after.waiting == 1
    running = asyncio.ensure_future(after.run(applier(ticket_house.deps())))
    async with asyncio.timeout(5):
        while shelf.exists():  # noqa: ASYNC110 - a file tells nobody that it went
            await asyncio.sleep(0.01)
    running.cancel()

    assert (await ticket_house.lives.life(TicketId(ticket_id))).state == "signed"


async def test_what_is_refused_when_its_turn_comes_is_told_and_holds_nothing_up(
    ticket_house: House, desk: Desk, away: Any
) -> None:
    ticket_id = (await asked(desk, "", MATTER))[1]["ticket_id"]
    async with away():
        await asked(desk, f"/{ticket_id}/close", {})
        await asked(desk, f"/{ticket_id}/sign", {})

    await ticket_house.put_off.apply_all(applier(ticket_house.deps()))

    told = [body for name, body in ticket_house.desks.streams[ticket_house.agent] if name == "put_off"]
    assert [(one["what"], one["refused"]) for one in told] == [("close", "step-not-now"), ("sign", None)]


@pytest.mark.covers("R-008")
async def test_danger_does_not_wait_who_marks_it_learns_at_once_that_nobody_was_told(
    ticket_house: House, desk: Desk, away: Any
) -> None:
    ticket_id = (await asked(desk, "", MATTER))[1]["ticket_id"]
    async with away():
        escalated = await asked(desk, f"/{ticket_id}/escalate", {"text": "有人持刀"})
        matter = await asked(desk, "", MATTER | {"danger": True})

    assert [(status, body["code"]) for status, body in (escalated, matter)] == [(503, "facts-away")] * 2
    assert ticket_house.put_off.waiting == 0


async def test_a_step_of_a_ticket_that_cannot_be_is_refused_and_not_kept(
    ticket_house: House, desk: Desk, away: Any
) -> None:
    async with away():
        status, body = await asked(desk, "/not a ticket/sign", {})

    assert (status, body["code"], ticket_house.put_off.waiting) == (404, "ticket-not-found", 0)
