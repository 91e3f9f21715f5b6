"""Judging conditions: one function a condition says what is wrong now, or None; one table."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from softphone_sim.desk import DeskEvent
from softphone_sim.ears.listen import Heard, gap, longest_silence_ms
from softphone_sim.phone.handset import CallSeen
from softphone_sim.phone.messages import SipMessage, user_of
from softphone_sim.run.acts import StepFailed
from softphone_sim.run.stage import Actor
from softphone_sim.run.steps import API_PAUSE_S, Scene
from softphone_sim.script import conditions
from softphone_sim.script.load import Step
from softphone_sim.script.paths import ABSENT, fits, look_up, misfits

WHERE_IN_CALL = {"phase": "phase", "owner": "ownership.owner"}
LOOK_EVERY_S = 0.1  # tapes ring no bell


async def expect(scene: Scene, step: Step) -> None:
    """Wait until the condition holds.

    Raises:
        StepFailed: it did not hold within its limit; the sentence says what was seen instead.
    """
    spec: Any = step.spec
    if isinstance(spec, conditions.SeenOfCall):
        await _of_call(scene, step.condition, spec)
        return
    if isinstance(spec, conditions.NotRinging):
        await _not_ringing(scene, spec)
        return
    check = CHECKS[type(spec)]
    wrong = check(scene, spec)
    if wrong is not None:
        await scene.stage.bell.until(lambda: True if check(scene, spec) is None else None, spec.within, LOOK_EVERY_S)
        wrong = check(scene, spec)
    if wrong is not None:
        raise StepFailed(f"{wrong} (waited {spec.within:g} s)")
    scene.stage.note(spec.at, f"✓ {step.said}", "verdict")


# ---- what a phone saw -----------------------------------------------------------------------------------


def _incoming(actor: Actor) -> CallSeen | None:
    calls = [call for call in actor.handset.calls if call.is_incoming]
    return calls[-1] if calls else None


def _number(scene: Scene, spec: conditions.SeenNumber) -> str | None:
    call = _incoming(scene.actor(spec.at))
    if call is None or call.invite is None:
        return f"no call has rung at {spec.at}"
    invite = call.invite
    seen = {
        "shown": invite.shown_number,
        "pai": user_of(invite.header("p-asserted-identity")),
        "from": user_of(invite.header("from")),
    }[spec.in_]
    wanted = scene.stage.actors[spec.is_].number if spec.is_ in scene.stage.actors else scene.filled(spec.is_)
    return None if seen == wanted else f"the number at {spec.at} ({spec.in_}) is {seen}, expected {wanted}"


def _message(actor: Actor, kind: str) -> SipMessage | None:
    call = _incoming(actor)
    if kind == "INVITE" and call is not None:
        return call.invite
    fitting = (m for m in reversed(actor.handset.messages) if kind in {m.method, str(m.code)})
    return next(fitting, None)


def _header(scene: Scene, spec: conditions.SeenHeader) -> str | None:
    message = _message(scene.actor(spec.at), spec.message)
    if message is None:
        return f"{spec.at} has seen no {spec.message}"
    values = message.all(spec.name)
    if spec.absent:
        return f"{spec.message} at {spec.at} carries {spec.name}: {values[0]}, expected none" if values else None
    if not values:
        return f"{spec.message} at {spec.at} carries no {spec.name}"
    for value in values:
        is_right = spec.is_ is None or value == scene.filled(spec.is_)
        is_right = is_right and (spec.contains is None or str(scene.filled(spec.contains)) in value)
        if is_right and (spec.matches is None or re.search(spec.matches, value)):
            return None
    return f"{spec.name} of {spec.message} at {spec.at} is {' | '.join(values)}"


def _ringing(scene: Scene, spec: conditions.Ringing) -> str | None:
    call = _incoming(scene.actor(spec.at))
    if call and call.state in {"incoming", "early"}:
        return None
    return f"nothing rings at {spec.at}{f': its call is {call.state}' if call else ''}"


def _legs(scene: Scene, spec: conditions.Legs) -> str | None:
    count = sum(call.is_live for call in scene.actor(spec.at).handset.calls)
    return None if count == spec.is_ else f"{spec.at}'s phone has {count} live calls, expected {spec.is_}"


def _answered(scene: Scene, spec: conditions.Answered) -> str | None:
    call = scene.actor(spec.at).call
    if call and call.answered_ns and call.is_live:
        return None
    return f"{spec.at}'s call is {call.state if call else 'not there'}, expected connected"


def _ended(scene: Scene, spec: conditions.Ended) -> str | None:
    call = scene.actor(spec.at).call
    if call is None or call.is_live:
        return f"{spec.at}'s call {'is still there' if call else 'never was'}, expected it to end"
    code = call.states[-1].code
    return None if spec.code in {None, code} else f"{spec.at}'s call ended with {code}, expected {spec.code}"


def _transferred(scene: Scene, spec: conditions.Transferred) -> str | None:
    codes = [code for call in scene.actor(spec.at).handset.calls for _, code, _ in call.transfers]
    return (
        None if spec.code in codes else f"{spec.at} was told {codes or 'nothing'} of its transfer, expected {spec.code}"
    )


async def _not_ringing(scene: Scene, spec: conditions.NotRinging) -> None:
    actor = scene.actor(spec.at)
    known = len(actor.handset.calls)
    came = await scene.stage.bell.until(lambda: len(actor.handset.calls) > known or None, spec.for_)
    if came:
        raise StepFailed(f"a call came to {spec.at}, expected none for {spec.for_:g} s")


# ---- what a desk was told -------------------------------------------------------------------------------


def _events(actor: Actor, kind: str) -> list[DeskEvent]:
    if actor.desk is None:
        raise StepFailed(f"{actor.name} has no desk: only an agent with desk: true is told events")
    return [event for event in actor.desk.events if event.type == kind]


def _event(scene: Scene, spec: conditions.SeenEvent) -> str | None:
    since_ns = scene.since(spec.since, 0)
    events = [event for event in _events(scene.actor(spec.at), spec.type) if event.time_ns >= since_ns]
    where = scene.filled(spec.where)
    fitting = [event for event in events if fits(event.body, where)]
    if spec.count is not None:
        return (
            None
            if len(fitting) == spec.count
            else f"{spec.at} was told {len(fitting)} fitting {spec.type} events, expected {spec.count}"
        )
    return None if fitting else f"{spec.at} was told no {spec.type} event with {where}{_nearest(events, where)}"


def _nearest(events: list[DeskEvent], where: dict[str, Any]) -> str:
    return f"; in the latest of {len(events)}: {misfits(events[-1].body, where)}" if events else ""


def _pop(scene: Scene, spec: conditions.SeenPop) -> str | None:
    actor, since_ns = scene.actor(spec.at), scene.since(spec.since, 0)
    pops = [event for event in _events(actor, "pop") if event.time_ns >= since_ns]
    if not pops:
        return f"no pop at {spec.at}'s desk{f' since {spec.since}' if spec.since else ''}"
    number = scene.stage.actors[spec.number].number if spec.number in scene.stage.actors else scene.filled(spec.number)
    wanted = {"number": number, "presentation": spec.presentation, "verified": spec.verified}
    where = {**{key: value for key, value in wanted.items() if value is not None}, **scene.filled(spec.where)}
    latest = pops[-1]
    if wrong := misfits(latest.body, where):
        return f"the pop at {spec.at}: {wrong}"
    first = next(pop for pop in pops if pop.body.get("call_id") == latest.body.get("call_id"))
    call = _incoming(actor)
    limits_ns = {"ringing": call.began_ns, "answer": call.answered_ns} if call else {}
    limit_ns = limits_ns.get(spec.before or "")
    if limit_ns is not None and first.time_ns > limit_ns:
        late_ms = (first.time_ns - limit_ns) / 1e6
        return f"the pop at {spec.at} came {late_ms:.0f} ms after the {spec.before}, expected before"
    return None


def _ticket(scene: Scene, spec: conditions.SeenTicket) -> str | None:
    tickets = _events(scene.actor(spec.at), "ticket")
    where = scene.filled(spec.where)
    if any(fits(event.body, where) for event in tickets):
        return None
    return f"{spec.at} was told of no ticket with {where}{_nearest(tickets, where)}"


async def _of_call(scene: Scene, field: str, spec: conditions.SeenOfCall) -> None:
    actor = scene.actor(spec.at)
    if actor.desk is None:
        raise StepFailed(f"{spec.at} has no desk: {field} is asked of an agent's desk")
    wanted = scene.filled(spec.is_)
    deadline = time.monotonic() + spec.within
    while True:
        call_id = actor.latest_in_events("call_id")
        found: Any = ABSENT
        if call_id is not None:
            answer = await actor.desk.ask("GET", f"/calls/{call_id}")
            found = look_up(answer.body, WHERE_IN_CALL[field])
        if fits(found, wanted) or str(found).upper() == str(wanted).upper():
            scene.stage.note(spec.at, f"✓ {field} is {wanted}", "verdict")
            return
        if time.monotonic() >= deadline:
            known = "absent" if found is ABSENT else repr(found)
            said = known if call_id else "unknown: the desk was told of no call"
            raise StepFailed(f"{field} of {spec.at}'s call is {said}, expected {wanted!r} within {spec.within:g} s")
        await asyncio.sleep(API_PAUSE_S)


# ---- what an actor heard --------------------------------------------------------------------------------


def _window(scene: Scene, actor: Actor, since: str | None) -> tuple[Heard, int, int]:
    call = actor.call
    if call is None or call.answered_ns is None:
        raise StepFailed(f"{actor.name} has not been connected, so its silence cannot be judged")
    start_ns = scene.since(since, call.answered_ns)
    return scene.stage.heard_by(actor, start_ns - 1_000_000_000), start_ns, call.ended_ns or time.time_ns() - 50_000_000


def _silence(scene: Scene, spec: conditions.Silence) -> str | None:
    actor = scene.actor(spec.at)
    heard, start_ns, end_ns = _window(scene, actor, spec.since)
    voices = spec.of or tuple(name for name in heard.voices if name != actor.name)
    longest_ms = longest_silence_ms(heard, voices, start_ns, end_ns)
    if longest_ms <= spec.most * 1000:
        scene.stage.note(spec.at, f"longest silence {longest_ms:.0f} ms", "audio")
        return None
    return f"{spec.at} heard nothing for {longest_ms:.0f} ms, at most {spec.most * 1000:.0f} ms is allowed"


def _gap(scene: Scene, spec: conditions.SeenGap) -> str | None:
    heard, start_ns, end_ns = _window(scene, scene.actor(spec.at), spec.since)
    found = gap(heard, spec.from_, spec.to, start_ns, end_ns)
    if found is None:
        return f"{spec.at} did not hear {spec.to} after {spec.from_}"
    if found.silence_ms <= spec.most * 1000:
        scene.stage.note(spec.at, f"{spec.from_} → {spec.to} in {found.wire_ms:.0f} ms on the wire", "audio")
        return None
    between = f"{found.silence_ms:.0f} ms between {spec.from_} and {spec.to}"
    return f"{spec.at}: {between}, at most {spec.most * 1000:.0f} ms is allowed"


CHECKS: dict[type[BaseModel], Callable[[Scene, Any], str | None]] = {
    conditions.SeenNumber: _number,
    conditions.SeenHeader: _header,
    conditions.Ringing: _ringing,
    conditions.Answered: _answered,
    conditions.Ended: _ended,
    conditions.Legs: _legs,
    conditions.Transferred: _transferred,
    conditions.SeenEvent: _event,
    conditions.SeenPop: _pop,
    conditions.SeenTicket: _ticket,
    conditions.Silence: _silence,
    conditions.SeenGap: _gap,
}
