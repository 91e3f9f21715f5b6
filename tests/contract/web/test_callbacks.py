"""The call-back list at the desk: one click, one call, and never a number of the asker's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ulid import ULID

from callflow.domain.names import CallId, IncidentId
from callflow.service.call_backs import CLAIM_LIMIT_S, CallBack
from tests.contract.web.ticket_store import NUMBER

if TYPE_CHECKING:
    from tests.contract.web.house import House

PATH = "/api/v1/callbacks"


@pytest.fixture
def lost(house: House) -> CallBack:
    """A caller who was cut."""
    one = CallBack(CallId(str(ULID())), IncidentId(str(ULID())), NUMBER, "cut", house.now, danger=True)
    house.lost.listed[one.call_id] = one
    return one


@pytest.mark.covers("X-2")
async def test_the_list_shows_who_waits_with_his_number_masked(house: House, lost: CallBack) -> None:
    status, body = await (await house.desk(house.agent)).get(PATH)

    assert status == 200
    (one,) = body["callbacks"]
    assert (one["call_id"], one["number"], one["danger"], one["claimed_by"]) == (
        lost.call_id,
        "199****4567",
        True,
        None,
    )


@pytest.mark.covers("X-2", "S-22")
async def test_one_click_calls_the_stored_number_as_a_new_call_of_the_same_incident(
    house: House, lost: CallBack
) -> None:
    status, body = await (await house.desk(house.agent)).post(f"{PATH}/{lost.call_id}/call")

    assert status == 202
    (made,) = house.lost.made
    assert made.call_id == body["call_id"] != lost.call_id
    assert (made.number, made.incident_id, made.agent_id, made.danger) == (NUMBER, lost.incident_id, house.agent, True)


async def test_the_second_agent_is_told_that_he_is_taken_until_the_claim_is_old(house: House, lost: CallBack) -> None:
    zhang, wang = await house.desk(house.agent), await house.desk(house.colleague)
    await zhang.post(f"{PATH}/{lost.call_id}/call")

    taken = await wang.post(f"{PATH}/{lost.call_id}/call")
    house.now += CLAIM_LIMIT_S + 1
    returned = await wang.post(f"{PATH}/{lost.call_id}/call")

    assert (taken[0], taken[1]["code"], returned[0]) == (409, "callback-claimed", 202)
    assert [made.agent_id for made in house.lost.made] == [house.agent, house.colleague]


@pytest.mark.covers("T-10")
@pytest.mark.parametrize("field", ["number", "to", "caller_id", "from"])
async def test_no_request_can_name_a_number(house: House, lost: CallBack, field: str) -> None:
    status, body = await (await house.desk(house.agent)).post(f"{PATH}/{lost.call_id}/call", {field: "19990001111"})

    assert status in (403, 422), body
    assert house.lost.made == []


async def test_when_the_pbx_is_away_nobody_is_rung_and_he_stays_on_the_list(house: House, lost: CallBack) -> None:
    desk = await house.desk(house.agent)
    house.lost.is_down = True

    status, body = await desk.post(f"{PATH}/{lost.call_id}/call")

    assert (status, body["code"]) == (503, "asterisk-away")
    assert (await desk.get(PATH))[1]["callbacks"][0]["claimed_by"] is None


async def test_done_takes_him_off_the_list(house: House, lost: CallBack) -> None:
    desk = await house.desk(house.agent)

    done = await desk.post(f"{PATH}/{lost.call_id}/done", {"outcome": "reached"})
    again = await desk.post(f"{PATH}/{lost.call_id}/done")

    assert (done[0], done[1]["callbacks"], again[1]["code"]) == (200, [], "callback-not-found")
    assert house.lost.finished == {lost.call_id: "reached"}


@pytest.mark.parametrize("call_id", [str(ULID()), "x"])
async def test_who_is_not_on_the_list_is_not_found(house: House, call_id: str) -> None:
    status, body = await (await house.desk(house.agent)).post(f"{PATH}/{call_id}/call")

    assert (status, body["code"]) == (404, "callback-not-found")


async def test_an_auditor_sees_the_list_and_calls_nobody(house: House, lost: CallBack) -> None:
    desk = await house.desk(house.auditor)

    assert (await desk.get(PATH))[0] == 200
    assert (await desk.post(f"{PATH}/{lost.call_id}/call"))[1]["code"] == "role-not-allowed"
