"""THE machine: what every event means in every phase of a call.

Rules of this file
1. Everything that can change a call's phase is a row of `TABLE`; the rules that rows name are in legs.py, endings.py,
   attempts.py, matter.py, ownership.py, danger.py, recordings.py and time_is_up.py and are reached by no other way.
2. Every phase has a row for every event. `nothing` is a row: the event is late, contradictory or not for here,
   and the call is not harmed by it. No event ever raises.
3. A row says where it may lead (`to`); it may always also stay. The picture in docs/handover.md is made from it.
4. The phase is who hears whom. The dialplan has moved the legs already; this machine follows, records, and orders
   only what the dialplan cannot know.
5. A repeated event changes nothing. No order here can hang up the caller: no such order exists.
6. No I/O, no clock: `event.at` is when it happened, `now` is when it is decided.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from callflow.domain import attempts, danger, endings, legs, listening, matter, ownership, recordings
from callflow.domain.calls import Call
from callflow.domain.draft import Decision, Draft, Rule
from callflow.domain.events import (
    AgentAnswered,
    AgentOffered,
    AttemptFailed,
    CallerArrived,
    CallerEnded,
    CallerRecalled,
    CallerReturned,
    CallerWaiting,
    CancelRequested,
    ConsentRecorded,
    ConsultStarted,
    DangerRaised,
    DeadlinePassed,
    Disposed,
    DropRequested,
    Event,
    HandoverRequested,
    JoinRequested,
    KeyPressed,
    LanguageSaid,
    LeaveRequested,
    LegLeft,
    ListenerCame,
    ListenerLeft,
    NoteWritten,
    NuisanceMarked,
    NumberRefused,
    OwnerDecided,
    PeerDanger,
    PeerNoteWritten,
    PeerOwnerDecided,
    PeerOwnerSettled,
    PeerTicketOpened,
    RecordingBegun,
    RecordingEnded,
    StayRequested,
    TargetInvited,
    TargetJoined,
    TargetRinging,
)
from callflow.domain.names import Phase
from callflow.domain.rules import SiteRules
from callflow.domain.time_is_up import time_ran_out

QUEUED, TALKING, INVITING, CONSULTING = Phase.QUEUED, Phase.TALKING, Phase.INVITING, Phase.CONSULTING
THREE_WAY, WAITING, HANDED_OVER = Phase.THREE_WAY, Phase.WAITING, Phase.HANDED_OVER
RECALLING, AGENTS_ONLY = Phase.RECALLING, Phase.AGENTS_ONLY
ENDED, ABANDONED, CALL_BACK = Phase.ENDED, Phase.ABANDONED, Phase.CALL_BACK


class Row(NamedTuple):
    """One consequence and the phases it may lead to; staying is always possible."""

    rule: Rule
    to: tuple[Phase, ...] = ()


# ---- rules that belong to no other file


def nothing(_draft: Draft, _event: Event, _rules: SiteRules) -> None:
    """Nothing: late, contradictory, or not for this phase."""


# ---- the table

ALWAYS: dict[type[Event], Row] = {
    CallerArrived: Row(nothing),
    NoteWritten: Row(matter.note_written),
    NuisanceMarked: Row(matter.nuisance_marked),
    Disposed: Row(matter.disposed),
    LanguageSaid: Row(matter.language_said),
    ConsentRecorded: Row(attempts.consent_recorded),
    OwnerDecided: Row(ownership.owner_decided),
    PeerOwnerDecided: Row(ownership.peer_owner_decided),
    PeerOwnerSettled: Row(ownership.peer_owner_settled),
    PeerTicketOpened: Row(matter.peer_ticket_opened),
    PeerDanger: Row(danger.peer_danger),
    PeerNoteWritten: Row(matter.peer_note_written),
    ListenerCame: Row(listening.came),
    ListenerLeft: Row(listening.left),
    RecordingBegun: Row(recordings.begun),
    RecordingEnded: Row(recordings.ended),
}
"""Facts about the matter, not about the legs: welcome in every phase, also after the end."""

WHILE_LIVE: dict[type[Event], Row] = {
    **ALWAYS,
    AgentOffered: Row(legs.agent_offered),
    AgentAnswered: Row(legs.agent_answered),
    CallerWaiting: Row(legs.caller_waiting, (WAITING,)),
    CallerRecalled: Row(legs.caller_recalled, (RECALLING,)),
    CallerReturned: Row(legs.caller_returned),
    LegLeft: Row(attempts.leg_left),
    CallerEnded: Row(endings.caller_ended, (ENDED, CALL_BACK)),
    KeyPressed: Row(danger.key_pressed),
    TargetInvited: Row(attempts.target_invited),
    TargetRinging: Row(attempts.target_ringing),
    NumberRefused: Row(attempts.number_refused),
    ConsultStarted: Row(attempts.consult_started),
    TargetJoined: Row(attempts.target_joined),
    AttemptFailed: Row(attempts.attempt_failed),
    HandoverRequested: Row(attempts.handover_requested),
    CancelRequested: Row(attempts.cancel_requested),
    DropRequested: Row(attempts.drop_requested),
    JoinRequested: Row(nothing),
    StayRequested: Row(attempts.stay_requested),
    LeaveRequested: Row(attempts.leave_requested),
    DangerRaised: Row(danger.danger_raised),
    DeadlinePassed: Row(time_ran_out),
}
"""What holds while the caller's leg lives; each phase below says where it differs."""

