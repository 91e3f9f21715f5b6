"""One lab for outside attackers. They stand at addresses that no site file knows, and on loopback only."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from callflow.domain.bans import Ban
from callflow.guard.memory import ask_to_lift, read_memory
from callflow.lab.lab import status
from callflow.lab.plan import Plan
from softphone_sim.lab import Lab
from softphone_sim.phone.handset import Bell
from tests.coverage_page import covered
from tests.e2e.conftest import lab, plan, running, scene, stage
from tests.security.report import Tried, report_folder, write_report

__all__ = ["lab", "plan", "running", "scene", "stage"]  # the lab is the same as that of tests/e2e

PLATFORM = "12345"
TOOL_LIMIT_S = 60.0
BAN_LIMIT_S = 10.0
"""Within this a source must be refused (requirements T-02)."""


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


Seen = Callable[..., None]
"""Notes what was seen, by name, for the assessor's report."""


@pytest.fixture
def seen(record_property: Callable[[str, object], None]) -> Seen:
    """What this test saw, beside that it passed."""

    def note(**figures: object) -> None:
        for name, figure in figures.items():
            record_property(name, figure)

    return note


@pytest.fixture
def bans(running: Plan) -> Callable[[], dict[str, Ban]]:
    """Whom the guard of 12345 refuses now, by address."""
    folder = running.sites[0].place.guard

    def now() -> dict[str, Ban]:
        report = read_memory(folder)
        return {str(ban.address): ban for ban in report.bans} if report else {}

    return now


@pytest.fixture(autouse=True)
async def everybody_may_come_again(running: Plan, bans: Callable[[], dict[str, Ban]]) -> AsyncIterator[None]:
    """No test is refused for what another did."""
    yield
    place = running.sites[0].place

    def nobody_is_refused() -> bool | None:
        report = read_memory(place.guard)
        has_read_all = report is not None and report.place.offset >= (place.log / "security").stat().st_size
        for address in bans():
            ask_to_lift(place.guard, ip_address(address))
        return True if has_read_all and not bans() else None

    assert await Bell().until(nobody_is_refused, 3 * BAN_LIMIT_S, 0.2)


@pytest.fixture
def unguarded(lab: Lab, running: Plan) -> Iterator[None]:
    """The guard of 12345 is frozen: what an attacker with as many addresses as he likes would see."""
    assert lab
    pid = guard_pid(running)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def guard_pid(running: Plan) -> int:
    """The process of 12345's guard."""
    told = status(running)
    assert told is not None
    return int(told["sites"][0]["pids"]["guard"])


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


# ---- the report for an outside assessor

TRIED = pytest.StashKey[dict[str, Tried]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the report."""
    config.stash[TRIED] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how each test ended; one that could not even be set up has failed."""
    report = yield
    rows = tuple(str(row) for mark in item.iter_markers("covers") for row in mark.args)
    one = item.config.stash[TRIED].setdefault(item.nodeid, Tried(item.nodeid, rows, "passed"))
    if report.when == "call":
        one.seconds, one.seen = report.duration, dict(item.user_properties)
    if report.outcome != "passed":
        one.outcome, one.why = "failed", report.longreprtext.strip().splitlines()[-1][:300]
    assert call is not None
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write it, and say where it is."""
    elsewhere = {row: [one for one in shown if "tests/security/" not in one] for row, shown in covered().items()}
    page = write_report(list(config.stash[TRIED].values()), report_folder(), elsewhere)
    terminalreporter.write_line(f"report for the assessor  评估报告: {page}")
