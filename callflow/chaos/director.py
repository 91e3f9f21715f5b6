"""One caller's story, acted out: every act waits for its phase; when it does not come, he goes on to his goodbye."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from callflow.chaos.house import FOURTH
from callflow.chaos.people import Leg, Playing, lasting, leave, press_keys, refer, until
from callflow.chaos.plan import CallPlan
from callflow.chaos.stories import Act, Do, H, W
from callflow.domain.names import Phase
from softphone_sim.phone.handset import PhoneRefused
from softphone_sim.run.acts import dial
from softphone_sim.run.crowd import Crowd, CrowdCall

ACT_LIMIT_S = 12.0
"""How long an act waits for its phase: a leg whose audio stopped ends after 5 s, then an agent is rung."""

IN_VAIN_S = 4.0
"""They talk on for so long while something else was to come of the key: nothing will."""

KEY_TRIES, REPEATED = 3, frozenset({Do.KEY, Do.CONSULT})
ALONE_LIMIT_S = 14.0
"""How long a caller who has nobody waits at his story's end before he hangs up; the ledger then knows for how long."""

END_LIMIT_S, LINGER_S = 6.0, 8.0
LEAVES_HIMSELF_S = 4.0
"""So long an agent who pressed the one key waits until his program lets him go; then he puts the receiver down."""

AGAIN_AFTER_S, CONSULT_TRIES = 2.5, 3
ANSWER_LIMIT_S, DROP_LIMIT_S = 4.0, 2.0
POP_LIMIT_S = 1.5
RING_OUT_S = 8.0
"""How long a phone may ring on for a caller who is gone before nobody waits for it any more; the ledger judges it."""

ACCEPTED = 202
DIALS, REDIAL_S = 20, 0.5
KEYS = {"one_key": "*5", "three_party": "*6", "cancel": "*7", "danger": "*9"}


async def act_out(playing: Playing, crowd: Crowd) -> None:
    """From the first digit to the last hang-up of one call. Ends in bounded time, whatever is broken meanwhile."""
    plan = playing.plan
    playing.call = await _dial(plan, crowd)
    if playing.call is None:
        return
    try:
        await _play_acts(playing, crowd)
        await _say_goodbye(playing, crowd)
    finally:
        crowd.gone(playing.call)


async def _play_acts(playing: Playing, crowd: Crowd) -> None:
    """The story's acts, in order. When nothing came of a key they talk on, and he presses it again, as people do."""
    acts, at, tries = playing.plan.story.acts, 0, 1
    while at < len(acts):
        act = acts[at]
        if not await _reached(playing, act.when):
            keys = [place for place, one in enumerate(acts[:at]) if one.do in REPEATED]
            if not keys or tries == KEY_TRIES or playing.phase() is not Phase.TALKING:
                return
            at, tries = keys[-1], tries + 1
            continue
        await asyncio.sleep(act.after_s)
        if playing.caller_is_there or act.do is not Do.CALLER_GOES:
            await ACTS[act.do](playing, crowd, act)
        at += 1


async def _dial(plan: CallPlan, crowd: Crowd) -> CrowdCall | None:
    """His call, or None when no line was free: he tries a few times, as people do."""
    for _ in range(DIALS):
        try:
            return await crowd.dial(plan.number, plan.origin)
        except PhoneRefused:
            await asyncio.sleep(REDIAL_S)
    return None


async def _reached(playing: Playing, phases: frozenset[Phase]) -> bool:
    lets_go = phases == H  # his program is to release our agent when the target is in
    passes = phases | W if lets_go else phases
    in_vain = lasting(lambda: playing.phase() is Phase.TALKING, IN_VAIN_S)
    await until(lambda: playing.phase() in passes or not playing.caller_is_there or in_vain(), ACT_LIMIT_S)
    if lets_go and playing.phase() is Phase.THREE_WAY:
        await until(lambda: playing.phase() is not Phase.THREE_WAY, LEAVES_HIMSELF_S)
        if playing.phase() is Phase.THREE_WAY:
            await leave(playing, playing.ours)
        await until(lambda: playing.phase() in phases or not playing.caller_is_there, END_LIMIT_S)
    if playing.phase() in phases:
        await playing.linger(LINGER_S)
    return playing.phase() in phases