NOBODY_ANSWERED: dict[type[Event], Row] = {
    HandoverRequested: Row(nothing),
    CancelRequested: Row(nothing),
    DropRequested: Row(nothing),
    StayRequested: Row(nothing),
    LeaveRequested: Row(nothing),
    ConsultStarted: Row(nothing),
}
"""Where no agent of ours is in the talk, no desk has anything to ask."""

OUR_AGENT_IS_IN: dict[type[Event], Row] = {**WHILE_LIVE, AgentOffered: Row(nothing), LeaveRequested: Row(nothing)}
"""Nobody is offered to a caller who has an agent, and that agent does not leave while there is nobody else."""

NO_ATTEMPT_LIVES: dict[type[Event], Row] = {
    event: Row(nothing)
    for event in (
        TargetRinging,
        NumberRefused,
        ConsultStarted,
        TargetJoined,
        AttemptFailed,
        CancelRequested,
        DropRequested,
        StayRequested,
    )
}
"""Where nobody is being rung and no target is in, nothing can be heard of one or asked about one."""

AFTER_THE_END: dict[type[Event], Row] = {
    **{event: Row(nothing) for event in WHILE_LIVE},
    **ALWAYS,
    DangerRaised: Row(danger.danger_raised_late),
    DeadlinePassed: Row(time_ran_out),
}
"""Nothing is live: only the matter itself is still open."""

