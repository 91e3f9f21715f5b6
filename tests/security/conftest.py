"""One lab for outside attackers. They stand at addresses that no site file knows, and on loopback only."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from callflow.lab.plan import Plan
from softphone_sim.lab import Lab
from tests.e2e.conftest import lab, plan, running, stage

__all__ = ["lab", "plan", "running", "stage"]  # the lab is the same as that of tests/e2e

PLATFORM = "12345"
TOOL_LIMIT_S = 60.0


@pytest.fixture
def net(running: Plan) -> str:
    """The first three octets of the lab's addresses."""
    return running.net


@pytest.fixture
def sip(lab: Lab) -> str:
    """Where 12345 takes SIP by UDP: ip:port."""
    return lab.site(PLATFORM).sip


@pytest.fixture
def journal(running: Plan) -> Callable[[], list[str]]:
    """The journal's lines so far: what the dialplan let in."""
    path = running.sites[0].place.journal / "steps.csv"
    return lambda: path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def security_events(running: Plan) -> Callable[[str], list[str]]:
    """The security log's events that name an address."""
    path = running.sites[0].place.log / "security"

    def named(address: str) -> list[str]:
        lines = [line for line in path.read_text().splitlines() if line.startswith("{")]
        return [told for line in lines if f"/{address}/" in (told := json.loads(line)["logmsg"]["message"])]

    return named


async def tool(*words: str, home: Path) -> tuple[int, str]:
    """Run an outside tester's program to its end: exit code, and all it said. Ended by force after a minute."""
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        cwd=home, env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUTF8": "1", "TERM": "dumb"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(TOOL_LIMIT_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, said.decode("utf-8", "replace")
