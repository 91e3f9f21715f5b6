"""T-05 in one table: every text field of the live API, as its own document lists them, with every hostile text."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from softphone_sim.desk import Desk
from softphone_sim.lab import Lab
from tests.e2e.scene import Scene, pid_of
from tests.e2e.test_head_of_the_queue import SUPERVISOR
from tests.security.api_fields import Field, fields_of
from tests.security.conftest import PLATFORM
from tests.security.payloads import texts
from tests.security.test_injection import Witnesses, witnesses

__all__ = ["witnesses"]

LEAST_FIELDS = 75
"""So many there are today at least: a table that has lost its rows would pass."""

REFUSED = {400, 401, 403, 404, 409, 413, 422, 429}


async def document_of(lab: Lab) -> dict[str, Any]:
    """The live program's own list of what it takes."""
    async with aiohttp.ClientSession() as http, http.get(f"{lab.site(PLATFORM).http}/api/openapi.json") as answer:
        assert answer.status == 200
        return dict(await answer.json())


def address(field: Field, known: dict[str, str]) -> str:
    """The route, below /api/v1, with things that exist."""
    return re.sub(r"{(\w+)}", lambda named: known.get(named[1], "x"), field.route.removeprefix("/api/v1"))


@pytest.mark.covers("T-05", "T-10")
async def test_no_text_in_any_field_of_any_request_becomes_an_action(
    scene: Scene, lab: Lab, witnesses: Witnesses, tmp_path: Path
) -> None:
    """Either the request is refused, or the text is kept as text: no action, no line, no command, no fault of ours."""
    await scene.talk()
    program, canary = pid_of(scene.plan, PLATFORM, "python"), tmp_path / "canary"
    known = {"call_id": await scene.call_id(), "incident_id": await scene.incident()}
    fields = fields_of(await document_of(lab))
    account = lab.seat(PLATFORM, lab.seat_of(PLATFORM, SUPERVISOR))
    faults: list[str] = []
    taken: set[str] = set()
    witnesses.everything.clear()
    async with asyncio.TaskGroup() as group:
        desk = await Desk(lab.site(PLATFORM).http, lambda _e: None).log_in(
            account.desk_user, account.desk_password, group
        )
        agent = scene.zhang.desk
        assert agent is not None
        opened = await agent.ask("POST", "/tickets", {"channel": "web", "matter": "help", "summary": "x"})
        known["ticket_id"] = str(opened.body.get("ticket_id"))
        for name, text in texts(canary, "PJSIP/carrier-00000001").items():
            for field in fields:
                body = field.with_text(text)
                said = await agent.ask(field.method, address(field, known), body)
                if said.status == 403:
                    said = await desk.ask(field.method, address(field, known), body)
                if said.status >= 500 or (field.is_enumerated and said.status not in REFUSED):
                    faults.append(f"{name} in {field}: {said.status} {said.code}")
                if said.status < 300:
                    taken.add(str(field))
        await desk.close()

    assert faults == []
    assert len(fields) >= LEAST_FIELDS, sorted(map(str, fields))
    assert len(taken) > 3, "some fields take prose, so the texts went where texts go"
    assert re.findall(rb"Channel: Local/", witnesses.everything) == [], "no entry was run"
    assert witnesses.forged() == []
    assert not canary.exists()
    assert pid_of(scene.plan, PLATFORM, "python") == program
    assert scene.silences(of=("zhang",)) == []
    await scene.citizen_hangs_up()
