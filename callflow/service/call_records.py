"""A call as both platforms trace it: the record that crosses, and the moments that it tells (R-044)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from callflow.service.message_parts import AttemptRecord, RecordingRecord
from callflow.service.messages import CallRecord

if TYPE_CHECKING:
    from callflow.domain.calls import Call

MOST = 50


@dataclass(frozen=True, slots=True)
class Told:
    """One moment of a call: what happened, at epoch seconds, through whom as far as it is known."""

    at: float
    what: str
    who: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def record_of(call: Call) -> CallRecord:
    """What the other platform may know of a call of ours: no number, no note, no name."""
    answered = None if call.agent is None else call.agent.answered_at
    return CallRecord(
        call_id=call.call_id,
        phase=call.phase,
        arrived_at=call.arrived_at,
        answered_at=answered,
        ended_at=call.ended_at,
        end_cause=call.end_cause,
        agents=tuple(call.agents[-MOST:]),
        attempts=tuple(
            AttemptRecord(
                attempt_id=one.attempt_id,
                target=one.target,
                kind=one.kind,
                outcome=one.outcome,
                sip_code=one.sip_code,
                cause=one.cause,
                started_at=one.started_at,
                ringing_at=one.ringing_at,
                consulting_at=one.consulting_at,
                joined_at=one.joined_at,
                ended_at=one.ended_at,
            )
            for one in call.attempts[-MOST:]
        ),
        recordings=tuple(
            RecordingRecord(recording_id=one.recording_id, begun_at=one.begun_at, ended_at=one.ended_at)
            for one in call.recordings[-MOST:]
        ),
    )


def moments(record: CallRecord) -> list[Told]:
    """Everything that the record tells, oldest first."""
    return sorted(_told(record), key=lambda told: told.at)


def _told(record: CallRecord) -> Iterator[Told]:
    yield Told(record.arrived_at, "call.arrived")
    if record.answered_at is not None:
        yield Told(record.answered_at, "call.answered", " ".join(record.agents))
    for attempt in record.attempts:
        yield from _of_attempt(attempt)
    for recording in record.recordings:
        which = {"recording_id": recording.recording_id}
        yield Told(recording.begun_at, "recording.begun", detail=which)
        if recording.ended_at is not None:
            yield Told(recording.ended_at, "recording.ended", detail=which)
    if record.ended_at is not None:
        yield Told(record.ended_at, "call.ended", detail={"phase": record.phase, "cause": record.end_cause})


def _of_attempt(attempt: AttemptRecord) -> Iterator[Told]:
    which = {"attempt_id": attempt.attempt_id, "target": attempt.target, "kind": attempt.kind}
    over = which | {"outcome": attempt.outcome, "sip_code": attempt.sip_code, "cause": attempt.cause}
    happened = (
        (attempt.started_at, "leg.invited", which),
        (attempt.ringing_at, "leg.ringing", which),
        (attempt.consulting_at, "leg.consulting", which),
        (attempt.joined_at, "leg.joined", which),
        (attempt.ended_at, "leg.ended", over),
    )
    yield from (Told(at, what, detail=detail) for at, what, detail in happened if at is not None)
