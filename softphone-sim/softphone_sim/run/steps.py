"""Carrying out the steps of a script: one function a verb, one table."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from softphone_sim.desk import ApiAnswer
from softphone_sim.phone.handset import CallSeen
from softphone_sim.run import acts
from softphone_sim.run.acts import StepFailed
from softphone_sim.run.hearing import hear
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script import model
from softphone_sim.script.paths import look_up, misfits

PLACEHOLDER = re.compile(r"\{([\w一-鿿-]+)(?:\.([\w.]+))?\}")
API_PAUSE_S = 0.1
SIGNALS = {name: getattr(signal, f"SIG{name}") for name in ("KILL", "TERM", "STOP", "CONT")}
FAILED_FROM = 300  # HTTP and SIP alike: from here on it is no success


@dataclass(slots=True)
class Scene:
    """A script being played: the stage, the marks, what was captured, calls named by `as`."""

    stage: Stage
    marks: dict[str, int] = field(default_factory=dict)
    captured: dict[str, Any] = field(default_factory=dict)
    calls: dict[tuple[str, str], str] = field(default_factory=dict)  # actor, name -> the phone's own name
    answers: list[ApiAnswer] = field(default_factory=list)

    def actor(self, name: str) -> Actor:
        """The actor of that name (checked when the script was read)."""
        return self.stage.actors[name]

    def call_of(self, actor: Actor, name: str | None) -> CallSeen:
        """The named call, or the latest.

        Raises:
            StepFailed: the phone has no such call.
        """
        own = self.calls.get((actor.name, name)) if name else None
        call = None if name and not own else actor.handset.call_named(own)
        if call is None:
            raise StepFailed(f"{actor.name} has no call{f' named {name}' if name else ''}")
        return call

    def since(self, mark: str | None, otherwise_ns: int) -> int:
        """The moment of a mark."""
        if mark is None:
            return otherwise_ns
        if mark not in self.marks:
            raise StepFailed(f"no mark {mark} has been set: put `- mark: {mark}` before this step")
        return self.marks[mark]

    def filled(self, value: Any) -> Any:
        """A value with its `{placeholders}` replaced: captures, and `{anna.call_id}`, `{anna.number}`."""
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if not isinstance(value, str):
            return value
        whole = PLACEHOLDER.fullmatch(value)
        return self._value_of(whole) if whole else PLACEHOLDER.sub(lambda found: str(self._value_of(found)), value)

    def _value_of(self, found: re.Match[str]) -> Any:
        name, attribute = found[1], found[2]
        actor = self.stage.actors.get(name)
        if actor is None and name in self.captured:
            return look_up(self.captured[name], attribute) if attribute else self.captured[name]
        if actor is not None and attribute == "number":
            return actor.number
        if actor is not None and attribute in {"call_id", "incident_id"}:
            if (value := actor.latest_in_events(attribute)) is not None:
                return value
            raise StepFailed(f"{{{name}.{attribute}}} is not known: {name}'s desk has been told of no call")
        raise StepFailed(f"{found[0]} is not known: use a capture, or an actor's .number, .call_id or .incident_id")


# ---- phone ----------------------------------------------------------------------------------------------


async def _call(scene: Scene, spec: model.Call) -> None:
    headers = {name: str(scene.filled(value)) for name, value in spec.headers.items()}
    call = await acts.dial(
        scene.stage, scene.actor(spec.from_), spec.to,
        shown_as=spec.shown_as, anonymous=spec.anonymous, asserted=spec.asserted, headers=headers,
    )  # fmt: skip
    if spec.as_:
        scene.calls[spec.from_, spec.as_] = call.name


async def _answer(scene: Scene, spec: model.Answer) -> None:
    actor = scene.actor(spec.who)
    named = scene.calls.get((spec.who, spec.call)) if spec.call else None
    call = await acts.rings_at(scene.stage, actor, spec.within, named=named)
    if spec.as_:
        scene.calls[spec.who, spec.as_] = call.name
    await acts.answer(scene.stage, actor, call)


async def _reject(scene: Scene, spec: model.Reject) -> None:
    actor = scene.actor(spec.who)
    await acts.refuse(scene.stage, actor, await acts.rings_at(scene.stage, actor, spec.within), spec.code)


async def _hang_up(scene: Scene, spec: model.HangUp) -> None:
    actor = scene.actor(spec.who)
    await acts.hang_up(scene.stage, actor, scene.call_of(actor, spec.call))


async def _press(scene: Scene, spec: model.Press) -> None:
    actor = scene.actor(spec.who)
    await acts.press(scene.stage, actor, spec.keys, scene.call_of(actor, spec.call))


async def _refer(scene: Scene, spec: model.Refer) -> None:
    actor = scene.actor(spec.who)
    call = scene.call_of(actor, spec.call)
    scene.stage.note(spec.who, f"transfers the call to {spec.to or spec.replaces}", "sip")
    if spec.replaces:
        other = scene.call_of(actor, spec.replaces)
        await actor.handset.order("refer", call=call.name, replaces=other.name)
    else:
        await actor.handset.order("refer", call=call.name, to=acts.uri_of(scene.stage, actor, str(spec.to)))


async def _hold(scene: Scene, spec: model.Hold | model.Unhold) -> None:
    actor, on = scene.actor(spec.who), isinstance(spec, model.Hold)
    scene.stage.note(spec.who, "holds the call" if on else "takes the call back", "sip")
    await actor.handset.order("hold", call=scene.call_of(actor, spec.call).name, on=on)


async def _say(scene: Scene, spec: model.Say) -> None:
    length = f" for {spec.for_ * 1000:.0f} ms" if spec.for_ else ""
    scene.stage.note(spec.who, ("speaks" if spec.on else "is silent") + length, "audio")
    await scene.actor(spec.who).handset.order("say", on=spec.on, for_ms=round((spec.for_ or 0) * 1000))


async def _policy(scene: Scene, spec: model.SetPolicy) -> None:
    await acts.set_policy(scene.actor(spec.who), spec)


# ---- all the rest ---------------------------------------------------------------------------------------


async def _hear(scene: Scene, spec: model.Hear) -> None:
    verdicts = await asyncio.gather(
        *(hear(scene.stage, scene.actor(who), voices, spec) for who, voices in spec.pairs.items())
    )
    if failures := [verdict for verdict in verdicts if verdict]:
        raise StepFailed("; ".join(failures))


async def _talk(_scene: Scene, spec: model.Talk) -> None:
    await asyncio.sleep(spec.time)


async def _mark(scene: Scene, spec: model.Mark) -> None:
    scene.marks[spec.name] = time.time_ns()


async def _api(scene: Scene, spec: model.Api) -> None:
    actor = scene.actor(spec.who)
    if actor.desk is None:
        raise StepFailed(f"{spec.who} has no desk: only an agent with desk: true can call the API")
    method, path = spec.do.split(" ", 1)
    deadline = time.monotonic() + (spec.within or 0)
    while True:
        answer = await actor.desk.ask(method, scene.filled(path), scene.filled(spec.body))
        wrong = _api_misfit(spec, answer, scene.filled(spec.where))
        if wrong is None or time.monotonic() >= deadline:
            break
        await asyncio.sleep(API_PAUSE_S)
    scene.answers.append(answer)
    took_ms = (answer.answered_ns - answer.sent_ns) / 1e6
    shown = PLACEHOLDER.sub(lambda found: found[0], spec.do)
    scene.stage.note(
        spec.who, f"desk asks {shown}: {answer.status} in {took_ms:.0f} ms", "desk", time_ns=answer.sent_ns
    )
    if wrong:
        raise StepFailed(f"{spec.who}: {spec.do}: {wrong}")
    for name, wanted in spec.capture.items():
        scene.captured[name] = look_up(answer.body, wanted)


def _api_misfit(spec: model.Api, answer: ApiAnswer, where: dict[str, Any]) -> str | None:
    said = f"answered {answer.status}{f' {answer.code}' if answer.code else ''}"
    if spec.status is not None and answer.status != spec.status:
        return f"{said}, expected {spec.status}"
    if spec.status is None and spec.code is None and answer.status >= FAILED_FROM:
        return f"{said}, expected success"
    if spec.code is not None and answer.code != spec.code:
        return f"{said}, expected the code {spec.code}"
    return misfits(answer.body, where)


async def _fault(scene: Scene, spec: model.Fault) -> None:
    stage = scene.stage
    if spec.kill:
        stage.note(spec.kill, "phone is killed (-9)", "fault")
        scene.actor(spec.kill).handset.kill()
        return
    platform = spec.python or spec.asterisk
    assert platform is not None, "the language lets exactly one victim through"
    if stage.lab is None:
        raise StepFailed("a fault of a site needs a lab: give --lab STATUS.json")
    pids = stage.lab.site(platform).pids
    victims = pids.python if spec.python else tuple(filter(None, (pids.asterisk,)))
    program = "Python" if spec.python else "Asterisk"
    if not victims:
        raise StepFailed(
            f"the status names no pid of {platform}'s {program}: such faults only run on this machine's lab"
        )
    stage.note(platform, f"{program} gets SIG{spec.signal}", "fault")
    for pid in victims:
        try:
            os.kill(pid, SIGNALS[spec.signal])
        except OSError as why:
            raise StepFailed(
                f"pid {pid} ({platform}'s {program}): {why.strerror}; is the status of a lab that runs?"
            ) from why


Carry = Callable[[Scene, Any], Awaitable[None]]
CARRY_OUT: dict[type[Any], Carry] = {
    model.Call: _call,
    model.Answer: _answer,
    model.Reject: _reject,
    model.HangUp: _hang_up,
    model.Hold: _hold,
    model.Unhold: _hold,
    model.Press: _press,
    model.Refer: _refer,
    model.Say: _say,
    model.SetPolicy: _policy,
    model.Hear: _hear,
    model.Talk: _talk,
    model.Mark: _mark,
    model.Api: _api,
    model.Fault: _fault,
}
