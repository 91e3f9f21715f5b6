"""Walks every state that a call can reach, breadth first, and checks the laws at every step.

States that differ only in moments count as one, so the walk ends. It starts from a few histories, each the way
into another corner, and throws every kind of event and every due clock at whatever it meets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from callflow.domain.calls import Attempt, Call
from callflow.domain.clocks import next_deadline
from callflow.domain.draft import Decision
from callflow.domain.events import DeadlinePassed, Event, ListenerCame, RecordingBegun
from callflow.domain.names import Phase, Recorded, Way
from callflow.domain.rules import SiteRules
from tests.unit.domain.laws import decide_lawfully, play
from tests.unit.domain.made_up import CALL, EAR, SUPERVISOR, TAPE, one_of_each

STEP_S = 0.25

Transition = tuple[Phase, type[Event], Phase]


@dataclass
class Seen:
    """What a walk has met."""

    transitions: set[Transition] = field(default_factory=set)
    effects: set[tuple[Phase, type[Event]]] = field(default_factory=set)
    """In which phase which kind of event changed anything at all."""
    states: int = 0


def walk(histories: Sequence[list[Event]], rules: SiteRules, depth: int) -> Seen:
    """Everything that happens within `depth` steps of the histories."""
    shapes: set[Call] = set()
    seen = Seen()
    ahead: deque[tuple[Call, float, int]] = deque()
    for history in histories:
        tape = RecordingBegun(CALL, history[0].at, TAPE, Recorded.CALL)  # there to be ended, whatever the phase
        ear = ListenerCame(CALL, history[0].at, SUPERVISOR, EAR, shown=True)  # there to leave
        call = play([history[0], tape, ear, *history[1:]], rules)
        if _shape(call) not in shapes:
            shapes.add(_shape(call))
            ahead.append((call, history[-1].at, 0))
    while ahead:
        call, at, steps = ahead.popleft()
        for event in what_may_come(call, at + STEP_S, rules):
            decision = decide_lawfully(call, event, rules)
            after = decision.call
            assert after is not None
            seen.transitions.add((call.phase, type(event), after.phase))
            if decision != Decision(call):
                seen.effects.add((call.phase, type(event)))
            shape = _shape(after)
            if shape not in shapes:
                shapes.add(shape)
                if steps + 1 < depth:
                    ahead.append((after, event.at, steps + 1))
    seen.states = len(shapes)
    return seen


def what_may_come(call: Call, at: float, rules: SiteRules) -> list[Event]:
    """One of each kind of event, and the next clock when it is due."""
    deadline = next_deadline(call, rules)
    due = [DeadlinePassed(CALL, max(at, deadline[0]), deadline[1])] if deadline else []
    return [*one_of_each(at), *due]


def _shape(call: Call) -> Call:
    """The call without its moments and without what no rule looks at."""
    agent = call.agent
    return replace(
        call,
        phase_since=0.0,
        arrived_at=0.0,
        end_cause=0,
        note="",
        ended_at=_no_moment(call.ended_at),
        alone_since=_no_moment(call.alone_since),
        recordings=(),
        agent=replace(agent, answered_at=_no_moment(agent.answered_at)) if agent else None,
        attempts=tuple(_attempt_shape(a) for a in call.attempts),
    )


def _attempt_shape(attempt: Attempt) -> Attempt:
    return replace(
        attempt,
        started_at=0.0,
        invited_at=None,
        ringing_at=None,
        joined_at=_no_moment(attempt.joined_at),
        ended_at=_no_moment(attempt.ended_at),
        returned_at=_no_moment(attempt.returned_at),
        consulting_at=_no_moment(attempt.consulting_at),
        fetch_at=_no_moment(attempt.fetch_at),
        sip_code=0,
        cause=0,
        retried=False,
        way=Way.DESK,
        channel=None,
        requested_by=None,
    )


def _no_moment(at: float | None) -> float | None:
    return None if at is None else 0.0
