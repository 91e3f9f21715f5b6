"""Reading calls and the other keys on them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from ulid import ULID

from callflow.domain.commands import KeepReason
from callflow.domain.names import Kind, Way
from tests.contract.web.advice_given import SUGGESTION
from tests.contract.web.desk import next_event
from tests.contract.web.ticket_store import NUMBER

if TYPE_CHECKING:
    from tests.contract.web.desk import Desk
    from tests.contract.web.house import House

WHY = "张三说先不转"
AGREED = {"target": "110", "kind": "one_key", "consent": "agreed"}


async def begin(desk: Desk, call_id: str, **change: str) -> str:
    status, attempt = await desk.post(f"/api/v1/calls/{call_id}/handover", AGREED | change)
    assert status == 202, attempt
    return str(attempt["attempt_id"])


async def test_an_agent_sees_his_own_calls_with_the_whole_number_and_his_supervisor_all_with_masked_ones(
    house: House,
) -> None:
    desk, supervisor = await house.desk(house.agent), await house.desk(house.supervisor)
    mine, other = await house.caller_talks_with(house.agent), await house.caller_talks_with(house.colleague)

    seen = (await desk.get("/api/v1/calls"))[1]["calls"]
    assert [(call["call_id"], call["caller"]["number"]) for call in seen] == [(mine, NUMBER)]

    seen = (await supervisor.get("/api/v1/calls"))[1]["calls"]
    assert {call["call_id"] for call in seen} == {mine, other}
    assert {call["caller"]["number"] for call in seen} == {"199****4567"}


async def test_the_number_is_masked_again_once_the_call_is_over(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    await house.caller_hangs_up(call_id)

    status, call = await desk.get(f"/api/v1/calls/{call_id}")

    assert (status, call["phase"], call["caller"]["number"]) == (200, "ended", "199****4567")


async def test_an_auditor_reads_and_changes_nothing(house: House) -> None:
    desk = await house.desk(house.auditor)
    call_id = await house.caller_talks_with(house.agent)

    assert (await desk.get(f"/api/v1/calls/{call_id}/timeline"))[0] == 200
    for path, body in (("handover", AGREED), ("danger", {}), ("note", {"text": "x"})):
        status, answer = await desk.post(f"/api/v1/calls/{call_id}/{path}", body)
        assert (status, answer["code"]) == (403, "role-not-allowed"), path


async def test_an_administrator_sees_the_directory_and_no_call(house: House) -> None:
    desk = await house.desk(house.administrator)
    call_id = await house.caller_talks_with(house.agent)

    assert (await desk.get("/api/v1/directory"))[0] == 200
    for path in ("calls", f"calls/{call_id}", "events"):
        status, answer = await desk.get(f"/api/v1/{path}")
        assert (status, answer["code"]) == (403, "role-not-allowed"), path


async def test_the_timeline_tells_a_handover_in_order(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    attempt_id = await begin(desk, call_id)
    await house.target_joins(call_id, attempt_id)

    status, timeline = await desk.get(f"/api/v1/calls/{call_id}/timeline")

    assert status == 200
    assert [moment["what"] for moment in timeline["moments"]] == [
        "arrived",
        "agent_answered",
        "target_invited",
        "target_ringing",
        "target_joined",
    ]
    assert {moment["target"] for moment in timeline["moments"][2:]} == {"110"}


async def test_cancel_stops_the_ringing_target_and_may_be_pressed_twice(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    path = f"/api/v1/calls/{call_id}/handover/cancel"
    assert (await desk.post(path))[1]["code"] == "nothing-to-cancel"
    await begin(desk, call_id)

    for body in ({}, {"target": "110"}):
        status, call = await desk.post(path, body)
        assert (status, call["call_id"]) == (202, call_id)

    assert [type(order).__name__ for order in house.pbx.carried_out] == ["InviteTarget", "CancelAttempt"]


async def test_stay_turns_the_transfer_into_a_three_party_call(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    await begin(desk, call_id)

    status, call = await desk.post(f"/api/v1/calls/{call_id}/handover/stay")

    assert status == 202
    assert call["attempts"][0]["kind"] == "three_party" or call["stay"]


async def test_nobody_leaves_a_caller_alone(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(f"/api/v1/calls/{call_id}/leave")
    assert (status, body["code"]) == (409, "would-leave-caller-alone")

    await house.target_joins(call_id, await begin(desk, call_id, kind="three_party"))
    assert (await desk.post(f"/api/v1/calls/{call_id}/leave"))[0] == 202


def reasons(house: House) -> list[tuple[str, str, str]]:
    """What was given to be kept with a ticket."""
    kept = [record for record in house.facts.records if isinstance(record, KeepReason)]
    return [(one.about, one.agent_id, one.text) for one in kept]


async def test_the_owner_is_decided_by_accept_or_refuse_and_nothing_else(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    path = f"/api/v1/calls/{call_id}/owner"

    assert (await desk.post(path, {"decision": "accept"}))[1]["code"] == "nothing-to-own"
    await house.target_joins(call_id, await begin(desk, call_id, kind="three_party"))

    assert (await desk.post(path, {"decision": "perhaps"}))[0] == 422
    assert (await desk.post(path, {"decision": "accept", "reason": "x" * 501}))[0] == 422
    status, call = await desk.post(path, {"decision": "accept", "reason": WHY})
    assert (status, call["ownership"]["first_receiver"]) == (200, "12345")
    assert reasons(house) == [("owner", house.agent, WHY)]
    assert house.facts.calls[call_id].ownership.decisions == (("12345", True),)


@pytest.mark.covers("R-086")
async def test_the_agent_says_which_language_the_caller_speaks_and_it_stands_in_every_later_pop(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    desk = await house.desk(house.agent)
    path = f"/api/v1/calls/{call_id}/language"

    status, body = await desk.post(path, {"language": "bo"})
    async with desk.events() as response:
        _, _, snapshot = await next_event(response)

    assert (status, body["language"]) == (200, "bo")
    assert snapshot["pops"][0]["language"] == "bo"
    assert (await desk.post(path, {"language": "<b>"}))[1]["code"] == "invalid-request"
    assert (await (await house.desk(house.colleague)).post(path, {"language": "en"}))[1]["code"] == "not-your-call"


@pytest.mark.covers("R-092")
async def test_the_agent_says_what_became_of_the_call_also_after_its_end_and_others_do_not(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    desk, other = await house.desk(house.agent), await house.desk(house.colleague)
    await house.caller_hangs_up(call_id)
    path = f"/api/v1/calls/{call_id}/disposition"

    status, body = await desk.post(path, {"disposition": "answered"})

    assert (status, body["disposition"]) == (200, "answered")
    assert (await other.post(path, {"disposition": "nothing"}))[1]["code"] == "not-your-call"
    assert (await desk.post(path, {"disposition": "forgotten"}))[1]["code"] == "invalid-request"
    assert (await desk.get(f"/api/v1/calls/{call_id}"))[1]["disposition"] == "answered"


@pytest.mark.covers("R-008")
async def test_danger_needs_no_consent_and_a_supervisor_may_raise_it_on_any_call(house: House) -> None:
    supervisor = await house.desk(house.supervisor)
    call_id = await house.caller_talks_with(house.agent)

    status, call = await supervisor.post(f"/api/v1/calls/{call_id}/danger")

    assert (status, call["danger"]) == (202, True)
    assert any(attempt["danger"] and attempt["target"] == "110" for attempt in call["attempts"])


async def test_a_note_is_kept_whole_and_answered_with_the_suggestion(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(f"/api/v1/calls/{call_id}/note", {"text": "打架\n在楼下"})

    assert status == 200
    assert body["suggestion"] == SUGGESTION | {"question": None}
    assert house.facts.calls[call_id].note == "打架\n在楼下"


async def test_a_classifier_that_hangs_costs_the_suggestion_and_nothing_else(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    house.suggest_waits = True

    began = time.monotonic()
    status, body = await desk.post(f"/api/v1/calls/{call_id}/note", {"text": "打架"})

    assert (status, body) == (200, {"suggestion": None})
    assert time.monotonic() - began < 1.5
    assert house.facts.calls[call_id].note == "打架"


@pytest.mark.covers("R-003")
async def test_consent_is_asked_afterwards_for_a_handover_begun_by_a_phone_key(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    await begin(desk, call_id)
    path = f"/api/v1/calls/{call_id}/consent"
    assert (await desk.post(path, {"consent": "agreed"}))[1]["code"] == "consent-known"

    by_key = await house.caller_talks_with(house.agent)
    await house.target_is_invited(by_key, str(ULID()), Kind.ONE_KEY, Way.PHONE_KEY)

    status, call = await desk.post(f"/api/v1/calls/{by_key}/consent", {"consent": "declined", "reason": WHY})
    assert reasons(house) == [("consent", house.agent, WHY)]
    assert (status, call["attempts"][0]["consent"]) == (200, "declined")


@pytest.mark.parametrize("suggestion", [RuntimeError("broken"), {"platform": "moon"}])
async def test_a_broken_classifier_stops_no_key(house: House, suggestion: Any) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    house.suggestion = suggestion

    assert (await desk.post(f"/api/v1/calls/{call_id}/note", {"text": "打架"}))[1] == {"suggestion": None}
    assert await begin(desk, call_id, note="又打架")


async def test_the_suggestion_is_kept_with_the_call_also_when_the_note_comes_with_the_key(house: House) -> None:
    desk = await house.desk(house.agent)
    noted, keyed = await house.caller_talks_with(house.agent), await house.caller_talks_with(house.agent)

    await desk.post(f"/api/v1/calls/{noted}/note", {"text": "打架"})
    await begin(desk, keyed, note="打架")

    assert house.suggestions == {noted: SUGGESTION, keyed: SUGGESTION}


async def test_a_repeated_key_of_any_kind_is_answered_as_the_first_time(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    await house.target_joins(call_id, await begin(desk, call_id, kind="three_party"))
    path, key = f"/api/v1/calls/{call_id}/owner", {"Idempotency-Key": "once"}

    first = await desk.post(path, {"decision": "accept"}, **key)
    house.now += 5
    again = await desk.post(path, {"decision": "accept"}, **key)
    other = await desk.post(path, {"decision": "refuse"}, **key)

    assert first == again
    assert (other[0], other[1]["code"]) == (422, "idempotency-key-reused")
