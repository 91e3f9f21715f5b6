"""Every way in which a target does not come, told apart: the agent, the audit, the ticket, the figures (R-005)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from callflow.lab.plan import Plan
from softphone_sim.run.acts import answer, hang_up, rings_at, set_policy
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.model import Policy
from tests.e2e.scene import LIMIT_S, NUMBER, Scene, eventually

TOLD_WITHIN_S = 2.0
"""R-005: the caller talks with his agent, who knows, 2 s after the failure."""

DANGER_WITHIN_S = 1.0


async def cancels(scene: Scene, fire: Actor) -> None:
    """Our agent changes his mind while it rings."""
    await rings_at(scene.stage, fire, LIMIT_S)
    await asks(scene, "handover/cancel", {})


async def hangs_up_at_once(scene: Scene, fire: Actor) -> None:
    """The target answers and is gone again."""
    ringing = await rings_at(scene.stage, fire, LIMIT_S)
    await answer(scene.stage, fire, ringing)
    await hang_up(scene.stage, fire, ringing)


async def waits(_scene: Scene, _fire: Actor) -> None:
    """The phone does it by itself."""


CAUSES: list[tuple[str, Policy, Callable[[Scene, Actor], Awaitable[None]]]] = [
    ("busy", Policy(answer="busy"), waits),
    ("no_answer", Policy(answer="reject", code=480), waits),
    ("rejected", Policy(answer="reject", code=603), waits),
    ("unreachable", Policy(answer="reject", code=503, ring=False), waits),
    ("unreachable", Policy(answer="reject", code=404, ring=False), waits),
    ("cancelled", Policy(), cancels),
    ("lost_after_answer", Policy(), hangs_up_at_once),
]


@pytest.mark.covers("R-005")
@pytest.mark.parametrize(("outcome", "policy", "then"), CAUSES, ids=[f"{c[0]}-{c[1].code}" for c in CAUSES])
async def test_each_cause_reaches_agent_audit_ticket_and_figures(
    outcome: str, policy: Policy, then: Callable[[Scene, Actor], Awaitable[None]], scene: Scene
) -> None:
    fire = await scene.stage.phone("fire", number="119", carrier=1)
    await set_policy(fire, policy)
    await scene.talk()
    counted = await figure(scene, outcome)
    assert (await asks(scene, "handover", {"target": "119", "kind": "one_key", "consent": "agreed"})).status == 202
    await then(scene, fire)
    began_s = time.monotonic()
    told = await scene.stage.bell.until(lambda: notice(scene, outcome), LIMIT_S)
    took_s = time.monotonic() - began_s
    incident = await scene.incident()
    trace = await eventually(lambda: scene.trace(scene.zhang, incident), lambda seen: outcome in audited(seen))
    again = await asks(scene, "handover", {"target": "119", "kind": "three_party", "consent": "agreed"})
    now = await figure(scene, outcome)
    await scene.citizen_hangs_up()

    assert told is not None
    assert told["zh"]
    assert told["en"]
    assert took_s < TOLD_WITHIN_S
    assert outcome in audited(trace)
    assert trace["tickets"][0]["phone_mark"] == "not_connected"
    assert causes_on(trace) == [("119", outcome)]
    assert now == counted + 1
    assert again.status == 202, "three-party, or the next target, can follow at once"
    assert scene.silences(("zhang", "fire")) == []


@pytest.mark.covers("R-003", "C-09")
async def test_two_presses_at_once_begin_one_attempt_and_the_other_is_told(scene: Scene) -> None:
    await scene.talk()
    ask = {"target": "110", "kind": "one_key", "consent": "agreed"}

    said = await asyncio.gather(*(asks(scene, "handover", ask) for _ in range(4)))
    ringing = await scene.rings()
    await scene.citizen_hangs_up()

    assert sorted((one.status, one.code or "") for one in said) == [(202, ""), *[(409, "handover-in-progress")] * 3]
    assert ringing is not None
    assert len(scene.li.handset.calls) == 1


@pytest.mark.covers("R-003")
@pytest.mark.parametrize(
    ("consent", "code"),
    [(None, "consent-missing"), ("not_recorded", "consent-missing"), ("declined", "consent-declined")],
)
async def test_without_the_callers_word_the_key_does_not_arm(consent: str | None, code: str, scene: Scene) -> None:
    await scene.talk()

    said = await asks(
        scene, "handover", {"target": "110", "kind": "one_key"} | ({"consent": consent} if consent else {})
    )
    await scene.citizen_hangs_up()

    assert (said.status, said.code) == (409, code)
    assert said.body["detail"]
    assert said.body["detail_zh"]
    assert not scene.li.handset.calls


# ---- danger, whatever the phase


async def talking(_scene: Scene, _fire: Actor) -> None:
    """The caller and our agent."""


async def inviting(scene: Scene, fire: Actor) -> None:
    """Another target rings."""
    await asks(scene, "handover", {"target": "119", "kind": "one_key", "consent": "agreed"})
    await rings_at(scene.stage, fire, LIMIT_S)


async def three_way(scene: Scene, fire: Actor) -> None:
    """Another target is in."""
    await asks(scene, "handover", {"target": "119", "kind": "three_party", "consent": "agreed"})
    await answer(scene.stage, fire, await rings_at(scene.stage, fire, LIMIT_S))


async def handed_over(scene: Scene, fire: Actor) -> None:
    """Our agent has left him with another target."""
    await three_way(scene, fire)
    assert (await eventually(lambda: asks(scene, "leave", {}), lambda said: said.status == 202)).status == 202
    await scene.stage.bell.until(lambda: scene.zhang.call and scene.zhang.call.ended_ns, LIMIT_S)


async def waiting(scene: Scene, fire: Actor) -> None:
    """Our agent has gone while another target rings."""
    await inviting(scene, fire)
    assert scene.zhang.call is not None
    await hang_up(scene.stage, scene.zhang, scene.zhang.call)


@pytest.mark.covers("R-008")
@pytest.mark.parametrize("phase", [talking, inviting, three_way, handed_over, waiting])
async def test_danger_rings_110_within_a_second_and_makes_its_ticket(
    phase: Callable[[Scene, Actor], Awaitable[None]], running: Plan, stage: Stage, scene: Scene
) -> None:
    assert running.sites
    fire = await stage.phone("fire", number="119", carrier=1)
    await scene.talk()
    await phase(scene, fire)
    before = len(scene.li.handset.calls)
    began_ns = time.time_ns()
    said = await asks(scene, "danger", {})
    ringing = await stage.bell.until(lambda: scene.li.handset.calls[before:] or None, LIMIT_S)
    incident = await scene.incident()
    tickets = await eventually(
        lambda: scene.tickets(incident), lambda seen: [one["danger"] for one in seen] == [True, True]
    )
    await scene.citizen_hangs_up()

    assert said.status == 202
    assert ringing
    assert (ringing[0].began_ns - began_ns) / 1e9 < DANGER_WITHIN_S
    assert [ticket["danger"] for ticket in tickets] == [True, True]
    assert scene.citizen.number == NUMBER


# ---- what is looked at


async def asks(scene: Scene, path: str, body: dict[str, Any]) -> Any:
    """POST /calls/{our agent's latest call}/{path}."""
    assert scene.zhang.desk is not None
    return await scene.zhang.desk.ask("POST", f"/calls/{await scene.call_id()}/{path}", body)


def notice(scene: Scene, outcome: str) -> dict[str, Any] | None:
    """What our agent's desk was told about it; news of earlier calls may come at any time."""
    assert scene.zhang.desk is not None
    call_id = scene.zhang.latest_in_events("call_id")
    calls = (event.body for event in scene.zhang.desk.events if event.type == "call")
    told = (call.get("notice") for call in calls if call["call_id"] == call_id)
    return next((one for one in told if one and one["code"] == outcome), None)


def audited(trace: dict[str, Any]) -> set[str]:
    """The outcomes of attempts in the audit."""
    return {e["detail"]["outcome"] for e in trace.get("entries", []) if e["what"] == "attempt"}


def causes_on(trace: dict[str, Any]) -> list[tuple[str, str]]:
    """Target and outcome of each attempt, as the ticket has them."""
    return [(one["target"], one["outcome"]) for one in trace["tickets"][0]["attempts"]]


async def figure(scene: Scene, outcome: str) -> float:
    """callflow_attempt_outcomes of 12345 for 119 by one key."""
    site = scene.plan.sites[0]
    url = f"http://{site.host}:{site.site.addresses.http_port}/metrics"
    async with ClientSession() as http, http.get(url) as answered:
        text = await answered.text()
    line = f'callflow_attempt_outcomes_total{{kind="one_key",outcome="{outcome}",target="119"}} '
    return next((float(one.removeprefix(line)) for one in text.splitlines() if one.startswith(line)), 0.0)
