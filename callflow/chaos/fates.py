"""A caller's fate by the phones alone, and whether anybody but people ended his call."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from callflow.chaos.seen import AgentLeg, CallerSeen, RunSeen
from softphone_sim.ears.listen import MUSIC
from softphone_sim.run.fates import EndedBy, LegSeen

S = 1_000_000_000
PBX = "asterisk"
GOODBYE_NS = 3 * S
"""A caller's leg ends within this time of the last partner's goodbye."""

TOGETHER_NS = S // 2
"""Ends of one talk this close together are one end: each phone has its own clock tick, each PBX its own hang-up."""

ALONE_NS = 9 * S
"""Nobody and no music: 5 s until a leg without audio ends, the agent's phone, his answer, on a busy machine."""

SILENCE_NS = 5 * S
"""A leg without audio ends after it; nothing else tells a platform that the PBX behind a standing leg was killed."""


class Fate(StrEnum):
    """What became of a caller."""

    NEVER_THROUGH = "never_through"
    HUNG_UP_IN_TALK = "hung_up_in_talk"
    HUNG_UP_WAITING = "hung_up_waiting"
    SAID_GOODBYE = "said_goodbye"
    CUT_WITH_HIS_PBX = "cut_with_his_pbx"
    CUT_BY_CARRIER = "cut_by_carrier"
    CUT = "cut"
    STILL_THERE = "still_there"


def fate_of(caller: CallerSeen, run: RunSeen) -> Fate:
    """By dialogs and packets alone."""
    leg = caller.leg
    if leg is None:
        return Fate.NEVER_THROUGH
    if caller.cut_by_pbx_ns is not None:
        return Fate.CUT_WITH_HIS_PBX
    if caller.cut_by_carrier_ns is not None and not _hung_up_first(leg):
        return Fate.SAID_GOODBYE if _had_goodbye(caller, leg, run) else Fate.CUT_BY_CARRIER
    return _ended(caller, run, leg)


def had_let_go(caller: CallerSeen) -> bool:
    """He had hung up himself before his PBX died: whether that PBX heard it, nobody can know."""
    let_go_ns = caller.leg.let_go_ns if caller.leg else None
    return let_go_ns is not None and caller.cut_by_pbx_ns is not None and let_go_ns < caller.cut_by_pbx_ns


def _hung_up_first(leg: LegSeen) -> bool:
    """His own BYE, which names no cause, was on its way when his carrier was to lose him."""
    return leg.answered_ns is not None and leg.let_go_ns is not None and not leg.let_go_cause


def _had_goodbye(caller: CallerSeen, leg: LegSeen, run: RunSeen) -> bool:
    """His last partner had said goodbye just before his carrier lost him: his PBX was ending the call anyway."""
    if leg.ended_ns is None or leg.answered_ns is None or not was_goodbye(caller, leg, run):
        return False
    last_ns = max(one.leg.ended_ns or 0 for one in caller.agents if _said_bye(one.leg, leg.ended_ns, run))
    return 0 <= leg.ended_ns - last_ns <= TOGETHER_NS


def _ended(caller: CallerSeen, run: RunSeen, leg: LegSeen) -> Fate:
    if leg.ended_ns is None:
        return Fate.STILL_THERE
    if leg.ended_by is EndedBy.SELF:
        talks = any(one.leg.is_up_at(leg.ended_ns - 1) for one in caller.agents)
        return Fate.HUNG_UP_IN_TALK if talks else Fate.HUNG_UP_WAITING
    if leg.answered_ns is None:
        return Fate.NEVER_THROUGH if _pbx_was_away(caller, run, leg) else Fate.CUT
    return Fate.SAID_GOODBYE if was_goodbye(caller, leg, run) else Fate.CUT


def was_goodbye(caller: CallerSeen, leg: LegSeen, run: RunSeen) -> bool:
    """The last who was with him hung up himself, and nobody else was with him or being rung for him.

    A phone whose PBX was killed meanwhile is with nobody, whatever it still shows: nothing can tell it.
    """
    assert leg.ended_ns is not None
    byes = [one for one in caller.agents if _said_bye(one.leg, leg.ended_ns, run)]
    if not byes:
        return False
    last_ns = max(one.leg.ended_ns or 0 for one in byes)
    others = [one for one in caller.agents if one not in byes and not _lost_its_pbx(one, run, last_ns)]
    with_him = any(one.leg.is_up_at(leg.ended_ns - TOGETHER_NS) and one.leg.is_up_at(last_ns) for one in others)
    rung = any(one.leg.rings_at(last_ns) for one in others)
    return not with_him and not rung