TABLE: dict[Phase, dict[type[Event], Row]] = {
    QUEUED: {
        **WHILE_LIVE,
        **NOBODY_ANSWERED,
        CallerWaiting: Row(nothing),
        NuisanceMarked: Row(nothing),
        Disposed: Row(nothing),
        LanguageSaid: Row(nothing),
        AgentAnswered: Row(legs.agent_answered, (TALKING, INVITING)),
        TargetJoined: Row(attempts.target_joined, (HANDED_OVER,)),
        CallerEnded: Row(endings.caller_ended, (ABANDONED, CALL_BACK)),
    },
    TALKING: {
        **OUR_AGENT_IS_IN,
        **NO_ATTEMPT_LIVES,
        AgentOffered: Row(legs.agent_offered),
        LegLeft: Row(attempts.leg_left, (RECALLING,)),
        TargetInvited: Row(attempts.target_invited, (INVITING, WAITING)),
        HandoverRequested: Row(attempts.handover_requested, (INVITING,)),
        DangerRaised: Row(danger.danger_raised, (INVITING, WAITING)),
        DeadlinePassed: Row(time_ran_out, (RECALLING,)),
    },
    INVITING: {
        **OUR_AGENT_IS_IN,
        DropRequested: Row(nothing),
        LegLeft: Row(attempts.leg_left, (TALKING, WAITING)),
        CallerEnded: Row(endings.caller_ended, (ENDED, CALL_BACK, AGENTS_ONLY)),
        ConsultStarted: Row(attempts.consult_started, (CONSULTING,)),
        TargetJoined: Row(attempts.target_joined, (THREE_WAY,)),
        AttemptFailed: Row(attempts.attempt_failed, (TALKING,)),
        DeadlinePassed: Row(time_ran_out, (TALKING,)),
    },
    CONSULTING: {
        **OUR_AGENT_IS_IN,
        ConsultStarted: Row(nothing),
        HandoverRequested: Row(nothing),
        JoinRequested: Row(attempts.join_requested),
        LegLeft: Row(attempts.leg_left, (WAITING, TALKING, INVITING)),
        CallerEnded: Row(endings.caller_ended, (AGENTS_ONLY,)),
        TargetInvited: Row(attempts.target_invited, (INVITING,)),
        TargetJoined: Row(attempts.target_joined, (THREE_WAY,)),
        AttemptFailed: Row(attempts.attempt_failed, (TALKING, INVITING)),
    },
    THREE_WAY: {
        **OUR_AGENT_IS_IN,
        LeaveRequested: Row(attempts.leave_requested),
        LegLeft: Row(attempts.leg_left, (HANDED_OVER, TALKING, INVITING, CONSULTING)),
        CallerEnded: Row(endings.caller_ended, (ENDED, CALL_BACK, AGENTS_ONLY)),
        TargetInvited: Row(attempts.target_invited, (INVITING,)),
    },
    WAITING: {
        **WHILE_LIVE,
        **NOBODY_ANSWERED,
        CallerWaiting: Row(nothing),
        LegLeft: Row(attempts.leg_left, (RECALLING,)),
        AgentAnswered: Row(legs.agent_answered, (TALKING, INVITING, CONSULTING)),
        CallerEnded: Row(endings.caller_ended, (ABANDONED, ENDED, CALL_BACK)),
        TargetJoined: Row(attempts.target_joined, (HANDED_OVER,)),
        AttemptFailed: Row(attempts.attempt_failed, (RECALLING,)),
        DeadlinePassed: Row(time_ran_out, (RECALLING,)),
    },
    HANDED_OVER: {
        **WHILE_LIVE,
        **NOBODY_ANSWERED,
        AgentAnswered: Row(legs.agent_answered, (TALKING, THREE_WAY)),
        LegLeft: Row(attempts.leg_left, (WAITING, RECALLING)),
        TargetInvited: Row(attempts.target_invited, (WAITING,)),
        DangerRaised: Row(danger.danger_raised, (WAITING,)),
        DeadlinePassed: Row(time_ran_out, (RECALLING,)),
    },
    RECALLING: {
        **WHILE_LIVE,
        **NOBODY_ANSWERED,
        CallerWaiting: Row(nothing),
        AgentAnswered: Row(legs.agent_answered, (TALKING, INVITING, CONSULTING)),
        CallerEnded: Row(endings.caller_ended, (ABANDONED, ENDED, CALL_BACK)),
        TargetJoined: Row(attempts.target_joined, (HANDED_OVER,)),
    },
    AGENTS_ONLY: {
        **AFTER_THE_END,
        LegLeft: Row(endings.agents_left, (ENDED, CALL_BACK)),
        DangerRaised: Row(danger.raised_among_agents),
        KeyPressed: Row(danger.key_among_agents),
        TargetInvited: Row(attempts.target_invited),
        TargetRinging: Row(attempts.target_ringing),
        TargetJoined: Row(attempts.target_joined),
        AttemptFailed: Row(attempts.attempt_failed, (ENDED, CALL_BACK)),
        CancelRequested: Row(attempts.cancel_requested),
        DropRequested: Row(attempts.drop_requested),
        LeaveRequested: Row(attempts.leave_requested),
        DeadlinePassed: Row(time_ran_out, (ENDED, CALL_BACK)),
    },
    ENDED: AFTER_THE_END,
    ABANDONED: AFTER_THE_END,
    CALL_BACK: AFTER_THE_END,
}

# ---- the engine


def decide(call: Call | None, event: Event, now: float, rules: SiteRules) -> Decision:
    """What this event makes of this call. Pure, total, and harmless to repeat.

    `now` caps `event.at`: a neighbour's clock that runs ahead must not push our deadlines out. An event about a
    call that never arrived here changes nothing.
    """
    if event.at > now:
        event = replace(event, at=now)
    if call is None:
        return legs.arrived(event, rules).decision() if isinstance(event, CallerArrived) else Decision(None)
    draft = Draft(call)
    TABLE[call.phase][type(event)].rule(draft, event, rules)
    return draft.decision()
