"""Recordings at the desk: listed with the call, heard only by those who may, and never without a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ulid import ULID

from callflow.adapters.recordings import HEADER_BYTES, wav_header
from callflow.domain.names import CallId, Recorded, RecordingId, TicketId
from callflow.service.recordings import KeptRecording

if TYPE_CHECKING:
    from callflow.domain.names import AgentId
    from tests.contract.web.desk import Desk
    from tests.contract.web.house import House

SOUND = bytes(range(256)) * 100
WHY = {"Access-Reason": "complaint"}


@pytest.fixture
async def call_id(house: House) -> CallId:
    """A call of the first agent that is over and was recorded."""
    made = await house.caller_talks_with(house.agent)
    recording_id = RecordingId(str(ULID()))
    house.record(recording_id, SOUND)
    incident_id = house.facts.calls[made].incident_id
    ids = (TicketId("GD20261122000001"), TicketId("JD20261122000001"))
    house.recordings.kept[recording_id] = KeptRecording(
        recording_id, made, incident_id, Recorded.CALL, house.now, house.now + 3.2, None, ids
    )
    await house.caller_hangs_up(made)
    return made


def recording_of(house: House) -> RecordingId:
    return next(iter(house.recordings.kept))


async def hear(desk: Desk, recording_id: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    async with desk.http.get(f"{desk.url}/api/v1/recordings/{recording_id}", headers=headers) as response:
        return response.status, dict(response.headers), await response.read()


async def test_the_list_ties_each_recording_to_call_incident_and_tickets(house: House, call_id: CallId) -> None:
    desk = await house.desk(house.agent)

    status, body = await desk.get(f"/api/v1/calls/{call_id}/recordings")

    assert status == 200
    (one,) = body["recordings"]
    assert (one["recording_id"], one["call_id"], one["kind"]) == (recording_of(house), call_id, "call")
    assert one["incident_id"] == house.facts.calls[call_id].incident_id
    assert one["ticket_ids"] == ["GD20261122000001", "JD20261122000001"]
    assert one["length_s"] == len(SOUND) / 8000


async def test_a_recording_is_heard_as_a_whole_wav_file(house: House, call_id: CallId) -> None:
    assert call_id
    desk = await house.desk(house.agent)

    status, headers, body = await hear(desk, recording_of(house), **{"Access-Reason": "write-up"})

    assert (status, headers["Content-Type"], headers["Accept-Ranges"]) == (200, "audio/wav", "bytes")
    assert body[HEADER_BYTES:] == SOUND
    assert body[:HEADER_BYTES] == wav_header(len(SOUND))


PARTS = [
    ("bytes=0-9", slice(0, 10)),
    ("bytes=50-99", slice(50, 100)),
    ("bytes=25000-", slice(25000, None)),
    ("bytes=-100", slice(-100, None)),
    ("bytes=10-999999999", slice(10, None)),
]


@pytest.mark.parametrize(("asked", "expected"), PARTS)
async def test_a_range_is_that_part_of_the_same_file(
    house: House, call_id: CallId, asked: str, expected: slice
) -> None:
    assert call_id
    desk = await house.desk(house.supervisor)
    _, _, whole = await hear(desk, recording_of(house), **WHY)

    status, headers, body = await hear(desk, recording_of(house), Range=asked, **WHY)

    assert status == 206
    assert body == whole[expected]
    first = range(len(whole))[expected][0]
    assert headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"


async def test_a_range_behind_the_end_is_refused_and_nonsense_is_ignored(house: House, call_id: CallId) -> None:
    assert call_id
    desk = await house.desk(house.supervisor)

    behind = await hear(desk, recording_of(house), Range="bytes=99999999-", **WHY)
    nonsense = await hear(desk, recording_of(house), Range="lines=1-2", **WHY)

    assert (behind[0], b'"range-not-there"' in behind[2]) == (416, True)
    assert (nonsense[0], len(nonsense[2])) == (200, len(SOUND) + HEADER_BYTES)


@pytest.mark.covers("R-065")
async def test_colleagues_and_the_administrator_may_not_hear_it_and_nothing_is_audited(
    house: House, call_id: CallId
) -> None:
    seen: list[tuple[int, Any]] = []
    for who in (house.colleague, house.administrator):
        desk = await house.desk(who)
        seen.append(await desk.get(f"/api/v1/recordings/{recording_of(house)}", **WHY))
        seen.append(await desk.get(f"/api/v1/calls/{call_id}/recordings"))

    assert [(status, body["code"]) for status, body in seen] == [
        *[(403, "not-your-call")] * 2,
        *[(403, "role-not-allowed")] * 2,
    ]
    assert house.recordings.audited == []


@pytest.mark.covers("R-065")
async def test_everybody_who_hears_it_is_audited_with_his_reason(house: House, call_id: CallId) -> None:
    assert call_id
    listeners: list[tuple[AgentId, str, str]] = [
        (house.agent, "agent", "write-up"),
        (house.supervisor, "supervisor", "quality"),
        (house.auditor, "auditor", "evidence"),
    ]
    for who, _, reason in listeners:
        status, _, _ = await hear(await house.desk(who), recording_of(house), **{"Access-Reason": reason})
        assert status == 200

    assert house.recordings.audited == [(recording_of(house), who, role, reason) for who, role, reason in listeners]


@pytest.mark.parametrize("headers", [{}, {"Access-Reason": ""}, {"Access-Reason": "curious"}])
async def test_without_a_reason_nobody_hears_anything(house: House, call_id: CallId, headers: dict[str, str]) -> None:
    assert call_id
    desk = await house.desk(house.auditor)

    status, body = await desk.get(f"/api/v1/recordings/{recording_of(house)}", **headers)

    assert (status, body["code"]) == (422, "access-reason-missing")
    assert house.recordings.audited == []


async def test_a_recording_whose_time_is_over_is_named_as_gone(house: House, call_id: CallId) -> None:
    desk = await house.desk(house.auditor)
    await house.recordings.deleted([recording_of(house)], house.now)

    gone = await desk.get(f"/api/v1/recordings/{recording_of(house)}", **WHY)
    listed = await desk.get(f"/api/v1/calls/{call_id}/recordings")

    assert (gone[0], gone[1]["code"]) == (410, "recording-gone")
    assert [(one["deleted_at"], one["length_s"]) for one in listed[1]["recordings"]] == [(house.now, None)]


@pytest.mark.parametrize("recording_id", [str(ULID()), "x", "..%2f..%2fetc%2fpasswd"])
async def test_an_unknown_recording_is_not_found(house: House, call_id: CallId, recording_id: str) -> None:
    assert call_id
    desk = await house.desk(house.auditor)

    status, body = await desk.get(f"/api/v1/recordings/{recording_id}", **WHY)

    assert (status, body["code"]) == (404, "recording-not-found")
