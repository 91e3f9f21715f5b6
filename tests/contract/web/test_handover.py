"""The one key over HTTP: every code of architecture §6, and what a repeated key means."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from ulid import ULID

from callflow.domain.commands import InviteTarget
from callflow.domain.names import TargetCode
from callflow.web.actions import HANDOVER_WINDOW_S, HANDOVERS_PER_SEAT

if TYPE_CHECKING:
    from tests.contract.web.house import House

AGREED = {"target": "110", "kind": "one_key", "consent": "agreed", "note": "有人打架"}


def handover(call_id: str) -> str:
    return f"/api/v1/calls/{call_id}/handover"


@pytest.mark.covers("R-003")
async def test_one_key_with_consent_is_accepted_with_the_attempt(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, attempt = await desk.post(handover(call_id), AGREED)

    assert status == 202
    assert attempt["call_id"] == call_id
    assert (attempt["target"], attempt["kind"], attempt["consent"]) == ("110", "one_key", "agreed")
    assert attempt["outcome"] is None
    assert house.facts.calls[call_id].attempts[0].attempt_id == attempt["attempt_id"]
    assert ULID.from_str(attempt["attempt_id"])


@pytest.mark.covers("R-003")
@pytest.mark.parametrize(
    ("consent", "code"),
    [
        ({}, "consent-missing"),
        ({"consent": "not_recorded"}, "consent-missing"),
        ({"consent": "declined"}, "consent-declined"),
    ],
)
async def test_without_the_callers_consent_nobody_is_rung(house: House, consent: dict[str, str], code: str) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(handover(call_id), {"target": "110", "kind": "one_key"} | consent)

    assert (status, body["code"]) == (409, code)
    assert house.facts.calls[call_id].attempts == ()


async def test_a_second_key_while_the_target_rings_is_a_conflict(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    await desk.post(handover(call_id), AGREED)

    status, body = await desk.post(handover(call_id), AGREED)

    assert (status, body["code"]) == (409, "handover-in-progress")
    assert len(house.facts.calls[call_id].attempts) == 1


async def test_a_target_whose_line_is_down_is_refused_at_once_with_a_cure(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    house.unreachable = frozenset({TargetCode("110")})

    status, body = await desk.post(handover(call_id), AGREED)

    assert (status, body["code"]) == (409, "target-unreachable")
    assert "ticket" in body["cure"]
    assert body["cure_zh"]
    assert body["offers"][0]["do"] == "ticket"

    shown = {t["code"]: t["reachable"] for t in (await desk.get("/api/v1/directory"))[1]["targets"]}
    assert shown["110"] is False
    assert shown["119"] is None

    house.unreachable = frozenset()
    assert (await desk.post(handover(call_id), AGREED))[0] == 202


async def test_a_handover_of_an_ended_call_is_a_conflict(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    await house.caller_hangs_up(call_id)

    status, body = await desk.post(handover(call_id), AGREED)

    assert (status, body["code"]) == (409, "call-ended")


@pytest.mark.parametrize("call_id", [str(ULID()), "x", "0" * 400, "%00", "..%2f..%2fsession"])
async def test_an_unknown_call_is_not_found(house: House, call_id: str) -> None:
    desk = await house.desk(house.agent)

    status, body = await desk.post(handover(call_id), AGREED)

    assert status == 404
    assert body["code"] in ("call-not-found", "not-found")


async def test_another_agents_call_is_neither_seen_nor_touched(house: House) -> None:
    desk = await house.desk(house.colleague)
    call_id = await house.caller_talks_with(house.agent)
    before = house.facts.calls[call_id]

    for path, body in (
        ("handover", AGREED),
        ("handover/cancel", {}),
        ("handover/stay", {}),
        ("leave", {}),
        ("owner", {"decision": "accept"}),
        ("danger", {}),
        ("note", {"text": "x"}),
        ("consent", {"consent": "agreed"}),
    ):
        status, answer = await desk.post(f"/api/v1/calls/{call_id}/{path}", body)
        assert (status, answer["code"]) == (403, "not-your-call"), path
    for path in ("", "/timeline"):
        status, answer = await desk.get(f"/api/v1/calls/{call_id}{path}")
        assert (status, answer["code"]) == (403, "not-your-call"), path
    assert (await desk.get("/api/v1/calls"))[1] == {"calls": []}
    assert house.facts.calls[call_id] == before


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "blind"},
        {"target": None},
        {"target": "1"},
        {"target": "13800138000@evil"},
        {"target": "110&119"},
        {"consent": "yes"},
        {"note": "x" * 4001},
        {"note": "bell \x07"},
        {"note": "\u202e right to left"},
        {"hello": 1},
    ],
)
async def test_a_malformed_handover_names_its_field_and_never_repeats_what_was_sent(
    house: House, change: dict[str, Any]
) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(handover(call_id), AGREED | change)

    assert (status, body["code"]) == (422, "invalid-request")
    assert body["errors"][0]["field"] == next(iter(change))
    assert "evil" not in str(body)


async def test_a_target_outside_the_directory_is_refused_even_when_it_is_a_real_number(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(handover(call_id), AGREED | {"target": "19991230000"})

    assert (status, body["code"]) == (422, "unknown-target")


@pytest.mark.covers("T-10")
@pytest.mark.parametrize("field", ["number", "caller_number", "from", "cli"])
async def test_a_handover_that_names_a_caller_number_is_forbidden_and_alarmed(house: House, field: str) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(handover(call_id), AGREED | {field: "19990001111"})

    assert (status, body["code"]) == (403, "number-not-yours-to-choose")
    assert house.facts.calls[call_id].attempts == ()
    assert 'callflow_alerts_total{kind="number_named"} 1.0' in (await desk.get("/metrics"))[1]


@pytest.mark.parametrize(
    ("raw", "type_", "code"),
    [
        (b'{"target":"110"', "application/json", "invalid-request"),
        (b"[]", "application/json", "invalid-request"),
        (b"target=110", "application/x-www-form-urlencoded", "json-wanted"),
        (b'{"note":"' + b"x" * 70000 + b'"}', "application/json", "body-too-large"),
    ],
)
async def test_a_body_that_is_not_small_json_is_refused(house: House, raw: bytes, type_: str, code: str) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    headers = {"X-CSRF-Token": desk.csrf, "Content-Type": type_}
    async with desk.http.post(house.url + handover(call_id), data=raw, headers=headers) as response:
        assert (await response.json())["code"] == code


# ---- the same request again


async def test_the_same_idempotency_key_is_the_same_request(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    first = await desk.post(handover(call_id), AGREED, **{"Idempotency-Key": "key-1"})
    again = await asyncio.gather(
        *(desk.post(handover(call_id), AGREED, **{"Idempotency-Key": "key-1"}) for _ in range(4))
    )

    assert first[0] == 202
    assert all(answer == first for answer in again)
    assert len([order for order in house.pbx.carried_out if isinstance(order, InviteTarget)]) == 1


async def test_the_same_idempotency_key_with_another_target_is_refused(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    await desk.post(handover(call_id), AGREED, **{"Idempotency-Key": "key-1"})

    status, body = await desk.post(handover(call_id), AGREED | {"target": "119"}, **{"Idempotency-Key": "key-1"})

    assert (status, body["code"]) == (422, "idempotency-key-reused")


async def test_two_agents_with_the_same_idempotency_key_do_not_meet(house: House) -> None:
    mine, theirs = await house.desk(house.agent), await house.desk(house.colleague)
    first, second = await house.caller_talks_with(house.agent), await house.caller_talks_with(house.colleague)

    key = {"Idempotency-Key": "1"}
    one, two = await mine.post(handover(first), AGREED, **key), await theirs.post(handover(second), AGREED, **key)

    assert (one[0], two[0]) == (202, 202)
    assert one[1]["attempt_id"] != two[1]["attempt_id"]


async def test_an_idempotency_key_with_a_space_is_refused(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(handover(call_id), AGREED, **{"Idempotency-Key": "a b"})

    assert (status, body["code"]) == (422, "idempotency-key-wrong")


# ---- too many


@pytest.mark.covers("T-23")
async def test_a_seat_that_fires_handovers_is_stopped_but_danger_still_passes(house: House) -> None:
    desk = await house.desk(house.agent)
    for _ in range(HANDOVERS_PER_SEAT):
        assert (await desk.post(handover(await house.caller_talks_with(house.agent)), AGREED))[0] == 202
    last = await house.caller_talks_with(house.agent)

    status, body = await desk.post(handover(last), AGREED)
    assert (status, body["code"]) == (429, "too-many-handovers")
    assert 'callflow_alerts_total{kind="seat_limited"} 1.0' in (await desk.get("/metrics"))[1]

    assert (await desk.post(f"/api/v1/calls/{last}/danger"))[0] == 202
    assert any(attempt.danger for attempt in house.facts.calls[last].attempts)

    calm = await house.caller_talks_with(house.agent)
    house.now += HANDOVER_WINDOW_S
    assert (await desk.post(handover(calm), AGREED))[0] == 202


async def test_refused_handovers_do_not_use_up_the_seats_allowance(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    for _ in range(HANDOVERS_PER_SEAT + 1):
        assert (await desk.post(handover(call_id), {"target": "110"}))[1]["code"] == "consent-missing"

    assert (await desk.post(handover(call_id), AGREED))[0] == 202


async def test_while_the_database_is_away_the_answer_says_so_and_names_the_phones_keys(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    house.facts.is_away = True

    status, body = await desk.post(handover(call_id), AGREED)

    assert (status, body["code"]) == (503, "facts-away")
    assert "phone" in body["cure"]
