"""After a cut: what we believe, held against what Asterisk has now.

The differences become ordinary events and go through the ordinary door. The journal is read to its end first, so
that only what no journal line tells, such as a killed Asterisk, is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from callflow.domain.calls import Attempt, Call
from callflow.domain.commands import (
    CancelAttempt,
    FetchCaller,
    InviteTarget,
    KeepAgent,
    Order,
    PopScreen,
    RecallAgent,
    ReportDanger,
    TellAgent,
)
from callflow.domain.events import AttemptFailed, CallerEnded, Event, LegLeft, TargetRinging
from callflow.domain.names import ChannelName, Outcome, Phase, Role
from callflow.service.ports import LiveChannel, StoredOrder

UNKNOWN_CAUSE = 0
"""A leg that vanished without a line: nobody said why. Not 16, so nobody hung up."""


def differences(calls: Sequence[Call], channels: Sequence[LiveChannel], listed_at: float) -> Iterator[Event]:
    """Legs that we believe in and Asterisk does not have, and targets that ring. `listed_at`: when it was listed.

    What began after the listing is left alone. A name counts only with its own call, since a restarted Asterisk
    uses names again.
    """
    for call in calls:
        if call.arrived_at >= listed_at:
            continue
        lives = _alive(call, channels)
        rings = {c.name for c in channels if c.call_id == call.call_id and c.state == "Ringing"}.__contains__
        if call.phase is not Phase.AGENTS_ONLY and not lives(call.caller.channel):
            yield CallerEnded(call.call_id, listed_at, UNKNOWN_CAUSE, by_fault=True)
        agent = call.agent
        if agent is not None and (agent.answered_at or 0.0) < listed_at and not lives(agent.channel):
            yield LegLeft(call.call_id, listed_at, Role.AGENT, agent.channel, UNKNOWN_CAUSE)
        for attempt in call.attempts:
            if attempt.channel is not None and attempt.is_live and not lives(attempt.channel):
                yield from _target_gone(call, attempt, attempt.channel, listed_at)
            elif attempt.is_ringing and attempt.ringing_at is None and rings(attempt.channel):
                yield TargetRinging(call.call_id, listed_at, attempt.attempt_id)


def _target_gone(call: Call, attempt: Attempt, channel: ChannelName, listed_at: float) -> Iterator[Event]:
    if (attempt.invited_at or attempt.started_at) >= listed_at:
        return
    if attempt.joined_at is None:
        yield AttemptFailed(
            call.call_id, listed_at, attempt.attempt_id, Outcome.UNREACHABLE, sip_code=0, cause=UNKNOWN_CAUSE
        )
    elif attempt.joined_at < listed_at:
        yield LegLeft(call.call_id, listed_at, Role.TARGET, channel, UNKNOWN_CAUSE, attempt.attempt_id)


def _alive(call: Call, channels: Sequence[LiveChannel]) -> Callable[[ChannelName], bool]:
    names = {channel.name for channel in channels if channel.call_id in (None, call.call_id)}
    return names.__contains__


# ---- orders that were left open

REDO_WITHIN_S: dict[type[Order], float] = {
    ReportDanger: 60.0,
    InviteTarget: 10.0,
    CancelAttempt: 10.0,
    FetchCaller: 10.0,
    KeepAgent: 10.0,
    RecallAgent: 30.0,
    PopScreen: 30.0,
    TellAgent: 30.0,
}
"""How old an order may be and still be what somebody wants. Who is not named here (releasing our agent) is never
asked twice: after a cut, leaving is the agent's own doing."""


def why_not(stored: StoredOrder, call: Call | None, now: float) -> str | None:
    """Why an order left open is not carried out now; None when it still is wanted."""
    order = stored.order
    if call is None or call.is_over:
        return "its call is over"
    if now - stored.stored_at > REDO_WITHIN_S.get(type(order), 0.0):
        return "too old"
    if isinstance(order, InviteTarget | ReportDanger | CancelAttempt):
        attempt = call.attempt(order.attempt_id)
        if attempt is None or not attempt.is_live:
            return "its attempt is over"
        if not isinstance(order, CancelAttempt) and attempt.channel is not None:
            return "it has been carried out"
    return None
