"""Real phones on loopback, no PBX: what the simulator promises is shown by phones that call each other."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from softphone_sim.lab import Lab
from softphone_sim.run.play import Result, play
from softphone_sim.script.load import read_script

Play = Callable[..., Awaitable[Result]]

THREE_PHONES = """
name: a story
actors:
  citizen: {phone: {number: "13800138000", address: 127.0.102.30}}
  anna: {phone: {number: "8001", address: 127.0.102.41}}
  bo: {phone: {number: "9001", address: 127.0.102.42}}
steps:
"""


@pytest.fixture
def play_text(tmp_path: Path) -> Play:
    async def _play(text: str, lab: Lab | None = None) -> Result:
        file = tmp_path / "story.yaml"
        file.write_text(text, encoding="utf-8")
        return await play(read_script(file), lab, limit_s=60)

    return _play


@pytest.fixture
def play_steps(play_text: Play) -> Play:
    async def _play(steps: str) -> Result:
        return await play_text(THREE_PHONES + steps)

    return _play
