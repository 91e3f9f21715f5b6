"""The ticket of an incident: made once, linked once, marked, found again."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.adapters.sql.tables import tickets
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain import commands as c
from callflow.domain.calls import Attempt, Call
from callflow.domain.names import (
    AgentId,
    CallId,
    Consent,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    Presentation,
    SiteId,
    TicketId,
    Verified,
)
from callflow.service.messages import Handover, Matter
from callflow.service.take_in import NO_CALL, LinkTicket, OpenLinkedTicket
from callflow.sitefile import Peer, Site

NOW = 1_795_312_800.0
DAY_S = 86_400
GOV, POLICE = SiteId("12345"), SiteId("110")
SUGGESTION = {
    "platform": "110",
    "hotlines": [],
    "category": "治安",
    "categories": [{"name": "治安", "p": 0.9}],
    "department": None,
    "level": 1,
    "danger": False,
    "confidence": 0.9,
    "action": "one_key_110",
    "evidence": [{"start": 0, "end": 2, "text": "打架", "rule": "fight"}],
    "version": "1",
}
MakeCall = Callable[..., Call]
MakeAttempt = Callable[..., Attempt]


class Books:
    """Facts, tickets and outgoing messages of one platform, with less to type."""

    def __init__(self, database: Database, site: Site) -> None:
        self.facts, self.read = SqlFacts(database, site), TicketsRead(database)
        self.outgoing, self.database = SqlOutgoing(database), database

    async def write(self, call: Call | None, *records: c.Record, at: float = NOW, key: str | None = None) -> None:
        await self.facts.commit(call, records, (), event_key=key, journal_offset=None, at=at)

    async def messages(self, peer: SiteId) -> list[dict[str, Any]]:
        return [json.loads(each.payload) for each in await self.outgoing.unsent(peer, 100)]


@pytest.fixture
def gov(database: Database, gov_site: Site) -> Books:
    return Books(database, gov_site)


@pytest.fixture
def police(database: Database, police_site: Site) -> Books:
    return Books(database, police_site)


def opening(call: Call) -> c.OpenTicket:
    return c.OpenTicket(call.call_id, call.incident_id)


def matter(**changes: Any) -> Matter:
    stated = {
        "number": "19900001111",
        "presentation": Presentation.ALLOWED,
        "verified": Verified.NETWORK,
        "note": "楼上有人打架",
        "suggestion": SUGGESTION,
        "ticket_id": "GD20261122000001",
        "first_receiver": GOV,
        "region": "510100",
        "consent": Consent.AGREED,
        "danger": False,
    }
    return Matter.model_validate(stated | changes)


def incident() -> IncidentId:
    return IncidentId(str(ULID()))


@pytest.mark.covers("R-040")
async def test_a_key_pressed_a_hundred_times_makes_one_ticket(gov: Books, a_call: MakeCall) -> None:
    call = a_call()

    await asyncio.gather(*(gov.write(call, opening(call), key=f"desk:{turn}") for turn in range(100)))

    found = await gov.read.search(incident_id=call.incident_id)
    assert [ticket.ticket_id for ticket in found] == ["GD20261122000001"]
    assert found[0].caller_number == "19900001111"
    assert (found[0].first_receiver, found[0].owner, found[0].settled) == (GOV, GOV, None)


@pytest.mark.covers("R-040")
async def test_two_programs_on_one_database_make_one_ticket(
    database_url: str, gov: Books, gov_site: Site, a_call: MakeCall
) -> None:
    call, second = a_call(), await Database.open(database_url)
    other = Books(second, gov_site)

    await asyncio.gather(
        *(books.write(call, opening(call), key=f"desk:{turn}") for turn in range(10) for books in (gov, other))
    )
    await second.close()

    assert len(await gov.read.search()) == 1


async def test_numbers_run_on_within_a_day_and_begin_anew_at_midnight_in_china(gov: Books, a_call: MakeCall) -> None:
    last_second = NOW + 14 * 3600 - 1  # 23:59:59 in China
    for at in (NOW, last_second, last_second + 1):
        call = a_call()
        await gov.write(call, opening(call), at=at)

    assert [ticket.ticket_id for ticket in await gov.read.search()] == [
        "GD20261123000001",
        "GD20261122000002",
        "GD20261122000001",
    ]


@pytest.mark.covers("C-10")
async def test_the_millionth_ticket_of_a_day_is_numbered_like_any_other(gov: Books, a_call: MakeCall) -> None:
    first = a_call()
    await gov.write(first, opening(first))
    jump = tickets.update().values(ticket_id="GD20261122999999")
    await gov.database.write(lambda connection: connection.execute(jump))

    for _ in range(2):
        call = a_call()
        await gov.write(call, opening(call))

    assert {ticket.ticket_id for ticket in await gov.read.search()} == {
        "GD20261122999999",
        "GD202611221000000",
        "GD202611221000001",
    }


@pytest.mark.covers("R-040")
async def test_each_platform_has_its_own_series(police: Books, a_call: MakeCall) -> None:
    call = a_call(site=POLICE)
    await police.write(call, opening(call))

    assert [ticket.ticket_id for ticket in await police.read.search()] == ["JD20261122000001"]


@pytest.mark.covers("R-061")
async def test_a_handover_opens_the_linked_ticket_before_any_voice_leg_and_answers_once(police: Books) -> None:
    record = OpenLinkedTicket(NO_CALL, incident(), GOV, matter())

    await police.write(None, record, key="peer:1")
    await police.write(None, record, key="peer:2")

    ticket = await police.read.ticket_of(record.incident_id)
    assert ticket is not None
    assert (ticket.ticket_id, ticket.peer, ticket.peer_ticket_id) == ("JD20261122000001", GOV, "GD20261122000001")
    assert (ticket.caller_number, ticket.verified, ticket.peer_note) == (
        "19900001111",
        Verified.NETWORK,
        "楼上有人打架",
    )
    assert ticket.suggestion is not None
    assert ticket.suggestion["evidence"][0]["text"] == "打架"
    replies = await police.messages(GOV)
    assert [(reply["kind"], reply["body"]) for reply in replies] == [("ticket", {"ticket_id": "JD20261122000001"})]


@pytest.mark.covers("R-061")
async def test_voice_first_or_data_first_the_pair_is_the_same(police: Books, a_call: MakeCall) -> None:
    call = a_call(site=POLICE, caller={"from_site": GOV, "number": "", "verified": Verified.NONE})
    linked = OpenLinkedTicket(NO_CALL, call.incident_id, GOV, matter())
    other = replace(call, call_id=CallId(str(ULID())), incident_id=incident())

    await police.write(call, opening(call))
    await police.write(None, linked)
    await police.write(None, replace(linked, incident_id=other.incident_id))
    await police.write(other, opening(other))

    for each in (call, other):
        ticket = await police.read.ticket_of(each.incident_id)
        assert ticket is not None
        assert (ticket.call_id, ticket.peer_ticket_id, ticket.caller_number) == (
            each.call_id,
            "GD20261122000001",
            "19900001111",
        )
    assert [reply["kind"] for reply in await police.messages(GOV)] == ["ticket", "ticket"]


@pytest.mark.covers("R-005")
async def test_the_number_that_the_voice_leg_had_to_hide_comes_by_the_exchange(police: Books, a_call: MakeCall) -> None:
    call = a_call(site=POLICE, caller={"from_site": GOV, "number": "12345"})
    await police.write(call, opening(call))

    await police.write(None, OpenLinkedTicket(NO_CALL, call.incident_id, GOV, matter()))

    ticket = await police.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert ticket.caller_number == "19900001111"


async def test_a_peers_word_does_not_change_the_number_of_our_own_caller(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(call, opening(call))

    await gov.write(None, OpenLinkedTicket(NO_CALL, call.incident_id, POLICE, matter(number="110110", ticket_id="JD9")))

    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert (ticket.caller_number, ticket.peer_ticket_id) == ("19900001111", "JD9")


@pytest.mark.covers("R-002", "R-066")
@pytest.mark.parametrize(
    ("policy", "presentation", "number"),
    [
        ("always", Presentation.WITHHELD, "19900001111"),
        ("allowed", Presentation.WITHHELD, ""),
        ("allowed", Presentation.ALLOWED, "19900001111"),
        ("never", Presentation.ALLOWED, ""),
    ],
)
async def test_the_number_crosses_only_as_the_trust_table_says(
    database: Database, gov_site: Site, a_call: MakeCall, *, policy: str, presentation: Presentation, number: str
) -> None:
    peer = Peer.model_validate(gov_site.peer[0].model_dump() | {"send_identity": policy})
    books = Books(database, gov_site.model_copy(update={"peer": (peer,)}))
    call = a_call(caller={"presentation": presentation})

    await books.write(call, c.SendDanger(call.call_id, call.incident_id, POLICE))

    body = (await books.messages(POLICE))[0]["body"]
    assert (body["number"], body["presentation"]) == (number, presentation)
    assert body["verified"] == ("network" if number else "none")


def sending(call: Call, attempt: Attempt) -> c.SendHandover:
    return c.SendHandover(
        call.call_id, call.incident_id, POLICE, attempt.attempt_id, Kind.ONE_KEY, danger=attempt.danger
    )


@pytest.mark.covers("R-043")
async def test_a_handover_carries_note_suggestion_and_ticket_and_leaves_once_an_attempt(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    attempt = an_attempt()
    call = a_call(attempts=(attempt,), note="楼上有人打架")
    await gov.write(call)
    await gov.facts.keep_suggestion(call.call_id, SUGGESTION, NOW)

    for turn in range(3):
        await gov.write(call, opening(call), sending(call, attempt), key=f"desk:{turn}")

    (message,) = await gov.messages(POLICE)
    body = Handover.model_validate(message["body"])
    assert (body.ticket_id, body.note, body.consent) == ("GD20261122000001", "楼上有人打架", Consent.AGREED)
    assert body.suggestion is not None
    assert body.suggestion.evidence[0].text == "打架"
    assert (message["issuer"], message["audience"], message["seq"]) == (GOV, POLICE, 1)


async def test_a_suggestion_that_cannot_be_read_never_holds_up_a_handover(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    attempt = an_attempt()
    call = a_call(attempts=(attempt,))
    await gov.write(call)
    await gov.facts.keep_suggestion(call.call_id, {"platform": "?"}, NOW)

    await gov.write(call, sending(call, attempt))

    assert (await gov.messages(POLICE))[0]["body"]["suggestion"] is None


@pytest.mark.covers("R-008")
async def test_danger_goes_with_everything_that_the_police_need(gov: Books, a_call: MakeCall) -> None:
    call = a_call(danger=True, note="有人持刀")

    await gov.write(call, c.SendDanger(call.call_id, call.incident_id, POLICE))

    (message,) = await gov.messages(POLICE)
    assert message["kind"] == "danger"
    assert (message["body"]["number"], message["body"]["note"]) == ("19900001111", "有人持刀")
    assert message["body"]["danger"] is True


async def test_a_line_that_is_no_platform_is_sent_nothing(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    call, attempt = a_call(), an_attempt()
    await gov.write(call, replace(sending(call, attempt), peer=SiteId("119")))

    assert await gov.messages(SiteId("119")) == []


@pytest.mark.covers("R-040", "R-043")
async def test_the_peers_answer_links_the_pair(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(call, opening(call))

    await gov.write(None, LinkTicket(NO_CALL, call.incident_id, POLICE, TicketId("JD20261122000007")))

    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert (ticket.peer, ticket.peer_ticket_id) == (POLICE, "JD20261122000007")


@pytest.mark.covers("R-003", "R-006", "R-008")
async def test_marks_consent_owner_and_danger_are_kept_with_the_ticket(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    key = (call.call_id, call.incident_id)
    await gov.write(call, opening(call))

    await gov.write(
        replace(call, note="改了"),
        c.MarkTicket(*key, "not_connected"),
        c.MarkTicket(*key, "danger"),
        c.RecordConsent(*key, Consent.AGREED, AgentId("8001")),
        c.SettleOwner(*key, POLICE, "agreed"),
        at=NOW + 60,
    )

    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert (ticket.phone_mark, ticket.danger, ticket.note) == ("not_connected", True, "改了")
    assert (ticket.consent, ticket.consent_by, ticket.consent_at) == (Consent.AGREED, "8001", NOW + 60)
    assert (ticket.owner, ticket.settled, ticket.first_receiver) == (POLICE, "agreed", GOV)
    assert ticket.changed_at == NOW + 60


async def test_a_caller_who_was_cut_is_on_the_call_back_list_once(gov: Books, a_call: MakeCall) -> None:
    call = a_call(phase=Phase.CALL_BACK)
    record = c.QueueCallBack(call.call_id, call.incident_id, "caller-cut")
    await gov.write(call, record, record)
    await gov.write(call, record, at=NOW + 9)

    (listed,) = await gov.read.call_backs()

    assert (listed.call_id, listed.caller_number, listed.reason, listed.queued_at) == (
        call.call_id,
        "19900001111",
        "caller-cut",
        NOW,
    )


@pytest.mark.covers("R-044")
async def test_tickets_are_found_by_number_and_by_id_newest_first(gov: Books, a_call: MakeCall) -> None:
    calls = [a_call(), a_call(), a_call(caller={"number": ""})]
    for late, call in enumerate(calls):
        await gov.write(call, opening(call), at=NOW + late)

    assert [ticket.call_id for ticket in await gov.read.search(number="19900001111")] == [
        calls[1].call_id,
        calls[0].call_id,
    ]
    assert await gov.read.search(number="") == []
    assert len(await gov.read.search(limit=2)) == 2
    found = await gov.read.ticket(TicketId("GD20261122000003"))
    assert found is not None
    assert found.call_id == calls[2].call_id
    assert await gov.read.ticket(TicketId("GD1")) is None


async def test_the_pop_knows_the_peers_note_the_suggestion_and_earlier_tickets(police: Books, a_call: MakeCall) -> None:
    earlier, now = a_call(), a_call(caller={"from_site": GOV}, note="到了")
    await police.write(earlier, opening(earlier), at=NOW - DAY_S)
    await police.write(None, OpenLinkedTicket(NO_CALL, now.incident_id, GOV, matter()))

    known = await police.read.known_about(now)

    assert known.notes == ("楼上有人打架", "到了")
    assert known.suggestion is not None
    assert [ticket["ticket_id"] for ticket in known.tickets] == ["JD20261122000001", "JD20261121000001"]
    assert "19900001111" not in str(known.tickets)


async def test_a_pop_without_a_database_still_has_the_note(a_call: MakeCall, tmp_path: Path) -> None:
    call = a_call(note="听不清")
    locked = await Database.open(f"sqlite:///{tmp_path / 'gone.db'}")
    await locked.close()
    (tmp_path / "gone.db").unlink()
    (tmp_path / "gone.db").mkdir()

    known = await TicketsRead(locked).known_about(call)
    await locked.close()

    assert known.notes == ("听不清",)
    assert known.tickets == ()


@pytest.mark.covers("R-044")
async def test_the_trace_tells_who_did_what_and_holds_no_number(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    attempt = an_attempt()
    call = a_call(attempts=(attempt,))
    await gov.write(call, opening(call), sending(call, attempt))
    ended = replace(attempt, outcome=Outcome.BUSY, sip_code=486, ended_at=NOW + 9)
    await gov.write(
        replace(call, attempts=(ended,)),
        c.SendOutcome(call.call_id, call.incident_id, POLICE, attempt.attempt_id, Outcome.BUSY),
        at=NOW + 9,
    )
    first = (await gov.outgoing.unsent(POLICE, 1))[0]
    await gov.outgoing.receipted(first.message_id, NOW + 10)

    trace = await gov.read.trace(call.incident_id)

    assert [moment.what for moment in trace] == [
        "phase",
        "attempt",
        "OpenTicket",
        "SendHandover",
        "attempt",
        "SendOutcome",
        "receipt",
    ]
    assert (trace[4].detail["outcome"], trace[4].detail["sip_code"]) == ("busy", 486)
    assert "19900001111" not in str(trace)
