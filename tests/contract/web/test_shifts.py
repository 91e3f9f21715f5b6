"""The plan of duties by the API: the administrator alone changes it, and it tells who is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from callflow.domain.working_days import day_of
from tests.contract.web.desk import next_event

if TYPE_CHECKING:
    from tests.contract.web.house import House

PLAN, DUTY = "/api/v1/shifts", "/api/v1/duty"


def always(agent_id: str, house: House, **more: Any) -> dict[str, Any]:
    """On duty day and night from today on."""
    return {"agent_id": agent_id, "serves": "综合", "first_day": day_of(house.now).isoformat()} | more


@pytest.mark.covers("R-065")
async def test_the_administrator_puts_rows_in_and_takes_them_out_and_everybody_who_may_reads_them(house: House) -> None:
    admin, watch = await house.desk(house.administrator), await house.desk(house.supervisor)

    status, made = await admin.post(PLAN, always("8001", house, weekdays=[0, 2], begins_min=480, ends_min=960))
    _, plan = await watch.get(PLAN)
    removed, _ = await admin.delete(f"{PLAN}/{made['shift_id']}")
    again = (await admin.delete(f"{PLAN}/{made['shift_id']}"))[1]["code"]
    _, after = await watch.get(PLAN)

    assert status == 201, made
    assert plan["shifts"] == [made]
    assert (len(plan["days"]), sum(len(day["duties"]) for day in plan["days"])) == (7, 2)
    assert (removed, again, after["shifts"]) == (204, "shift-not-found", [])
    assert [(what, by) for what, _, by in house.shifts.audit] == [
        ("shift.added", house.administrator), ("shift.removed", house.administrator)
    ]  # fmt: skip


@pytest.mark.covers("R-065")
async def test_nobody_else_changes_the_plan_and_an_agent_does_not_read_it(house: House) -> None:
    for who in (house.agent, house.supervisor, house.auditor):
        desk = await house.desk(who)
        assert (await desk.post(PLAN, always("8001", house)))[1]["code"] == "role-not-allowed"
        assert (await desk.delete(f"{PLAN}/1"))[1]["code"] == "role-not-allowed"
    agent = await house.desk(house.agent)
    for path in (PLAN, DUTY):
        assert (await agent.get(path))[1]["code"] == "role-not-allowed"
    assert house.shifts.kept == {}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"agent_id": "9999"}, "agent_id"),
        ({"agent_id": "8003"}, "agent_id"),  # an auditor answers no calls
        ({"last_day": "2000-01-01"}, "last_day"),
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": [7]}, "weekdays"),
        ({"begins_min": 1440}, "begins_min"),
        ({"first_day": "yesterday"}, "first_day"),
        ({"serves": "x" * 33}, "serves"),
    ],
)
async def test_a_row_that_means_nothing_is_refused_by_its_field(
    house: House, wrong: dict[str, Any], field: str
) -> None:
    admin = await house.desk(house.administrator)

    status, body = await admin.post(PLAN, always("8001", house) | wrong)

    assert (status, body["code"]) == (422, "invalid-request")
    assert any(error["field"].startswith(field) for error in body["errors"])
    assert house.shifts.kept == {}


async def test_who_is_missing_who_is_here_and_who_is_here_without_duty(house: House) -> None:
    admin, desk = await house.desk(house.administrator), await house.desk(house.agent)
    assert (await admin.get(DUTY))[1]["planned"] is False  # without a plan nobody is missing
    for agent_id in (house.agent, house.supervisor):
        await admin.post(PLAN, always(agent_id, house))
    await house.caller_talks_with(house.colleague)

    async with desk.events() as response:
        await next_event(response)
        _, body = await admin.get(DUTY)

    assert body["planned"] is True
    assert [(one["agent_id"], one["standing"], one["serves"]) for one in body["agents"]] == [
        (house.agent, "present", "综合"), (house.supervisor, "missing", "综合"), (house.colleague, "unplanned", None)
    ]  # fmt: skip


async def test_a_plan_that_is_empty_or_says_leave_takes_nobody_a_caller(house: House) -> None:
    admin = await house.desk(house.administrator)
    await admin.post(PLAN, always(house.agent, house, sort="leave"))

    call_id = await house.caller_talks_with(house.agent)

    call = house.facts.calls[call_id]
    assert call.agent is not None
    assert call.agent.agent_id == house.agent
