"""The platform's own ticket system speaks: signed, checked, once, by the same rules as a desk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from callflow.adapters.sql import audit as chain
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.ticket_events import SystemNumbers
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain.names import TicketId
from callflow.service.ticket_system import key_of, signed_headers
from callflow.web.deps import TicketSystemDoor
from tests.contract.web.conftest import a_ticket_house
from tests.contract.web.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STEPS, MATTERS = "/api/v1/ticket-system/steps", "/api/v1/ticket-system/matters"
KEY = key_of("1e" * 24)
UNIT = "510104000000"


@pytest.fixture
async def own_house(books: Database, tmp_path: Path) -> AsyncIterator[House]:
    """A site with real books and a ticket system of its own."""
    made = a_ticket_house(books, tmp_path)
    made.ticket_system = TicketSystemDoor("ztb", KEY, SystemNumbers(books))
    await made.open()
    yield made
    await made.close()


async def says(
    house: House, words: dict[str, Any], to: str = STEPS, *, message_id: str = "m1", key: bytes = KEY, late_s: float = 0
) -> tuple[int, Any]:
    body = json.dumps(words).encode()
    headers = signed_headers(key, message_id, house.now - late_s, body) | {"Content-Type": "application/json"}
    async with house.browser().post(house.url + to, data=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def a_ticket(house: House) -> str:
    desk = await house.desk(house.agent)
    _, body = await desk.post("/api/v1/tickets", {"summary": "路灯不亮", "region": "510104"})
    return str(body["ticket_id"])


@pytest.mark.covers("R-041", "R-053")
async def test_a_ticket_goes_its_whole_way_over_there_and_every_step_is_in_our_books(
    own_house: House, books: Database
) -> None:
    ticket_id = await a_ticket(own_house)

    for nth, (words, state) in enumerate(
        (
            ({"step": "dispatch", "unit": UNIT, "number": "ZTB-7"}, "dispatched"),
            ({"step": "sign", "by": "wang"}, "signed"),
            ({"step": "respond", "text": "已派员"}, "in_hand"),
            ({"step": "feed-back", "text": "已修复"}, "fed_back"),
            ({"step": "citizen-told", "channel": "sms"}, "fed_back"),
            ({"step": "call-back", "satisfied": True}, "called_back"),
            ({"step": "close", "number": "ZTB-8"}, "closed"),
        )
    ):
        status, body = await says(own_house, {"ticket_id": ticket_id} | words, message_id=f"m{nth}")
        assert (status, body["state"]) == (200, state), body

    read = TicketsRead(books)
    ticket, steps = await read.ticket(TicketId(ticket_id)), await read.steps_of(TicketId(ticket_id))
    assert ticket is not None
    assert (ticket.state, ticket.system_number, ticket.unit) == ("closed", "ZTB-8", UNIT)
    assert [(one.step, one.by) for one in steps][1:3] == [("signed", "ztb.wang"), ("responded", "ztb")]
    told = [one.detail for one in await read.trace(ticket.incident_id) if one.what == "ticket.numbered"]
    assert [(one["system_number"], one["was"]) for one in told] == [("ZTB-7", ""), ("ZTB-8", "ZTB-7")]
    assert await books.read(chain.first_break) is None


async def test_the_same_message_again_changes_nothing(own_house: House) -> None:
    ticket_id = await a_ticket(own_house)
    words = {"ticket_id": ticket_id, "step": "dispatch", "unit": UNIT}

    first, again = await says(own_house, words), await says(own_house, words)

    assert (first[0], again[0]) == (200, 200)
    assert (first[1]["version"], again[1]["version"], again[1]["told"]) == (2, 2, [])


@pytest.mark.covers("R-060")
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"key": key_of("0f" * 24)}, "webhook-signature-wrong"),  # what we sign with ourselves
        ({"late_s": 301.0}, "webhook-clock"),
        ({"late_s": -301.0}, "webhook-clock"),
    ],
)
async def test_who_does_not_sign_it_now_is_not_heard(own_house: House, how: dict[str, Any], code: str) -> None:
    ticket_id = await a_ticket(own_house)

    status, body = await says(own_house, {"ticket_id": ticket_id, "step": "dispatch", "unit": UNIT}, **how)

    assert (status, body["code"]) == (401, code)
    desk = await own_house.desk(own_house.agent)
    assert (await desk.get(f"/api/v1/tickets/{ticket_id}"))[1]["version"] == 1


@pytest.mark.parametrize("spoilt", ["body", "id", "moment", "nothing signed"])
async def test_an_altered_word_is_not_heard(own_house: House, spoilt: str) -> None:
    body = json.dumps({"ticket_id": await a_ticket(own_house), "step": "dispatch", "unit": UNIT}).encode()
    headers = signed_headers(KEY, "m1", own_house.now, body) | {"Content-Type": "application/json"}
    body = body.replace(b"510104", b"510105") if spoilt == "body" else body
    headers |= {"id": {"webhook-id": "m2"}, "moment": {"webhook-timestamp": "1800000001"}}.get(spoilt, {})
    if spoilt == "nothing signed":
        headers = {"Content-Type": "application/json"}

    async with own_house.browser().post(own_house.url + STEPS, data=body, headers=headers) as answer:
        said = await answer.json(content_type=None)

    assert (answer.status, said["code"]) == (401, "webhook-signature-wrong")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ({"step": "close"}, 409, "step-not-now"),
        ({"step": "return"}, 422, "reason-missing"),
        ({"step": "sign", "satisfied": True}, 422, "invalid-request"),
        ({"step": "settle"}, 422, "invalid-request"),
        ({"step": "dispatch", "platform": "999"}, 422, "platform-unknown"),
        ({"step": "sign", "version": 7}, 409, "changed-meanwhile"),
        ({"caller": "13800138000"}, 403, "number-not-yours-to-choose"),
        ({"ticket_id": "GD19990101000001", "number": "Z1"}, 404, "ticket-not-found"),
    ],
)
async def test_what_a_desk_is_refused_it_is_refused_too(
    own_house: House, words: dict[str, Any], status: int, code: str
) -> None:
    said = await says(own_house, {"ticket_id": await a_ticket(own_house)} | words)

    assert (said[0], said[1]["code"]) == (status, code), said


@pytest.mark.covers("R-010")
async def test_its_own_matter_gets_one_ticket_and_goes_to_the_police(own_house: House, books: Database) -> None:
    words = {
        "number": "ZTB-9",
        "summary": "有人打架",
        "region": "510104",
        "dispatch_to": "110",
        "contact": "19900001111",
    }

    first = await says(own_house, words, MATTERS)
    again = await says(own_house, words, MATTERS, message_id="m2")

    assert (first[0], first[1]["unit"], first[1]["awaits_peer"]) == (201, "110", True)
    assert again[1]["ticket_id"] == first[1]["ticket_id"]
    ticket = await TicketsRead(books).ticket(TicketId(first[1]["ticket_id"]))
    assert ticket is not None
    assert ticket.system_number == "ZTB-9"


async def test_a_site_without_one_has_no_such_door(ticket_house: House) -> None:
    status, body = await says(ticket_house, {"ticket_id": "GD20261122000001"})

    assert (status, body["code"]) == (404, "no-ticket-system")
