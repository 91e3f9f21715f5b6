"""A neighbour is gone in the middle of a call: the data link, the AMI link, Redis, the other platform's PBX."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callflow.lab import pbx
from callflow.lab.plan import Plan, plan_lab
from softphone_sim.bench import joined
from softphone_sim.ears.listen import NS_PER_MS
from softphone_sim.run.acts import set_policy
from softphone_sim.script.model import Policy
from tests.e2e.conftest import BASE
from tests.e2e.data_link import DataLink, data_link, sites_by_relay
from tests.e2e.records import assert_handed_over_once
from tests.e2e.scene import LIMIT_S, Scene, eventually, heal, strike

BACK_WITHIN_S = 8.0
"""rtp_timeout 5 s, music, the agent's phone, his answer; with a second for a busy machine."""

POP_WITHIN_S = 1.0
"""After the phone began to ring: 0.2 s are promised, on a machine of its own."""


async def restart_programs(plan: Plan) -> None:
    """Both sites' programs, by the site files of this plan; PBXes and Redis run on."""
    for site in plan.sites:
        strike(plan, site.id, "python", signal.SIGKILL)
    await heal(plan)


@pytest.fixture
async def link(running: Plan, tmp_path: Path) -> AsyncIterator[DataLink]:
    """The data link as something that a test can cut; the lab is as before afterwards."""
    sites = sites_by_relay(running.sites[0].site_file.parent, tmp_path / "sites")
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("CALLFLOW_SITES", str(sites))
        relayed = plan_lab(BASE)
    async with data_link(relayed) as made:
        await restart_programs(relayed)
        yield made
    await restart_programs(running)


def pops(scene: Scene) -> list[Any]:
    """The screen pops on the desk of 110."""
    assert scene.li.desk is not None
    return [event for event in scene.li.desk.events if event.type == "pop"]


@pytest.mark.covers("C-05", "R-061")
async def test_without_the_data_link_the_pop_comes_from_the_signed_incident_id_and_the_tickets_join_later(
    link: DataLink, scene: Scene
) -> None:
    await link.cut()
    await scene.talk()
    await scene.key_at_the_desk()
    ringing = await scene.rings()
    pop = await scene.stage.bell.until(lambda: next(iter(pops(scene)), None), LIMIT_S)
    await scene.li_answers(ringing)
    await scene.zhang_leaves(by_himself=False)
    incident = await scene.incident()
    apart = await scene.records(incident, lambda origin, target: origin["tickets"] and target["tickets"])
    await link.mend()
    await scene.citizen_hangs_up()

    assert pop is not None
    assert (pop.time_ns - ringing.began_ns) / 1e9 < POP_WITHIN_S
    assert (pop.body["number"], pop.body["incident_id"]) == (scene.citizen.number, incident)
    assert (pop.body["from"], pop.body["verified"]) == ("12345", "network")
    assert [row["tickets"][0]["peer_ticket_id"] for row in apart] == [None, None], "the link was really cut"
    assert scene.silences() == []
    await assert_handed_over_once(scene)


def cut_ami(plan: Plan) -> None:
    """End the program's AMI connection from the PBX's side (manager kick session)."""
    site = plan.sites[0]
    told = pbx.console(plan, site, "manager show connected")
    sessions = re.findall(r"^\s*callflow\s.*?\s(\d+)\s+\d+\s+\d+\s*$", told, re.MULTILINE)
    assert sessions, told
    for session in sessions:
        pbx.console(plan, site, f"manager kick session {session}")


@pytest.mark.covers("C-02")
async def test_a_key_pressed_while_the_ami_link_is_cut_is_carried_out_once_when_it_is_back(scene: Scene) -> None:
    await scene.talk()
    await asyncio.to_thread(cut_ami, scene.plan)
    await scene.key_at_the_desk()
    await scene.li_answers(await scene.rings())
    await asyncio.to_thread(cut_ami, scene.plan)
    await scene.zhang_leaves(by_himself=False)
    await scene.citizen_hangs_up()

    assert len(scene.li.handset.calls) == 1, "one invite, although the link came back"
    assert scene.silences() == []
    await assert_handed_over_once(scene)


@pytest.mark.covers("R-027")
async def test_without_redis_calls_and_handovers_go_on_and_the_desks_are_told_all_the_same(scene: Scene) -> None:
    for platform in ("12345", "110"):
        strike(scene.plan, platform, "redis", signal.SIGKILL)
    await scene.talk()
    await scene.key_at_the_desk()
    ringing = await scene.rings()
    pop = await scene.stage.bell.until(lambda: next(iter(pops(scene)), None), LIMIT_S)
    await scene.li_answers(ringing)
    await heal(scene.plan)
    await scene.zhang_leaves(by_himself=False)
    await scene.citizen_hangs_up()

    assert pop is not None
    assert pop.body["number"] == scene.citizen.number
    assert (pop.time_ns - ringing.began_ns) / 1e9 < POP_WITHIN_S
    assert scene.silences() == []
    await assert_handed_over_once(scene)


@pytest.mark.covers("C-03", "C-04", "S-2")
async def test_when_the_far_pbx_dies_after_the_handover_the_caller_is_back_with_an_agent(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    await scene.li_answers(await scene.rings())
    await scene.zhang_leaves(by_himself=False)
    await set_policy(scene.zhang, Policy(answer="auto", after=0.2))
    died_ns = time.time_ns()
    strike(scene.plan, "110", "asterisk", signal.SIGKILL)
    back = await joined(scene.stage, scene.citizen, "zhang", died_ns, BACK_WITHIN_S + LIMIT_S, around_ms=0)
    await scene.citizen_hangs_up()
    await heal(scene.plan)
    origin, target = await scene.records(await scene.incident(), calls_are_over)
    await eventually(lambda: asyncio.to_thread(trunk_is_up, scene.plan), bool)

    assert (back.at_ns - died_ns) / NS_PER_MS / 1000 <= BACK_WITHIN_S
    assert calls_are_over(origin, target)
    assert origin["calls"][0]["attempts"][0]["outcome"] in ("joined", "lost_after_answer")
    assert target["calls"][0]["phase"] == "call_back", "his leg at 110 was cut by a fault"


def calls_are_over(origin: dict[str, Any], target: dict[str, Any]) -> bool:
    """Neither platform believes in a leg that is gone."""
    return all(call["ended_at"] is not None for call in (*origin["calls"], *target["calls"]))


def trunk_is_up(plan: Plan) -> bool:
    """Whether 12345 sees the other PBX again, so that the next test finds the lab whole."""
    return re.search(r"peer-110/.*Avail", pbx.console(plan, plan.sites[0], "pjsip show contacts")) is not None
