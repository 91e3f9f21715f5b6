"""A real lab for the whole session: two PBXes, two Redis, both sites' programs, on loopback addresses of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path

import pytest

from callflow.lab import lab as lab_up_down
from callflow.lab import pbx
from callflow.lab.plan import Plan, SitePlan, plan_lab
from softphone_sim.lab import Lab, read_lab
from softphone_sim.run.play import Result, play
from softphone_sim.run.stage import Stage
from softphone_sim.script.load import read_script
from tests.e2e.entries import with_site
from tests.e2e.far_end import FarEnd, peer_as, platform
from tests.e2e.scene import Scene, quiet
from tests.e2e.witness import told

BASE = int(os.environ.get("CALLFLOW_TEST_BASE", "201"))
SCRIPTS = Path(__file__).parent / "scripts"
SCENARIOS = Path(__file__).parents[2] / "softphone-sim" / "scenarios"

Play = Callable[[Path], Awaitable[Result]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a story saw is told with its failure: it may not fail again for a hundred runs."""
    report = yield
    seen = getattr(item, "funcargs", {})
    if report.when == "call" and report.failed and {"stage", "running"} <= seen.keys():
        report.sections.append(("what was seen", "\n".join(told(seen["stage"], seen["running"]))))
    return report


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """The lab's plan, with a state directory of its own."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    try:
        yield plan_lab(BASE)
    finally:
        if before is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(scope="session")
def running(plan: Plan) -> Iterator[Plan]:
    """The lab, up; ended with the session."""
    lab_up_down.up(plan, quiet)
    try:
        yield plan
    finally:
        lab_up_down.down(plan)


@pytest.fixture
def lab(running: Plan) -> Lab:
    """The lab as the simulator sees it, whole again if the test before killed a part of it."""
    lab_up_down.up(running, quiet)
    return read_lab(running.status_file)


@pytest.fixture
def play_script(lab: Lab, tmp_path: Path) -> Play:
    """Play one script on the lab."""

    async def _play(path: Path) -> Result:
        return await play(read_script(path), lab, limit_s=90, tapes=tmp_path / "tapes")

    return _play


@pytest.fixture
async def stage(lab: Lab) -> AsyncIterator[Stage]:
    """A stage on the lab, for stories that a script cannot tell."""
    async with Stage(lab) as one:
        yield one


@pytest.fixture
async def scene(running: Plan, stage: Stage) -> Scene:
    """A citizen and an agent of each platform, phones and desks; nobody has called yet."""
    return await Scene.cast(running, stage)


@pytest.fixture
def site(running: Plan) -> SitePlan:
    """12345."""
    return running.sites[0]


@pytest.fixture
async def police(running: Plan, site: SitePlan, tmp_path: Path) -> AsyncIterator[FarEnd]:
    """110 as its trunk, played by hand; always busy."""
    linked = peer_as(site.site, f"{running.net}.13", "always")
    async with platform(running, f"{running.net}.13", tmp_path) as end, with_site(running, site, linked):
        yield end


@pytest.fixture
async def stale(running: Plan) -> AsyncIterator[None]:
    """Both PBXes take every two who are alone for such ones."""
    await _found(running, "1")
    yield
    await _found(running, "0")


async def _found(plan: Plan, word: str) -> None:
    for site in plan.sites:
        await asyncio.to_thread(pbx.console, plan, site, f"dialplan set global FRESHEN {word}")
