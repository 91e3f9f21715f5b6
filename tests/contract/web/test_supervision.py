"""What a supervisor looks at: handovers by hour and outcome, times, limits; who may, and that no person is in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ulid import ULID

from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.figures import SqlFigures
from callflow.domain.calls import Attempt, Call, Caller, Ownership
from callflow.domain.names import (
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    Presentation,
    SiteId,
    TargetCode,
    Verified,
    Way,
)
from tests.contract.web.ticket_store import NUMBER

if TYPE_CHECKING:
    from callflow.adapters.sql.database import Database
    from tests.contract.web.house import House

HANDOVERS, DEADLINES = "/api/v1/figures/handovers", "/api/v1/deadlines"
HOUR_S, DAY_S = 3600, 86_400


def attempt(at: float, target: str, outcome: Outcome | None, *, rang_s: float = 0, joined_s: float = 0) -> Attempt:
    """One try; 0 seconds: it did not come to that."""
    return Attempt(
        AttemptId(str(ULID.from_timestamp(at))), TargetCode(target), Kind.ONE_KEY, Way.DESK, Consent.AGREED, at,
        ringing_at=at + rang_s if rang_s else None, joined_at=at + joined_s if joined_s else None, outcome=outcome,
    )  # fmt: skip


async def keep_call(facts: SqlFacts, at: float, *attempts: Attempt) -> None:
    """A call that arrived then, as the controller would have committed it."""
    us = SiteId("12345")
    call = Call(
        CallId(str(ULID.from_timestamp(at))), IncidentId(str(ULID())), us, Phase.ENDED, at, at,
        Caller(ChannelName("PJSIP/carrier-1"), NUMBER, Presentation.ALLOWED, Verified.NETWORK, None, "12345", 0),
        Ownership(us, us), attempts=attempts, ended_at=at + 60,
    )  # fmt: skip
    await facts.commit(call, [], [], event_key=None, journal_offset=None, at=at)


@pytest.mark.covers("R-093")
async def test_handovers_are_counted_by_hour_and_outcome_with_the_time_to_ring_and_to_join(
    ticket_house: House, books: Database
) -> None:
    facts, now = SqlFacts(books, ticket_house.site), ticket_house.now
    this_hour = now - now % HOUR_S
    await keep_call(facts, this_hour, attempt(this_hour, "110", Outcome.JOINED, rang_s=0.5, joined_s=4))
    await keep_call(facts, this_hour, attempt(this_hour + 1, "110", None, rang_s=1.5))
    await keep_call(
        facts, this_hour - HOUR_S, attempt(this_hour - 9, "119", Outcome.BUSY),
        attempt(this_hour - 5, "110", Outcome.JOINED, rang_s=1, joined_s=8),
    )  # fmt: skip
    await keep_call(facts, this_hour)  # nobody was handed over
    await keep_call(facts, now - DAY_S - 60, attempt(now - DAY_S - 60, "119", Outcome.BUSY))  # the day before

    status, body = await (await ticket_house.desk(ticket_house.supervisor)).get(HANDOVERS)

    assert status == 200, body
    assert body["complete"] is True
    assert [(one["begun"] - this_hour, one["outcomes"]) for one in body["hours"]] == [
        (-HOUR_S, {"busy": 1, "joined": 1}), (0, {"joined": 1, "live": 1})
    ]  # fmt: skip
    all_of_them, police, fire = body["targets"]
    assert (all_of_them["target"], all_of_them["tried"], all_of_them["joined"]) == ("", 4, 2)
    assert police == {
        "target": "110", "tried": 3, "joined": 2,
        "ring": {"counted": 3, "p50_s": 1.0, "p95_s": 1.5, "most_s": 1.5},
        "join": {"counted": 2, "p50_s": 4.0, "p95_s": 8.0, "most_s": 8.0},
    }  # fmt: skip
    assert (fire["tried"], fire["ring"]["p50_s"]) == (1, None)
    assert NUMBER[:7] not in json.dumps(body)


async def test_many_calls_are_read_page_by_page_and_the_newest_count(
    ticket_house: House, books: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callflow.adapters.sql.figures.CALLS_AT_ONCE", 10)
    facts, now = SqlFacts(books, ticket_house.site), ticket_house.now
    for nth in range(25):
        await keep_call(facts, now - nth, attempt(now - nth, "110", Outcome.JOINED, rang_s=1, joined_s=2))

    figures = SqlFigures(books)

    assert len(await figures.tried(now - 1000, now + 1, 1000)) == 25
    newest = await figures.tried(now - 1000, now + 1, 15)
    assert (len(newest), min(one.started_at for one in newest)) == (15, now - 14)


@pytest.mark.parametrize("period", [(0, 0), (10, 5), (0, 40 * DAY_S)])
async def test_a_period_is_bounded(ticket_house: House, period: tuple[float, float]) -> None:
    desk = await ticket_house.desk(ticket_house.administrator)

    status, body = await desk.post(HANDOVERS, {"arrived_from": period[0], "arrived_to": period[1]})

    assert (status, body["code"]) == (422, "invalid-request")
    assert (await desk.post(HANDOVERS, {"arrived_from": 0, "arrived_to": DAY_S}))[1]["hours"] == []


@pytest.mark.covers("R-030", "R-042")
async def test_what_is_late_or_due_within_a_day_is_listed_the_longest_due_first(ticket_house: House) -> None:
    desk = await ticket_house.desk(ticket_house.agent)
    matter: dict[str, Any] = {"summary": "<b>停水</b>", "contact": NUMBER}
    _, done = await desk.post("/api/v1/tickets", matter | {"level": 1})
    _, early = await desk.post("/api/v1/tickets", matter | {"level": 1})
    ticket_house.now += HOUR_S / 2
    _, later = await desk.post("/api/v1/tickets", matter | {"level": 2})
    await desk.post("/api/v1/tickets", matter | {"level": 3, "matter": "complaint"})
    for made in (early, later, done):
        await desk.post(f"/api/v1/tickets/{made['ticket_id']}/sign", {})
    for step in ("respond", "feed-back"):
        await desk.post(f"/api/v1/tickets/{done['ticket_id']}/{step}", {"text": "好了"})
    ticket_house.now += 2 * HOUR_S

    status, body = await (await ticket_house.desk(ticket_house.supervisor)).get(DEADLINES)

    assert status == 200, body
    assert body["at"] == ticket_house.now
    assert [(one["ticket_id"], one["stage"], one["due_at"] < body["at"]) for one in body["tickets"]] == [
        (early["ticket_id"], "response", True), (later["ticket_id"], "response", False)
    ]  # fmt: skip
    assert NUMBER[:7] not in json.dumps(body)


@pytest.mark.covers("R-065")
async def test_who_may_look(ticket_house: House) -> None:
    agent, administrator, auditor = [
        await ticket_house.desk(one) for one in (ticket_house.agent, ticket_house.administrator, ticket_house.auditor)
    ]

    for path in (HANDOVERS, DEADLINES):
        assert (await agent.get(path))[1]["code"] == "role-not-allowed"
        assert (await auditor.get(path))[0] == 200
    assert (await administrator.get(HANDOVERS))[0] == 200  # how many, and nobody's matter
    assert (await administrator.get(DEADLINES))[1]["code"] == "role-not-allowed"