def _lost_its_pbx(one: AgentLeg, run: RunSeen, time_ns: int) -> bool:
    killed = [o for o in run.outages if o.site == one.site and o.part == PBX and not o.frozen]
    return any(one.leg.began_ns <= o.began_ns <= time_ns for o in killed)


def _said_bye(leg: LegSeen, ended_ns: int, run: RunSeen) -> bool:
    """He hung up himself, and the caller's leg ended soon after; a PBX that stood still meanwhile could not end it.

    Who has sent the caller on by his transfer key hangs up as well, and says no goodbye.
    """
    if leg.answered_ns is None or leg.ended_ns is None or leg.ended_by is not EndedBy.SELF or leg.has_transferred:
        return False
    return -TOGETHER_NS <= ended_ns - leg.ended_ns <= GOODBYE_NS + _frozen_ns(run, leg.ended_ns, ended_ns)


def _pbx_was_away(caller: CallerSeen, run: RunSeen, leg: LegSeen) -> bool:
    end_ns = leg.ended_ns or leg.began_ns
    return any(
        o.site == caller.origin and o.part == PBX and o.began_ns - S <= end_ns <= o.ended_ns + S for o in run.outages
    )


def alone(caller: CallerSeen, run: RunSeen) -> Iterator[tuple[int, float]]:
    """Every time in which he was on the line and heard neither a person nor music: when (ns), and seconds of it.

    While a PBX of his call is frozen nothing can be heard; that time is taken off.
    """
    leg = caller.leg
    if leg is None or leg.answered_ns is None or leg.ended_ns is None:
        return
    end_ns = min(leg.ended_ns, caller.cut_by_pbx_ns or leg.ended_ns)
    at_ns = leg.answered_ns
    for stretch in (*(s for s in leg.stretches if s.voices), None):
        until_ns = end_ns if stretch is None else min(stretch.start_ns, end_ns)
        hole_ns = until_ns - at_ns - _frozen_ns(run, at_ns, until_ns)
        if hole_ns > ALONE_NS:
            yield at_ns, hole_ns / S
        at_ns = max(at_ns, stretch.end_ns if stretch else at_ns)


def longest_music_ns(caller: CallerSeen) -> int:
    """For how long at most he heard nothing but music."""
    if caller.leg is None:
        return 0
    only_music = [s.end_ns - s.start_ns for s in caller.leg.stretches if s.voices == {MUSIC}]
    return max(only_music, default=0)


def _frozen_ns(run: RunSeen, start_ns: int, end_ns: int) -> int:
    outages = [o for o in run.outages if o.part == PBX and o.began_ns < end_ns and o.ended_ns > start_ns]
    return sum(min(o.ended_ns, end_ns) - max(o.began_ns, start_ns) for o in outages)


def _known_gone_ns(caller: CallerSeen, ringing: AgentLeg) -> int | None:
    """When the platform of this phone could know that he is gone.

    A killed PBX says nothing. A ring that it asked for ends with its connection; but who is rung because an agent who
    had him is gone is rung for a leg that stands, and that ends by its silence.
    """
    if caller.cut_by_pbx_ns is None:
        return caller.leg.ended_ns if caller.leg else None
    before = (one.leg for one in caller.agents if one.site == ringing.site and one.leg.answered_ns)
    is_recall = any(leg.ended_ns is not None and leg.ended_ns <= ringing.leg.began_ns for leg in before)
    return caller.cut_by_pbx_ns + (SILENCE_NS if is_recall else 0)


def ghost_rings(caller: CallerSeen, run: RunSeen) -> Iterator[tuple[AgentLeg, float]]:
    """Phones that rang on, or began to, for a caller who was gone; with the seconds of it. Danger is meant to.

    A PBX that is away cannot end a ring; that time is taken off.
    """
    if caller.danger or caller.leg is None:
        return
    for one in caller.agents:
        gone_ns = _known_gone_ns(caller, one)
        if gone_ns is None:
            return
        stopped_ns = one.leg.answered_ns or one.leg.ended_ns
        if stopped_ns is None or stopped_ns > gone_ns:
            start_ns, end_ns = max(gone_ns, one.leg.began_ns), stopped_ns or gone_ns
            yield one, (end_ns - start_ns - _frozen_ns(run, start_ns, end_ns)) / S
