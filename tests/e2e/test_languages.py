"""A Tibetan caller on real PBXes: his words and language at both desks, his name nowhere (R-086)."""

from __future__ import annotations

from typing import Any

import pytest

from softphone_sim.run.acts import answer, dial, rings_at
from softphone_sim.run.stage import Actor
from tests.e2e.scene import LIMIT_S, NUMBER, Scene, call_at

NAME, WORDS = "བཀྲ་ཤིས་རྡོ་རྗེ", "ང་ཚོའི་ཁྱིམ་མཚེས་ཀྱི་ནང་དུ་མི་རྒྱག་འདྲེ་བྱེད་ཀྱི་འདུག"


def popped(agent: Actor) -> dict[str, Any]:
    """The newest pop of this desk."""
    assert agent.desk is not None
    pops = [event.body for event in agent.desk.events if event.type == "pop"]
    return pops[-1] if pops else {}


@pytest.mark.covers("R-086")
async def test_his_language_and_words_are_popped_at_the_other_platform_and_his_name_harms_nothing(
    scene: Scene,
) -> None:
    stage, zhang, li = scene.stage, scene.zhang, scene.li
    scene.call = await dial(stage, scene.citizen, "12345", asserted=NUMBER, named=NAME)
    ringing = await rings_at(stage, zhang, LIMIT_S)
    assert ringing.invite is not None
    assert NAME not in "".join(value for _, value in ringing.invite.headers), "a name of the caller's own making"
    await answer(stage, zhang, ringing)

    call_id = await call_at(stage, zhang)
    assert zhang.desk is not None
    assert (await zhang.desk.ask("POST", f"/calls/{call_id}/note", {"text": WORDS})).status == 200
    assert (await zhang.desk.ask("POST", f"/calls/{call_id}/language", {"language": "bo"})).status == 200
    await scene.key_at_the_desk()

    await answer(stage, li, await rings_at(stage, li, LIMIT_S))
    assert await stage.bell.until(lambda: popped(li).get("language") == "bo" or None, LIMIT_S), popped(li)
    assert WORDS in popped(li)["notes"]
    assert (popped(li)["from"], popped(li)["by"]) == ("12345", zhang.number)