async def _say_goodbye(playing: Playing, crowd: Crowd) -> None:
    """He stays a moment, longer while he has nobody; then whoever is left hangs up."""
    plan, call = playing.plan, playing.call
    assert call is not None
    if playing.caller_is_there:
        await until(lambda: _is_looked_after(playing) or not playing.caller_is_there, ALONE_LIMIT_S)
        await until(lambda: not playing.caller_is_there, plan.patience_s)
    if call.seen.is_live:  # also a line whose far end died: it hears nothing, and puts down
        await _quietly(crowd.hang_up(call))
    await playing.linger(LINGER_S)
    await until(lambda: playing.phase() is not Phase.AGENTS_ONLY, plan.goodbye_s)
    for leg in playing.all_legs():
        await leave(playing, leg if leg.is_in else None)
    await until(lambda: not any(leg.is_live for leg in playing.all_legs()) and not call.seen.is_live, RING_OUT_S)
    for leg in playing.all_legs():
        await leave(playing, leg)
    await until(lambda: not any(leg.is_live for leg in playing.all_legs()), END_LIMIT_S)


def _is_looked_after(playing: Playing) -> bool:
    return playing.phase() not in (Phase.WAITING, Phase.RECALLING)


# ---- the acts


async def _key(playing: Playing, _crowd: Crowd, act: Act) -> None:
    leg = playing.ours
    if leg is None:
        return
    playing.keys += 1
    rang = len(playing.legs_at(playing.plan.far, bool))
    await _ask_for(playing, leg, playing.plan.far, act)
    await until(lambda: len(playing.legs_at(playing.plan.far, bool)) > rang or not leg.is_in, AGAIN_AFTER_S)
    if len(playing.legs_at(playing.plan.far, bool)) == rang and leg.is_in:  # nothing rings: he presses again
        await press_keys(playing, leg, KEYS[act.kind])


