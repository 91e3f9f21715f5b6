"""The life of a ticket in the books: begun with it, stepped once, told three ways, never lost between two writers."""

import asyncio
import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from callflow.adapters.sql import audit
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.number_index import NumberIndex
from callflow.adapters.sql.tables import audit as audit_table
from callflow.adapters.sql.tables import ticket_steps
from callflow.domain.limits import Level, Matter, Stage
from callflow.domain.names import Channel, IncidentId, TicketId
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import (
    Closed,
    Disputed,
    Entrusted,
    Escalated,
    FedBack,
    Happening,
    Life,
    Merged,
    Responded,
    Returned,
    Settled,
    Signed,
    State,
)
from callflow.service.messages import Dispatch, TicketStep
from callflow.service.take_in import NO_CALL, KeepPeerStep, OpenLinkedTicket
from callflow.service.ticket_ports import Given, NewMatter
from tests.contract.adapters.books import GOV, NOW, POLICE, SUGGESTION, Books, MakeCall, matter, opening

UNIT = "11510100MB1234567X"
WEB = NewMatter(
    Channel.WEB,
    Judgement(Level.THREE, Matter.COMPLAINT, "公共设施类"),
    "510104",
    number="19900001111",
    location="锦江区红星路一段",
    summary="路灯不亮",
)


async def opened(books: Books, **changes: Any) -> TicketId:
    return await books.lives.open(replace(WEB, **changes), key=f"open:{len(changes)}:{changes}", at=NOW)


async def life_of(books: Books, ticket_id: TicketId) -> Life:
    ticket = await books.read.ticket(ticket_id)
    assert ticket is not None
    assert ticket.life is not None
    assert (ticket.state, ticket.version, ticket.level) == (ticket.life.state, ticket.life.version, ticket.life.level)
    return ticket.life


async def step(books: Books, ticket_id: TicketId, *happenings: Happening, text: str = "") -> Any:
    key = ":".join(type(one).__name__ for one in happenings)
    return await books.lives.live_on(ticket_id, *happenings, key=key, at=NOW + 60, text=text)


