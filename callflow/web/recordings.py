"""Recordings: which there are of a call, and hearing one. Whoever hears one says why, and both are audited first."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, get_args

from aiohttp import web

from callflow.domain.names import Recorded, RecordingId
from callflow.web.calls import CALL_PATH, CALL_REFUSED, seen_call
from callflow.web.errors import Problem
from callflow.web.routes import READERS, Route, Visit, answer
from callflow.web.schemas import ULID, View
from callflow.web.views import may_see

if TYPE_CHECKING:
    from callflow.service.recordings import KeptRecording, Tape

WAV = "audio/wav"
REASON_HEADER = "Access-Reason"
Reason = Literal["write-up", "quality", "complaint", "evidence"]
"""Why somebody hears a recording: to write his own call up, to judge the service, for a complaint, for the police."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RecordingView(View):
    """One recording. `ended_at` null: it is being written, or the PBX was killed. `length_s` null: it is not there."""

    recording_id: str
    call_id: str
    incident_id: str
    ticket_ids: list[str]
    kind: Recorded
    begun_at: float
    ended_at: float | None
    deleted_at: float | None
    length_s: float | None


class RecordingList(View):
    """The recordings of a call, oldest first."""

    recordings: list[RecordingView]


async def list_recordings(visit: Visit, _ask: None) -> web.Response:
    """What was recorded of a call, those included whose time is over."""
    call = await seen_call(visit)
    found = await visit.deps.recordings.of_call(call.call_id)
    return answer(RecordingList(recordings=[await _view(visit, one) for one in found]))


async def hear(visit: Visit, _ask: None) -> web.StreamResponse:
    """One recording, whole or the part that `Range` names."""
    recording = await _recording(visit)
    tape = await _tape(visit, recording)
    if tape is None:
        raise Problem("recording-gone")
    reason = visit.request.headers.get(REASON_HEADER, "")
    if reason not in get_args(Reason):
        raise Problem("access-reason-missing")
    first, last, is_part = _part(visit.request.headers.get("Range"), tape.size)
    await visit.deps.recordings.heard(
        recording, by=visit.who.agent_id, role=str(visit.who.role), reason=reason, at=visit.now
    )
    response = web.StreamResponse(status=HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK)
    response.content_type, response.content_length = WAV, last - first + 1
    response.headers["Accept-Ranges"] = "bytes"
    if is_part:
        response.headers["Content-Range"] = f"bytes {first}-{last}/{tape.size}"
    await response.prepare(visit.request)
    pieces = tape.read(first, last)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        await response.write(piece)
    await response.write_eof()
    return response


async def _recording(visit: Visit) -> KeptRecording:
    recording_id = visit.part("recording_id")
    if not ULID.fullmatch(recording_id):
        raise Problem("recording-not-found")
    recording = await visit.deps.recordings.recording(RecordingId(recording_id))
    call = None if recording is None else await visit.deps.facts.call(recording.call_id)
    if recording is None or call is None:
        raise Problem("recording-not-found")
    if not may_see(call, visit.who):
        raise Problem("not-your-call")
    return recording


async def _tape(visit: Visit, one: KeptRecording) -> Tape | None:
    return None if one.deleted_at else await asyncio.to_thread(visit.deps.tapes.tape, one.recording_id, one.most_s)


def _part(asked: str | None, size: int) -> tuple[int, int, bool]:
    """First and last byte of one range, and whether a range was asked for (RFC 9110 §14.1.2)."""
    found = _RANGE.fullmatch(asked or "")
    if found is None or found[1] == found[2] == "":
        return 0, size - 1, False  # what is no single byte range is ignored
    if found[1] == "":
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    if first > last:
        raise Problem("range-not-there")
    return first, last, True


async def _view(visit: Visit, one: KeptRecording) -> RecordingView:
    tape = await _tape(visit, one)
    return RecordingView(
        recording_id=one.recording_id,
        call_id=one.call_id,
        incident_id=one.incident_id,
        ticket_ids=list(one.ticket_ids),
        kind=one.kind,
        begun_at=one.begun_at,
        ended_at=one.ended_at,
        deleted_at=one.deleted_at,
        length_s=None if tape is None else tape.length_s,
    )


ROUTES = (
    Route(
        "GET",
        f"{CALL_PATH}/recordings",
        list_recordings,
        "The recordings of a call.",
        roles=READERS,
        answers={200: RecordingList},
        refuses=CALL_REFUSED,
    ),
    Route(
        "GET",
        "/api/v1/recordings/{recording_id}",
        hear,
        "One recording as WAV, whole or a Range; Access-Reason is one of " + ", ".join(get_args(Reason)) + ".",
        roles=READERS,
        answers={200: WAV, 206: WAV},
        refuses=(
            "recording-not-found",
            "recording-gone",
            "not-your-call",
            "access-reason-missing",
            "range-not-there",
            "facts-away",
        ),
        headers=(REASON_HEADER, "Range"),
    ),
)
