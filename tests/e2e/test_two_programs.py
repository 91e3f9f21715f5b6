"""Two programs of one platform on one database, as when a restarted one meets the old: what is stored decides."""

from __future__ import annotations

import asyncio
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest

from callflow.lab import processes
from callflow.lab.lab import READY_LIMIT_S
from callflow.lab.plan import Plan
from softphone_sim.desk import ApiAnswer, Desk
from softphone_sim.lab import Lab
from softphone_sim.run.acts import set_policy
from softphone_sim.script.model import Policy
from tests.e2e.scene import Scene, eventually

OTHER_PORTS = "http_port = 8346\nagi_port = 4674\nexchange_port = 8544"
PRESSES = 4


@pytest.fixture
def second_program(running: Plan, lab: Lab, tmp_path: Path) -> Iterator[str]:
    """Another program of 12345 beside the lab's own, on the same books and PBX; gives its desk's address."""
    site = running.sites[0]
    site_file = tmp_path / "12345.toml"
    text = site.site_file.read_text("utf-8")
    site_file.write_text(text.replace(f"http_port = {site.site.addresses.http_port}", OTHER_PORTS), "utf-8")
    program = processes.start(
        "second",
        [sys.executable, "-m", *running.program],
        tmp_path,
        tmp_path / "second.out",
        {
            "CALLFLOW_SITE_FILE": str(site_file),
            "CALLFLOW_NET": running.net,
            "CALLFLOW_STATE_DIR": str(site.state),
            "CALLFLOW_KEYS_DIR": str(running.keys),
        },
    )
    try:
        yield lab.site("12345").http.replace(":8345", ":8346")
    finally:
        processes.end([program])


@pytest.mark.covers("R-001")
async def test_a_second_press_is_refused_whichever_program_takes_it(
    scene: Scene, lab: Lab, second_program: str
) -> None:
    """Both programs are asked at once, again and again: one 202, one 409, one attempt, one ring."""
    assert await eventually(lambda: _is_ready(second_program), bool, 2 * READY_LIMIT_S), (
        "the second program is not ready"
    )
    assert scene.zhang.desk is not None
    account = lab.seat("12345", 1)
    async with asyncio.TaskGroup() as group, desk_at(second_program) as other:
        await other.log_in(account.desk_user, account.desk_password, group)
        await set_policy(scene.li, Policy(answer="manual"))
        await scene.talk()
        call_id = await scene.call_in_journal()  # a desk's pop comes from the program that was first to take the step
        for desk in (scene.zhang.desk, other):
            assert await eventually(partial(_phase, desk, call_id), lambda phase: phase == "talking") == "talking"
        for _ in range(PRESSES):
            asked = [_press(desk, f"/calls/{call_id}/handover") for desk in (scene.zhang.desk, other)]
            said = await asyncio.gather(*asked)
            assert sorted((one.status, one.code) for one in said) == [(202, None), (409, "handover-in-progress")]
            again = await _press(other, f"/calls/{call_id}/handover")
            assert (again.status, again.code) == (409, "handover-in-progress")
            cancelled = await other.ask("POST", f"/calls/{call_id}/handover/cancel", {"target": "110"})
            assert cancelled.status == 202
            await eventually(lambda: _live(scene, call_id), lambda live: not live)
        call = (await scene.zhang.desk.ask("GET", f"/calls/{call_id}")).body
    await scene.citizen_hangs_up()

    assert [attempt["outcome"] for attempt in call["attempts"]] == ["cancelled"] * PRESSES
    assert len([one for one in scene.li.handset.calls if one.is_incoming]) <= PRESSES


@asynccontextmanager
async def desk_at(program: str) -> AsyncIterator[Desk]:
    """A desk that is closed however the story ends."""
    desk = Desk(program, lambda _event: None)
    try:
        yield desk
    finally:
        await desk.close()


async def _phase(desk: Desk, call_id: str) -> str | None:
    said = await desk.ask("GET", f"/calls/{call_id}")
    return str(said.body["phase"]) if said.status == HTTPStatus.OK else None


async def _press(desk: Desk, path: str) -> ApiAnswer:
    return await desk.ask("POST", path, {"target": "110", "kind": "one_key", "consent": "agreed"})


async def _live(scene: Scene, call_id: str) -> list[str]:
    assert scene.zhang.desk is not None
    call = (await scene.zhang.desk.ask("GET", f"/calls/{call_id}")).body
    return [attempt["attempt_id"] for attempt in call["attempts"] if attempt["ended_at"] is None]


async def _is_ready(desk: str) -> bool:
    try:
        with await asyncio.to_thread(urllib.request.urlopen, f"{desk}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