@pytest.mark.covers("R-030", "R-043")
async def test_a_ticket_of_a_call_lives_at_once_with_what_the_classifier_said(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(call)
    await gov.facts.keep_suggestion(call.call_id, SUGGESTION, NOW)
    await gov.write(call, opening(call))

    ticket = await gov.read.ticket_of(call.incident_id)

    assert ticket is not None
    assert ticket.life is not None
    assert (ticket.life.state, ticket.life.level, ticket.category) == (State.DISPATCHED, Level.ONE, "治安")
    assert ticket.life.limits == "sichuan-2025"
    assert {one.stage for one in ticket.life.deadlines} == {Stage.RESPONSE, Stage.RESULT}
    assert ticket.next_chase_at == NOW + 3600  # half of level 1's two hours


@pytest.mark.covers("R-010")
async def test_a_matter_from_the_web_has_a_ticket_of_its_own_once(gov: Books) -> None:
    first, again = [await gov.lives.open(WEB, key="web:1", at=NOW) for _ in range(2)]

    assert first == again == "GD20261122000001"
    ticket = await gov.read.ticket(first)
    assert ticket is not None
    assert (ticket.channel, ticket.region, ticket.location, ticket.summary) == (
        "web",
        "510104",
        "锦江区红星路一段",
        "路灯不亮",
    )
    assert (ticket.verified, ticket.category_scheme) == ("claimed", "sichuan-linkage-annex3")


@pytest.mark.covers("R-041", "R-043", "R-047")
async def test_a_step_is_in_the_audit_among_the_steps_and_on_its_way_to_the_peer_and_happens_once(
    police: Books,
) -> None:
    record = OpenLinkedTicket(NO_CALL, IncidentId("01M8138XG5Y6S0S0S0S0S0S0S0"), GOV, matter())
    await police.write(None, record)
    ticket_id = TicketId("JD20261122000001")

    for _ in range(3):
        await step(police, ticket_id, Signed(NOW + 60, "8001"))
    await step(police, ticket_id, FedBack(NOW + 90, "8001", result="已出警"), text="已出警，双方和解")

    sent = [one["body"] for one in await police.messages(GOV) if one["kind"] == "step"]
    assert [(one["step"], one["version"], one["text"]) for one in sent] == [
        ("signed", 2, ""),
        ("fed_back", 3, "已出警，双方和解"),
    ]
    rows = await police.database.read(lambda connection: all_of(connection, select(ticket_steps)))
    assert [(row.step, row.by, row.text) for row in rows] == [
        ("signed", "8001", ""),
        ("fed_back", "8001", "已出警，双方和解"),
    ]
    kept = await police.database.read(lambda connection: all_of(connection, select(audit_table)))
    assert [row.what for row in kept if row.what.startswith("ticket.")] == [
        "ticket.opened",
        "ticket.signed",
        "ticket.fed_back",
    ]
    assert "和解" not in "".join(row.detail for row in kept)
    assert await police.database.read(audit.first_break) is None


async def all_of(connection: Any, statement: Any) -> list[Any]:
    return list((await connection.execute(statement)).all())


@pytest.mark.covers("R-011", "R-041")
async def test_a_matter_given_to_the_other_platform_follows_his_steps_and_waits_for_his_feedback(
    gov: Books,
) -> None:
    ticket_id = await opened(gov)
    entrusted = Entrusted(NOW, "8001", peer=POLICE, owes=True)
    lived = await gov.lives.live_on(ticket_id, entrusted, key="give", at=NOW, given=Given(POLICE, "涉及治安"))
    assert lived is not None
    (message,) = await gov.messages(POLICE)
    assert (message["kind"], message["body"]["summary"], message["body"]["reason"]) == (
        "dispatch",
        "路灯不亮",
        "涉及治安",
    )
    incident = lived.life.incident_id

    said = [("signed", "signed", ""), ("fed_back", "fed_back", "已处理"), ("citizen_told", "fed_back", "")]
    for version, (word, state, words) in enumerate(said, start=2):
        told = TicketStep(
            ticket_id="JD1", version=version, step=word, state=state, level=3, unit="510104000001", text=words
        )
        for _ in range(2):  # a repeated message changes nothing
            await gov.write(None, KeepPeerStep(NO_CALL, incident, POLICE, told))

    life = await life_of(gov, ticket_id)
    assert (life.state, life.awaits_peer, life.peer_fed_back) == (State.FED_BACK, True, True)
    assert (await step(gov, ticket_id, Closed(NOW + 99, "8001"))).refused is None


@pytest.mark.covers("R-012", "R-014")
async def test_escalated_in_any_state_it_keeps_its_clocks_and_the_police_are_told_everything(gov: Books) -> None:
    ticket_id = await opened(gov)
    before = await life_of(gov, ticket_id)
    happenings = (Escalated(NOW, "8001", reason="持刀"), Entrusted(NOW, "8001", peer=POLICE, owes=True))

    lived = await gov.lives.live_on(ticket_id, *happenings, key="e", at=NOW, given=Given(POLICE, "持刀"))

    assert lived is not None
    assert (lived.life.danger, lived.life.deadlines) == (True, before.deadlines)
    body = next(one["body"] for one in await gov.messages(POLICE) if one["kind"] == "dispatch")
    assert (body["danger"], body["number"], body["location"]) == (True, "19900001111", "锦江区红星路一段")


@pytest.mark.covers("R-010", "R-011")
async def test_the_police_make_their_ticket_of_a_matter_that_was_given_across(police: Books) -> None:
    stated = matter().model_dump() | {
        "channel": "app",
        "level": 2,
        "matter": "report",
        "category": "违法犯罪行为",
        "location": "天府广场",
        "summary": "有人兜售假票",
    }
    record = OpenLinkedTicket(NO_CALL, IncidentId("01M8138XG5Y6S0S0S0S0S0S0S1"), GOV, Dispatch.model_validate(stated))
    await police.write(None, record)
    await police.write(None, record)

    ticket = await police.read.ticket_of(record.incident_id)
    assert ticket is not None
    assert (ticket.ticket_id, ticket.channel, ticket.level, ticket.category, ticket.location) == (
        "JD20261122000001",
        "app",
        2,
        "违法犯罪行为",
        "天府广场",
    )


@pytest.mark.covers("R-017", "R-052")
async def test_a_decided_dispute_binds_the_next_matter_of_its_kind_and_place(gov: Books) -> None:
    first = await opened(gov)
    await step(gov, first, Disputed(NOW, "8001", reason="职责交叉"))
    await step(gov, first, Settled(NOW, "8002", unit=UNIT, binds=True))

    second, elsewhere = await opened(gov, number=""), await opened(gov, region="510105")

    life = await life_of(gov, second)
    assert (life.unit, life.bound) == (UNIT, True)
    refused = await step(gov, second, Returned(NOW, UNIT, reason="不归我管"))
    assert refused.refused is TicketRefusal.PRECEDENT_BINDS
    assert not (await life_of(gov, elsewhere)).bound


@pytest.mark.covers("X-3")
async def test_a_duplicate_is_merged_into_a_ticket_that_goes_on(gov: Books) -> None:
    first, second = await opened(gov), await opened(gov, number="")
    nowhere = Merged(NOW, "8001", into=TicketId("GD20261122999999"))

    assert (await step(gov, second, nowhere)).refused is TicketRefusal.MERGE_TARGET_GONE
    lived = await gov.lives.live_on(second, Merged(NOW, "8001", into=first), key="m", at=NOW)

    assert lived is not None
    assert (lived.life.state, lived.life.merged_into) == (State.MERGED, first)
    circle = await gov.lives.live_on(first, Merged(NOW, "8001", into=second), key="m2", at=NOW)
    assert circle is not None
    assert circle.refused is TicketRefusal.MERGE_TARGET_GONE


async def test_who_looked_at_an_older_version_is_told_so(gov: Books) -> None:
    ticket_id = await opened(gov)
    await step(gov, ticket_id, Signed(NOW, "8001"))

    late = await gov.lives.live_on(ticket_id, Responded(NOW, "8002"), key="x", at=NOW, read_version=1)

    assert late is not None
    assert late.refused is TicketRefusal.CHANGED_MEANWHILE
    assert await gov.lives.live_on(TicketId("GD0"), Responded(NOW, "8002"), key="x", at=NOW) is None


@pytest.mark.covers("R-044", "T-16")
async def test_a_number_is_found_by_a_digest_that_only_the_sites_key_makes(
    database_url: str, gov: Books, a_call: MakeCall
) -> None:
    call = a_call()
    await gov.write(call, opening(call))
    forget = text("UPDATE tickets SET number_hash = '', life = NULL, state = 'dispatched', version = 0")
    await gov.database.write(lambda connection: connection.execute(forget))  # as a version before this one left it

    database = await Database.open(database_url, NumberIndex.of_secret("this site's"))
    books = Books(database, gov.site)
    found = await books.read.search(number="19900001111")
    stepped = await books.lives.live_on(TicketId(found[0].ticket_id), Signed(NOW, "8001"), key="s", at=NOW)
    await database.close()

    assert [ticket.life for ticket in found] == [None]
    assert await gov.read.search(number="19900001111") == []  # another key finds nothing
    assert stepped is not None
    assert (stepped.life.state, stepped.life.limits) == (State.SIGNED, "sichuan-2025")


@pytest.mark.covers("R-018", "C-10")
async def test_of_many_programs_that_step_at_once_one_wins_and_no_step_is_lost(database_url: str, gov: Books) -> None:
    """Three real processes, each for accept, return and escalate of every ticket, released together."""
    made = [await opened(gov, location=f"{turn}") for turn in range(8)]
    script = "tests.contract.adapters.stepping"
    programs = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", script, database_url, str(seed)), stdin=-1, stdout=-1
        )
        for seed in range(3)
    ]
    for program in programs:
        assert program.stdout is not None
        assert (await program.stdout.readline()).strip() == b"ready"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write(b"\n".join(one.encode() for one in made) + b"\n")
        program.stdin.close()
    answers = [json.loads((await program.communicate())[0]) for program in programs]

    rows = await gov.database.read(lambda connection: all_of(connection, select(ticket_steps)))
    for ticket_id in made:
        steps = [row for row in rows if row.ticket_id == ticket_id]
        took = [word for answer in answers for word in answer[ticket_id]]
        life = await life_of(gov, ticket_id)
        assert sorted(row.step for row in steps) == sorted(took)  # who was told "done" is in the books, and nobody else
        assert [row.version for row in sorted(steps, key=lambda row: row.version)] == list(range(2, life.version + 1))
        assert took.count("returned") <= 1
        assert took.count("escalated") == 1
        assert life.danger
    assert await gov.database.read(audit.first_break) is None