async def _consult(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    wish = {"target": playing.plan.far, "kind": "three_party", "consent": "agreed", "private": True}
    playing.keys += 1
    for _ in range(CONSULT_TRIES):
        if (leg := playing.ours) is None:
            return
        playing.is_private = await _at_desk(playing, leg, "handover", wish) == ACCEPTED
        if playing.is_private:
            return
        await asyncio.sleep(AGAIN_AFTER_S)


async def _join(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    if (leg := playing.ours) is not None and await _at_desk(playing, leg, "handover/join", {}) == ACCEPTED:
        playing.is_private = False


async def _hand_back(playing: Playing, _crowd: Crowd, act: Act) -> None:
    leg = playing.theirs
    if leg is not None:
        await _ask_for(playing, leg, playing.plan.origin, act)


async def _ask_for(playing: Playing, leg: Leg, target: str, act: Act) -> None:
    if act.way == "refer":
        await refer(leg, target if act.kind == "one_key" else f"*{target}")
        return
    if act.way == "desk":
        status = await _at_desk(playing, leg, "handover", {"target": target, "kind": act.kind, "consent": "agreed"})
        if 0 < status < 500:  # noqa: PLR2004 - the desk has answered, if only to refuse
            return
    await press_keys(playing, leg, KEYS[act.kind])


async def _cancel(playing: Playing, _crowd: Crowd, act: Act) -> None:
    leg = playing.ours
    if leg is None:
        return
    if act.way != "desk" or await _at_desk(playing, leg, "handover/cancel", {}) == 0:
        await press_keys(playing, leg, KEYS["cancel"])


async def _danger(playing: Playing, _crowd: Crowd, act: Act) -> None:
    leg = playing.ours
    if leg is None:
        return
    if act.way != "desk" or await _at_desk(playing, leg, "danger", {}) == 0:
        await press_keys(playing, leg, KEYS["danger"])


async def _stay(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    if (leg := playing.ours) is not None:
        await _at_desk(playing, leg, "handover/stay", {})


async def _leave(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    """At the desk; when that does not do it, he puts the receiver down."""
    if (leg := playing.ours) is not None:
        await _at_desk(playing, leg, "leave", {})
        await until(lambda: not leg.is_in, 1.0)
        await leave(playing, leg)


async def _own(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    legs = [leg for leg in (playing.ours, playing.theirs) if leg is not None]
    await asyncio.gather(*(_at_desk(playing, leg, "owner", {"decision": "accept"}) for leg in legs))


async def _fourth(playing: Playing, _crowd: Crowd, act: Act) -> None:
    if (leg := playing.ours) is not None:
        await _ask_for(playing, leg, FOURTH, Act(act.do, act.when, act.after_s, "desk", "three_party"))


async def _drop_target(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    await _drop(playing, playing.plan.far, lambda: playing.theirs)


async def _drop_fourth(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    await _drop(playing, FOURTH, lambda: playing.fourth)


async def _drop(playing: Playing, target: str, who: Callable[[], Leg | None]) -> None:
    await until(lambda: who() is not None, ANSWER_LIMIT_S)
    if (leg := playing.ours) is not None and who() is not None:
        await _at_desk(playing, leg, "drop", {"target": target})
        await until(lambda: who() is None, DROP_LIMIT_S)


async def _own_line(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    """He holds the caller and dials the target by his phone's second line."""
    if (leg := playing.ours) is None:
        return
    phone = leg.person.actor.handset
    playing.keys += 1
    playing.is_private = True
    with suppress(PhoneRefused):
        await phone.order("hold", call=leg.seen.name, on=True)
        seen = await dial(playing.stage, leg.person.actor, playing.plan.far)
        playing.lines.append(Leg(leg.person, seen, leg.phone))


async def _transfer(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    leg, line = playing.ours, playing.line
    if leg is None or line is None:
        return
    with suppress(PhoneRefused):
        await leg.person.actor.handset.order("refer", call=leg.seen.name, replaces=line.seen.name)
        await until(lambda: not leg.is_live, END_LIMIT_S)
    playing.is_private = False


async def _back_to_him(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    await leave(playing, playing.line)
    playing.is_private = False
    if (leg := playing.ours) is not None:
        with suppress(PhoneRefused):
            await leg.person.actor.handset.order("hold", call=leg.seen.name, on=False)


async def _caller_goes(playing: Playing, crowd: Crowd, _act: Act) -> None:
    assert playing.call is not None
    await _quietly(crowd.hang_up(playing.call))
    await until(lambda: not playing.caller_is_there, END_LIMIT_S)


async def _agent_goes(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    await leave(playing, playing.ours)


async def _target_goes(playing: Playing, _crowd: Crowd, _act: Act) -> None:
    await leave(playing, playing.theirs)


async def _at_desk(playing: Playing, leg: Leg, what: str, body: dict[str, object]) -> int:
    number, person = playing.plan.number, leg.person
    await until(lambda: person.call_id_of(number) is not None, POP_LIMIT_S)
    call_id = person.call_id_of(number)
    return 0 if call_id is None else await person.ask("POST", f"/calls/{call_id}/{what}", body)


async def _quietly(order: Awaitable[None]) -> None:
    with suppress(PhoneRefused):
        await order


ACTS: dict[Do, Callable[[Playing, Crowd, Act], Awaitable[None]]] = {
    Do.KEY: _key,
    Do.CANCEL: _cancel,
    Do.STAY: _stay,
    Do.LEAVE: _leave,
    Do.DANGER: _danger,
    Do.CONSULT: _consult,
    Do.JOIN: _join,
    Do.OWN: _own,
    Do.HAND_BACK: _hand_back,
    Do.FOURTH: _fourth,
    Do.DROP_TARGET: _drop_target,
    Do.DROP_FOURTH: _drop_fourth,
    Do.OWN_LINE: _own_line,
    Do.TRANSFER: _transfer,
    Do.BACK_TO_HIM: _back_to_him,
    Do.CALLER_GOES: _caller_goes,
    Do.AGENT_GOES: _agent_goes,
    Do.TARGET_GOES: _target_goes,
}
