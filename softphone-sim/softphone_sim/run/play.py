"""Playing a script: actors up, steps in order, a verdict, everything down again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softphone_sim.desk import DeskEvent, DeskRefused
from softphone_sim.ears.listen import Heard, Interval, intervals
from softphone_sim.lab import Lab, LabError
from softphone_sim.phone.handset import CallSeen, PhoneRefused
from softphone_sim.phone.messages import SipMessage
from softphone_sim.run.acts import StepFailed, set_policy
from softphone_sim.run.expect import expect
from softphone_sim.run.stage import Actor, Entry, Stage
from softphone_sim.run.steps import CARRY_OUT, Scene
from softphone_sim.script.load import JUDGES, TOGETHER, Script, Step
from softphone_sim.script.model import ActorSpec, Policy

FAILURES = (StepFailed, PhoneRefused, DeskRefused, LabError)


@dataclass(frozen=True, slots=True)
class ActorRecord:
    """What one actor saw and heard."""

    name: str
    number: str
    platform: str | None
    calls: tuple[CallSeen, ...]
    messages: tuple[SipMessage, ...]
    events: tuple[DeskEvent, ...]
    heard: tuple[Interval, ...]
    ear: Heard  # every packet, for `longest_silence_ms` and `gap` over any window


@dataclass(frozen=True, slots=True)
class Result:
    """A played script. `failure` is the sentence of the step that did not hold."""

    name: str
    file: Path
    covers: tuple[str, ...]
    failure: str | None
    began_ns: int
    seconds: float
    timeline: tuple[Entry, ...]
    actors: tuple[ActorRecord, ...]

    @property
    def ok(self) -> bool:
        """Everything held."""
        return self.failure is None


async def play(
    script: Script,
    lab: Lab | None = None,
    *,
    addresses: tuple[str, ...] = (),
    on_entry: Callable[[Entry], None] = lambda _entry: None,
    limit_s: float = 300.0,
    tapes: Path | None = None,
) -> Result:
    """Play one script to its end or its first failure; nothing of it is left running either way.

    `tapes`: a directory that keeps what every phone was sent; by default it goes with the stage.
    """
    failure: str | None = None
    records: tuple[ActorRecord, ...] = ()
    began_ns = time.time_ns()
    stage = Stage(lab, addresses=addresses, on_entry=on_entry, tapes=tapes)
    stage.tones_hz.update(script.tones)
    async with stage:
        try:
            async with asyncio.timeout(limit_s):
                await _bring_up(stage, script)
                await _steps(Scene(stage), script, script.steps)
        except FAILURES as why:
            failure = str(why)
        except TimeoutError:
            failure = f"{script.file}: not finished within {limit_s:g} s"
        if failure:
            stage.note("script", f"✗ {failure}", "verdict")
        records = tuple(_record(stage, actor) for actor in stage.actors.values())
    seconds = (time.time_ns() - began_ns) / 1e9
    timeline = tuple(sorted(stage.timeline, key=lambda entry: entry.time_ns))
    return Result(script.name, script.file, script.covers, failure, began_ns, seconds, timeline, records)


async def _bring_up(stage: Stage, script: Script) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for name, spec in script.actors.items():
                group.create_task(_actor(stage, name, spec))
    except* FAILURES as several:
        raise several.exceptions[0] from None


async def _actor(stage: Stage, name: str, spec: ActorSpec) -> None:
    policy: Policy | None = spec.agent or spec.phone
    actor: Actor
    if spec.caller:
        actor = await stage.caller(name, **spec.caller.model_dump())
    elif spec.agent:
        actor = await stage.agent(name, **spec.agent.model_dump(exclude=set(Policy.model_fields)))
    else:
        assert spec.phone is not None, "the language lets exactly one kind through"
        actor = await stage.phone(name, **spec.phone.model_dump(exclude=set(Policy.model_fields)))
    if policy:
        await set_policy(actor, policy)


async def _steps(scene: Scene, script: Script, steps: tuple[Step, ...]) -> None:
    for step in steps:
        await _step(scene, script, step)


async def _step(scene: Scene, script: Script, step: Step) -> None:
    try:
        if step.verb == TOGETHER:
            await _together(scene, script, step.steps)
        elif step.verb in JUDGES:
            await expect(scene, step)
        else:
            spec: Any = step.spec
            await CARRY_OUT[type(spec)](scene, spec)
    except (StepFailed, PhoneRefused, DeskRefused) as why:
        if str(why).startswith(f"{script.file}:"):
            raise
        raise StepFailed(f"{script.file}:{step.line}: {step.said}: {why}") from why


async def _together(scene: Scene, script: Script, steps: tuple[Step, ...]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for each in steps:
                group.create_task(_step(scene, script, each))
    except* FAILURES as several:
        raise several.exceptions[0] from None


def _record(stage: Stage, actor: Actor) -> ActorRecord:
    handset, ear = actor.handset, stage.heard_by(actor)
    return ActorRecord(
        name=actor.name,
        number=actor.number,
        platform=actor.platform,
        calls=tuple(handset.calls),
        messages=tuple(handset.messages),
        events=tuple(actor.desk.events) if actor.desk else (),
        heard=tuple(intervals(ear)),
        ear=ear,
    )
