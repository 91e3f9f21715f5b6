"""The linked pair: what crosses to the peer, and what his word makes here."""

from dataclasses import replace

import pytest
from ulid import ULID

from callflow.adapters.sql.database import Database
from callflow.domain import commands as c
from callflow.domain.names import (
    CallId,
    Consent,
    Presentation,
    SiteId,
    TicketId,
    Verified,
)
from callflow.service.messages import Handover
from callflow.service.take_in import NO_CALL, LinkTicket, OpenLinkedTicket
from callflow.site_trunks import Peer
from callflow.sitefile import Site
from tests.contract.adapters.books import (
    GOV,
    NOW,
    POLICE,
    SUGGESTION,
    Books,
    MakeAttempt,
    MakeCall,
    incident,
    matter,
    opening,
    sending,
)


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
async def test_a_caller_who_came_with_an_unsigned_incident_is_named_by_the_ticket_that_the_word_of_it_opens(
    police: Books, a_call: MakeCall
) -> None:
    call = a_call(site=POLICE, caller={"from_site": GOV, "number": "", "verified": Verified.NONE})
    await police.write(call, key="journal:1")

    await police.write(None, OpenLinkedTicket(NO_CALL, call.incident_id, GOV, matter()), key="peer:1")

    ticket = await police.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert (ticket.call_id, ticket.peer_ticket_id) == (call.call_id, "GD20261122000001")


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


@pytest.mark.covers("R-011", "R-040", "C-01")
async def test_the_peers_number_may_come_before_our_ticket_is_there(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(None, LinkTicket(NO_CALL, call.incident_id, POLICE, TicketId("JD20261122000007")))

    await gov.write(call, opening(call))

    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert (ticket.peer, ticket.peer_ticket_id) == (POLICE, "JD20261122000007")
