"""What people do with phones: dial, answer, press keys, hang up. For scripts, the demo and the bench."""

import time
from collections.abc import Mapping

from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.model import Policy

CONNECT_LIMIT_S = 2.0
# One digit on the wire (RFC 4733): eight packets until the first with the end bit, ten until the next digit.
# The first packet leaves with the sound clock's next tick, on average half a packet after the order.
DIGIT_MS, DIGIT_TO_RELEASE_MS, HALF_TICK_MS = 200.0, 140.0, 10.0


class StepFailed(Exception):  # noqa: N818 - it is a verdict, not a fault of ours
    """What was expected did not happen; the text is the sentence of the report."""


def uri_of(stage: Stage, actor: Actor, to: str) -> str:
    """Where `to` leads: an actor's own phone, a `sip:` address, the agent's own platform, or the carrier's number.

    Raises:
        StepFailed: it is none of these.
    """
    if to in stage.actors:
        return stage.place_of(stage.actors[to])
    if to.startswith("sip:"):
        return to
    if actor.handset.spec.registrar:
        return f"sip:{to}@{actor.handset.spec.registrar.removeprefix('sip:')}"
    if stage.lab is None or to not in stage.lab.carrier.dial:
        known = ", ".join(stage.lab.carrier.dial) if stage.lab else "none: there is no lab"
        raise StepFailed(f"{to} is no number of the carrier (known: {known}); write an actor, a number or sip:…")
    return stage.lab.carrier.dial[to]


async def dial(
    stage: Stage,
    actor: Actor,
    to: str,
    *,
    shown_as: str | None = None,
    anonymous: bool = False,
    asserted: str | None = None,
    headers: Mapping[str, str] | None = None,
    named: str = "",
) -> CallSeen:
    """Call someone and return at once.

    `named` is the display name. `asserted` goes into P-Asserted-Identity; `anonymous` hides From, asks for privacy
    and asserts the number.
    """
    number, host = shown_as or actor.number, actor.handset.spec.address
    sent = [[name, value] for name, value in (headers or {}).items()]
    display = f'"{named}" ' if named else ""
    local_uri = f"{display}<sip:{number}@{host}>" if shown_as or named else None
    if anonymous:
        local_uri = '"Anonymous" <sip:anonymous@anonymous.invalid>'
        asserted = asserted or number
        sent.append(["Privacy", "id"])
    if asserted:
        sent.append(["P-Asserted-Identity", f"{display}<sip:{asserted}@{host}>"])
    uri = uri_of(stage, actor, to)
    stage.note(actor.name, f"dials {to}", "sip")
    answer = await actor.handset.order("dial", uri=uri, headers=sent, local_uri=local_uri)
    call = actor.handset.call_named(answer["call"])
    assert call is not None, "the phone told of the call before it answered the order"
    return call


async def rings_at(
    stage: Stage, actor: Actor, limit_s: float, *, named: str | None = None, since_ns: int | None = None
) -> CallSeen:
    """Wait until a call rings at this phone (the one of that name, or the latest).

    With `since_ns`: a call that came after that moment, answered already or not.

    Raises:
        StepFailed: nothing rang in time.
    """

    def look() -> CallSeen | None:
        came = [call for call in actor.handset.calls if call.is_incoming and call.began_ns >= (since_ns or 0)]
        calls = came if since_ns else [call for call in came if call.state in {"incoming", "early"}]
        return next((call for call in reversed(calls) if named in {None, call.name}), None)

    call = await stage.bell.until(look, limit_s)
    if call is None:
        raise StepFailed(f"nothing rang at {actor.name} within {limit_s:g} s")
    return call


async def answer(stage: Stage, actor: Actor, call: CallSeen) -> int:
    """Answer a call that rings; returns the moment it was connected (ns).

    Raises:
        StepFailed: it was not connected.
    """
    await actor.handset.order("answer", call=call.name, code=200)
    connected_ns = await stage.bell.until(lambda: call.answered_ns, CONNECT_LIMIT_S)
    if connected_ns is None:
        raise StepFailed(f"{actor.name} answered, but was not connected in {CONNECT_LIMIT_S:g} s (state {call.state})")
    return connected_ns


async def refuse(stage: Stage, actor: Actor, call: CallSeen, code: int) -> None:
    """Refuse a call that rings."""
    stage.note(actor.name, f"refuses ({code})", "sip")
    await actor.handset.order("answer", call=call.name, code=code)


async def press(stage: Stage, actor: Actor, keys: str, call: CallSeen) -> int:
    """Press keys; returns at once with the moment (ns) at which the last one will be released, to 10 ms."""
    stage.note(actor.name, f"presses {keys}", "sip")
    await actor.handset.order("press", call=call.name, keys=keys)
    wait_ms = HALF_TICK_MS + DIGIT_MS * (len(keys) - 1) + DIGIT_TO_RELEASE_MS
    return time.time_ns() + round(wait_ms * 1e6)


async def hang_up(stage: Stage, actor: Actor, call: CallSeen) -> None:
    """End a call; one that is gone already is no error."""
    stage.note(actor.name, "hangs up", "sip")
    await actor.handset.order("hang_up", call=call.name)


async def set_policy(actor: Actor, policy: Policy) -> None:
    """Tell a phone what to do with calls by itself."""
    code = {"manual": None, "auto": 200, "busy": policy.code or 486, "reject": policy.code or 603}[policy.answer]
    after_ms = round(policy.after * 1000)
    await actor.handset.order("policy", ring=policy.ring, code=code, after_ms=after_ms, only_from=policy.only_from)
