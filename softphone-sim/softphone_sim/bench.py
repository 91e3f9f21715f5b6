"""For benches and the demo: one handover taken apart into its figures, all in milliseconds.

async with Stage(lab) as stage:
    citizen, anna, bo = …
    await talking(stage, citizen, anna, "12345")
    key_ns = await key_at_desk(anna, target="110", kind="one_key", consent="agreed")
    ring_ms = await key_to_ring_ms(stage, bo, key_ns)
    await answer(stage, bo, await rings_at(stage, bo, 5))
    join, leave = await joined(stage, citizen, "bo", key_ns), await left(stage, citizen, "anna", key_ns)
"""

import time
from dataclasses import dataclass

import numpy as np

from softphone_sim.desk import ApiAnswer
from softphone_sim.ears.listen import MUSIC, NS_PER_MS, RINGBACK, STRAY_PACKETS, longest_silence_ms
from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.acts import StepFailed, answer, dial, rings_at
from softphone_sim.run.stage import Actor, Stage

AROUND_MS = 500  # the silence at a change is looked for this long before and after it
LEFT_AFTER_MS = 300  # a voice that was not heard for so long has left
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody joined or left, as one listener heard it."""

    at_ns: int  # first packet with the voice, or last
    silence_ms: float  # the longest time around it in which the listener heard nobody at all
    music_ms: float  # how long music or ring tone was heard around it


async def talking(stage: Stage, caller: Actor, agent: Actor, to: str, limit_s: float = 10.0) -> CallSeen:
    """The caller dials, the agent answers (unless his phone does so itself), both are heard; returns the caller's call.

    Raises:
        StepFailed: it did not ring, connect, or carry both voices in time.
    """
    began_ns = time.time_ns()
    call = await dial(stage, caller, to)
    came = await rings_at(stage, agent, limit_s, since_ns=began_ns)
    if came.answered_ns is None:
        await answer(stage, agent, came)
    await joined(stage, caller, agent.name, began_ns, limit_s, around_ms=0)
    await joined(stage, agent, caller.name, began_ns, limit_s, around_ms=0)
    return call


async def key_at_desk(agent: Actor, *, target: str, kind: str, consent: str | None, note: str = "") -> int:
    """Press the one key on the desk of the agent's latest call; returns the moment the POST left (ns).

    Raises:
        StepFailed: the desk knows of no call, or the key was refused.
    """
    call_id = agent.latest_in_events("call_id")
    if agent.desk is None or call_id is None:
        raise StepFailed(f"{agent.name}'s desk was told of no call, so there is no key to press")
    body = {"target": target, "kind": kind, "note": note, **({"consent": consent} if consent else {})}
    said: ApiAnswer = await agent.desk.ask("POST", f"/calls/{call_id}/handover", body)
    if said.status != 202:  # noqa: PLR2004 - HTTP 202 Accepted
        raise StepFailed(f"the key of {agent.name} was refused: {said.status} {said.code or said.body}")
    return said.sent_ns


async def key_to_ring_ms(stage: Stage, target: Actor, key_ns: int, limit_s: float = 10.0) -> float:
    """From the key (POST sent, or last digit released) to the INVITE at the target's phone.

    Raises:
        StepFailed: nothing rang in time.
    """

    def look() -> CallSeen | None:
        return next((call for call in target.handset.calls if call.is_incoming and call.began_ns > key_ns), None)

    call = await stage.bell.until(look, limit_s)
    if call is None:
        raise StepFailed(f"nothing rang at {target.name} within {limit_s:g} s of the key")
    return (call.began_ns - key_ns) / NS_PER_MS


async def joined(
    stage: Stage, listener: Actor, voice: str, since_ns: int, limit_s: float = 10.0, *, around_ms: int = AROUND_MS
) -> Change:
    """Wait until `listener` hears `voice`; then the silence around its first packet, from `since_ns` on.

    Raises:
        StepFailed: the voice did not come in time.
    """

    def look() -> int | None:
        heard = stage.heard_by(listener, since_ns)
        times = heard.times_ns[heard.voices[voice]]
        return int(times[0]) if len(times) >= STRAY_PACKETS else None

    at_ns = await stage.bell.until(look, limit_s, LOOK_EVERY_S)
    if at_ns is None:
        raise StepFailed(f"{listener.name} did not hear {voice} within {limit_s:g} s")
    return await _around(stage, listener, at_ns, since_ns, around_ms)


async def left(stage: Stage, listener: Actor, voice: str, since_ns: int, limit_s: float = 10.0) -> Change:
    """Wait until `listener` no longer hears `voice`; then the silence around its last packet, from `since_ns` on.

    Raises:
        StepFailed: the voice stayed, or was never there.
    """

    def look() -> int | None:
        heard = stage.heard_by(listener, since_ns - AROUND_MS * NS_PER_MS)
        times = heard.times_ns[heard.voices[voice]]
        is_over = len(times) and time.time_ns() - max(times[-1], since_ns) > LEFT_AFTER_MS * NS_PER_MS
        return int(times[-1]) if is_over else None

    at_ns = await stage.bell.until(look, limit_s, LOOK_EVERY_S)
    if at_ns is None:
        raise StepFailed(f"{listener.name} still heard {voice} after {limit_s:g} s, or never did")
    return await _around(stage, listener, at_ns, min(since_ns, at_ns), AROUND_MS)


def undisturbed_ms(stage: Stage, listener: Actor, start_ns: int, end_ns: int) -> float:
    """The longest silence of a stretch in which nothing was done: what the machine and the PBX do by themselves."""
    heard = stage.heard_by(listener, start_ns)
    return longest_silence_ms(heard, _others(stage, listener), start_ns, end_ns)


async def _around(stage: Stage, listener: Actor, at_ns: int, since_ns: int, around_ms: int) -> Change:
    start_ns, end_ns = max(since_ns, at_ns - around_ms * NS_PER_MS), at_ns + around_ms * NS_PER_MS
    left_s = (end_ns - time.time_ns()) / 1e9 + LOOK_EVERY_S
    await stage.bell.until(lambda: True if time.time_ns() > end_ns else None, max(left_s, 0.0) + 1.0, LOOK_EVERY_S)
    heard = stage.heard_by(listener, start_ns)
    began_ns = int(heard.times_ns[0]) if len(heard.packets) else start_ns
    silence_ms = (
        longest_silence_ms(heard, _others(stage, listener), max(start_ns, began_ns), end_ns) if around_ms else 0.0
    )
    music = heard.between(start_ns, end_ns).any_of([MUSIC, RINGBACK])
    return Change(at_ns, silence_ms, float(np.count_nonzero(music)) * 20.0)


def _others(stage: Stage, listener: Actor) -> list[str]:
    return [name for name in stage.tones_hz if name not in {listener.name, MUSIC, RINGBACK}]
