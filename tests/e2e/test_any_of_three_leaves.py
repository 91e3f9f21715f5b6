"""Any one of three leaves and two keep talking: every party, every kind, both directions, recorded or not; by tones.

The three parties' leaves of one kind and direction are played at once, three calls side by side on one lab. How long
nobody is heard at a change is the bench's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from callflow.lab.plan import Plan
from softphone_sim.bench import LEFT_AFTER_MS
from softphone_sim.ears.listen import NS_PER_MS
from softphone_sim.lab import read_lab
from softphone_sim.run.stage import Actor, Stage
from tests.e2e.conftest import BASE
from tests.e2e.recorded import files_of
from tests.e2e.scene import LIMIT_S
from tests.e2e.site_files import RECORDING, adding, another_lab
from tests.e2e.three_parties import PARTIES, Party, Three, all_answer, brings_in, channels_fall_to, talks

KINDS = ("one_key in grace", "one_key after stay", "three_party")
DIRECTIONS = (("12345", "110"), ("110", "12345"))
GRACE_IS_OVER_S = 3.5
SILENT_AFTER_MS = 300
LEFT = {"caller": (2, 2), "agent": (2, 2), "target": (2, 0)}
"""Channels of one call at the origin's and the target's PBX, when this party has left."""


@pytest.fixture(scope="module", params=["plain", "recorded"])
def floor(request: pytest.FixtureRequest, running: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """The session's lab, or one of two platforms that record."""
    if request.param == "plain":
        yield running
        return
    copy = tmp_path_factory.mktemp("sites") / "sites"
    with another_lab(BASE + 1, running.sites[0].site_file.parent, copy, adding(RECORDING)) as made:
        yield made


@pytest.mark.covers("R-004", "S-9")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("origin", "target"), DIRECTIONS, ids=["12345-110", "110-12345"])
async def test_two_keep_talking(floor: Plan, origin: str, target: str, kind: str) -> None:
    async with Stage(read_lab(floor.status_file)) as stage:
        agents = [await stage.agent(f"a{seat}", platform=origin, seat=seat) for seat in (1, 2, 3)]
        targets = [await stage.agent(f"t{seat}", platform=target, seat=seat, desk=False) for seat in (1, 2, 3)]
        citizens = [await stage.caller(f"c{n}", number=f"1390000{BASE:03}{n}") for n in (1, 2, 3)]
        await all_answer([*agents, *targets])
        talking = [await talks(stage, citizen, agents, origin) for citizen in citizens]
        cast = zip(PARTIES, citizens, talking, strict=True)
        async with asyncio.TaskGroup() as group:
            for leaver, citizen, (call, agent) in cast:
                three = _one_leaves(stage, leaver, Party(citizen, call), agent, targets, target, kind)
                group.create_task(three)
        wanted = tuple(sum(LEFT[leaver][side] for leaver in PARTIES) for side in (0, 1))
        in_order = wanted if origin == "12345" else wanted[::-1]

        assert await channels_fall_to(floor, (in_order[0], in_order[1])) == in_order
        _assert_one_file_a_call(floor, origin, citizens)


async def _one_leaves(  # noqa: PLR0917 - the whole cast of a call
    stage: Stage,
    leaver: str,
    caller: Party,
    agent: Party,
    targets: list[Actor],
    to: str,
    kind: str,
) -> None:
    began_ns = time.time_ns()
    spoken = kind.split(" ", maxsplit=1)[0]
    target = await brings_in(stage, caller.actor, agent.actor, targets, to=to, kind=spoken)
    three = Three(stage, {"caller": caller, "agent": agent, "target": target}, began_ns)
    if kind.endswith("stay"):
        await _stays(agent.actor)
    await three.hear_each_other(began_ns, *PARTIES)
    if kind.endswith("stay"):
        await asyncio.sleep(GRACE_IS_OVER_S)  # that nothing happens in it is the point
        assert all(party.call.is_live for party in three.parties.values())
    gone_ns = await three.leaves(leaver)
    left = [party for party in PARTIES if party != leaver]
    await three.hear_each_other(gone_ns + LEFT_AFTER_MS * NS_PER_MS, *left)

    silent_from_ns = gone_ns + SILENT_AFTER_MS * NS_PER_MS
    await stage.bell.until(lambda: time.time_ns() > silent_from_ns + LEFT_AFTER_MS * NS_PER_MS or None, LIMIT_S)
    heard = stage.heard_by(three.parties[leaver].actor, silent_from_ns)
    assert len(heard.packets) == 0, f"the {leaver} has left and still hears somebody"
    assert all(three.parties[party].call.is_live for party in left)


async def _stays(agent: Actor) -> None:
    assert agent.desk is not None
    said = await agent.desk.ask("POST", f"/calls/{agent.latest_in_events('call_id')}/handover/stay", {})
    assert said.status == 202, said


def _assert_one_file_a_call(floor: Plan, origin: str, citizens: list[Actor]) -> None:
    site = next(site for site in floor.sites if site.id == origin)
    lines = site.place.journal.joinpath("steps.csv").read_text("ascii").splitlines()
    numbers = {f"number={citizen.number}" for citizen in citizens}
    arrived = [cells for cells in (line.split(",") for line in lines) if numbers & set(cells[8].split())]
    newest = {cells[8].split()[2]: cells[3] for cells in arrived if cells[1] == "arrived"}
    expected = 1 if site.site.recording.enabled else 0
    assert [len(files_of(site, incident)) for incident in newest.values()] == [expected] * len(citizens)
