"""What a desk may not ask: refused with a stable code and a cure, and nothing rings."""

from __future__ import annotations

import time

from softphone_sim.bench import joined
from tests.e2e.scene import LIMIT_S, Scene


async def test_an_unknown_target_and_an_ended_call_are_refused_and_nothing_rings(scene: Scene) -> None:
    await scene.talk()
    desk, call_id = scene.zhang.desk, await scene.call_id()
    assert desk is not None

    unknown = await desk.ask("POST", f"/calls/{call_id}/handover", {"target": "777", "consent": "agreed"})
    await joined(scene.stage, scene.citizen, "zhang", time.time_ns(), around_ms=0)  # they talk on
    await scene.citizen_hangs_up()
    over = {"call_id": call_id, "phase": "ended"}  # news of earlier calls may come at any time
    assert await scene.stage.bell.until(lambda: any(over.items() <= e.body.items() for e in desk.events), LIMIT_S)
    ended = await desk.ask("POST", f"/calls/{call_id}/handover", {"target": "110", "consent": "agreed"})

    assert (unknown.status, unknown.code) == (422, "unknown-target")
    assert (ended.status, ended.code) == (409, "call-ended")
    for answer in (unknown, ended):
        assert answer.body["detail"]
        assert answer.body["cure"]
    assert scene.li.handset.calls == []
