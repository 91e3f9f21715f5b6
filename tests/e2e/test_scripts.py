"""Every call script of the product, on real PBXes with real phones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import SCENARIOS, SCRIPTS, Play

ALL = sorted(SCENARIOS.glob("*.yaml")) + sorted(SCRIPTS.glob("*.yaml"))


@pytest.mark.parametrize("script", ALL, ids=lambda path: path.stem)
async def test_the_script_holds(script: Path, play_script: Play) -> None:
    result = await play_script(script)

    assert result.failure is None
