"""The trunk to the other platform is dead: the key says so at once, and works again by itself."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from tests.e2e.scene import Scene, eventually, heal, strike

KNOWN_WITHIN_S = 8.0
"""Asked every 2 s, 1 s for an answer, silent for 3 s before it counts; the rest for a busy machine."""

SAID_WITHIN_S = 0.5
ONE_KEY = {"target": "110", "kind": "one_key", "consent": "agreed"}


async def trunk(scene: Scene) -> tuple[Any, list[str]]:
    """What the directory says of 110, and which neighbours are missing."""
    assert scene.zhang.desk is not None
    told = (await scene.zhang.desk.ask("GET", "/directory")).body["targets"]
    ready = await scene.zhang.desk.ask("GET", "/health/ready")
    assert ready.status == 200, "its own callers are served"
    return next(t["reachable"] for t in told if t["code"] == "110"), ready.body["missing"]


@pytest.mark.covers("R-005")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dead_trunk_is_refused_at_once_and_comes_back_by_itself(number: int, scene: Scene) -> None:
    await scene.talk()
    path = f"/calls/{await scene.call_id()}/handover"
    assert scene.zhang.desk is not None
    assert (await eventually(lambda: trunk(scene), lambda seen: seen[0] is True))[0] is True

    strike(scene.plan, "110", "asterisk", number)
    dead = await eventually(lambda: trunk(scene), lambda seen: seen[0] is False, KNOWN_WITHIN_S)
    began_s = time.monotonic()
    refused = await scene.zhang.desk.ask("POST", path, ONE_KEY)
    took_s = time.monotonic() - began_s
    if number == signal.SIGSTOP:
        strike(scene.plan, "110", "asterisk", signal.SIGCONT)
    await heal(scene.plan)
    alive = await eventually(lambda: trunk(scene), lambda seen: seen == (True, []), 20)
    granted = await scene.zhang.desk.ask("POST", path, ONE_KEY)
    await scene.citizen_hangs_up()

    assert dead == (False, ["trunk-110"])
    assert (refused.status, refused.code) == (409, "target-unreachable")
    assert took_s < SAID_WITHIN_S
    assert refused.body["offers"][0]["do"] == "ticket"
    assert alive == (True, [])
    assert granted.status == 202
    assert scene.silences(("zhang",)) == []
