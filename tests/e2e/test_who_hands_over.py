"""The desk of 110 says which agent of 12345 handed the caller over, also when it was the phone's key or REFER."""

from __future__ import annotations

from typing import Any

import pytest

from softphone_sim.run.acts import answer, uri_of
from softphone_sim.run.stage import Actor
from tests.e2e.scene import LIMIT_S, Scene, eventually


def popped(agent: Actor) -> dict[str, Any]:
    """The newest pop of this desk."""
    assert agent.desk is not None
    pops = [event.body for event in agent.desk.events if event.type == "pop"]
    return pops[-1] if pops else {}


async def asked(agent: Actor) -> dict[str, Any]:
    """The call of his newest pop, by the API."""
    assert agent.desk is not None
    return dict((await agent.desk.ask("GET", f"/calls/{popped(agent)['call_id']}")).body)


@pytest.mark.covers("R-019", "R-001")
@pytest.mark.parametrize("way", ["phone key", "REFER"])
async def test_the_pop_names_the_agent_whose_phone_it_was(scene: Scene, way: str) -> None:
    stage, zhang, li = scene.stage, scene.zhang, scene.li
    await scene.talk()
    assert zhang.call is not None
    if way == "REFER":
        await zhang.handset.order("refer", call=zhang.call.name, to=uri_of(stage, zhang, "110"))
    else:
        await scene.key_on_the_phone()
    await answer(stage, li, await scene.rings())

    assert await stage.bell.until(lambda: popped(li).get("by") or None, LIMIT_S), popped(li)
    assert (popped(li)["from"], popped(li)["by"]) == ("12345", zhang.number)
    call = await eventually(lambda: asked(li), lambda found: found["caller"]["handed_by"])
    assert call["caller"]["handed_by"] == zhang.number
    await scene.citizen_hangs_up()
