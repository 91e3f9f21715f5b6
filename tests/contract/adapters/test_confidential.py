"""Confidential tickets in the books (R-056): found by those who know them, in pages, queue, export and pop."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from callflow.adapters.sql.candidates import candidates
from callflow.domain.confidence import Viewer
from callflow.domain.limits import Level, Matter
from callflow.domain.names import Channel, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Dispatched, Sealed, Signed, Unsealed
from callflow.service.ticket_ports import NewMatter
from callflow.service.ticket_search import Wanted
from tests.contract.adapters.books import NOW, Books, MakeCall, opening

MATTER = NewMatter(Channel.WEB, Judgement(Level.THREE, Matter.HELP, "教育类"), "510104", number="19900001111")
AUTHOR, OTHER = Viewer("8001"), Viewer("8005")
UNIT = "510104000001"
IN_THE_UNIT = Viewer("8006", unit=UNIT)
SUPERVISOR = Viewer("8100", sees_all=True)


async def found(gov: Books, viewer: Viewer | None, **wanted: str) -> set[str]:
    """What page, queue and export give him; the three must agree."""
    asked = Wanted(viewer=viewer, **wanted)
    page = {one.ticket_id for one in (await gov.search.page(asked, 50)).tickets}
    assert {one.ticket_id async for one in gov.search.every(asked)} == page
    assert {one.ticket_id for one in await gov.search.queue(asked, 50, NOW)} == page
    return page


@pytest.mark.covers("R-056")
async def test_it_is_found_by_those_who_know_it_and_by_nobody_in_particular(gov: Books) -> None:
    open_one = await gov.lives.open(MATTER, key="open", at=NOW)
    sealed = await gov.lives.open(replace(MATTER, sealed_by="8001"), key="sealed", at=NOW)

    for wanted in ({}, {"number": "19900001111"}, {"category": "教育类"}, {"region": "510104"}):
        for viewer, whose in (
            (None, {open_one}),
            (OTHER, {open_one}),
            (Viewer("800"), {open_one}),
            (Viewer("%"), {open_one}),
            (AUTHOR, {open_one, sealed}),
            (SUPERVISOR, {open_one, sealed}),
        ):
            assert await found(gov, viewer, **wanted) == whose, (wanted, viewer)
    for viewer in (None, OTHER):
        assert await found(gov, viewer, ticket_id=sealed) == set()


@pytest.mark.covers("R-056")
async def test_units_come_and_go_with_the_matter(gov: Books) -> None:
    ticket_id = await gov.lives.open(replace(MATTER, sealed_by="8001"), key="m", at=NOW)
    assert await found(gov, IN_THE_UNIT) == set()

    await gov.lives.live_on(ticket_id, Dispatched(NOW, "8001", unit="510105000003", assisting=(UNIT,)), key="a", at=NOW)
    assert await found(gov, IN_THE_UNIT) == {ticket_id}
    await gov.lives.live_on(ticket_id, Dispatched(NOW, "8001", unit="510105000003"), key="b", at=NOW)
    assert await found(gov, IN_THE_UNIT) == set()
    assert await found(gov, AUTHOR) == {ticket_id}


@pytest.mark.covers("R-056")
async def test_who_had_its_call_or_took_its_steps_knows_it_when_it_is_sealed(gov: Books, a_call: MakeCall) -> None:
    call = replace(a_call(), agents=("8002",), note="举报")
    await gov.write(call, opening(call))
    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    await gov.lives.live_on(ticket.ticket_id, Signed(NOW, "8003"), key="s", at=NOW)
    await gov.lives.live_on(ticket.ticket_id, Sealed(NOW, "8100", ("8100",)), key="c", at=NOW)

    sealed = await gov.read.ticket(ticket.ticket_id)
    assert sealed is not None
    assert sealed.insiders.split() == ["8002", "8003", "8100"]
    await gov.lives.live_on(ticket.ticket_id, Unsealed(NOW, "8100", "已公开"), key="d", at=NOW)
    unsealed = await gov.read.ticket(ticket.ticket_id)
    assert unsealed is not None
    assert (unsealed.confidential, unsealed.insiders) == (False, "")


@pytest.mark.covers("R-056")
async def test_no_other_call_of_the_number_pops_it_up(gov: Books, a_call: MakeCall) -> None:
    number = a_call().caller.number
    before = await gov.lives.open(replace(MATTER, number=number), key="open", at=NOW)
    sealed = await gov.lives.open(replace(MATTER, number=number, sealed_by="8001"), key="sealed", at=NOW)
    call = a_call()
    await gov.write(call, opening(call))

    known = {one["ticket_id"] for one in (await gov.read.known_about(call)).tickets}

    assert before in known
    assert sealed not in known
    own = await gov.read.ticket_of(call.incident_id)
    assert own is not None
    await gov.lives.live_on(own.ticket_id, Sealed(NOW, "8001"), key="c", at=NOW)
    assert own.ticket_id in {one["ticket_id"] for one in (await gov.read.known_about(call)).tickets}, "his own call's"


@pytest.mark.covers("R-056")
async def test_its_words_train_no_classifier(gov: Books, a_call: MakeCall) -> None:
    call = replace(a_call(), note="举报某科长受贿")
    await gov.write(call, opening(call))
    suggestion = {"danger": True, "action": "keep"}
    await gov.facts.keep_suggestion(call.call_id, suggestion, NOW)
    assert [one["text"] for one in await candidates(gov.database, "12345")] == [call.note]
    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    await gov.lives.live_on(ticket.ticket_id, Sealed(NOW, "8001"), key="c", at=NOW)

    assert await candidates(gov.database, "12345") == []


@pytest.mark.covers("R-056")
async def test_a_mark_outlives_a_step_of_the_program_before_which_knows_of_none(gov: Books) -> None:
    ticket_id = await gov.lives.open(replace(MATTER, sealed_by="8001"), key="m", at=NOW)
    await gov.lives.live_on(ticket_id, Dispatched(NOW, "8001", unit=UNIT), key="a", at=NOW)

    def as_before(life: str) -> str:
        fields = json.loads(life)
        return json.dumps({name: fields[name] for name in fields if name not in ("confidential", "insiders")})

    async def old_step(connection: object) -> None:
        life = await connection.scalar(text("SELECT life FROM tickets"))  # type: ignore[attr-defined] # of either engine
        await connection.execute(text("UPDATE tickets SET life = :life"), {"life": as_before(life)})  # type: ignore[attr-defined]

    await gov.database.write(old_step)
    await gov.lives.live_on(TicketId(ticket_id), Signed(NOW, UNIT), key="s", at=NOW)

    life = await gov.lives.life(ticket_id)
    assert life is not None
    assert (life.confidential, life.insiders, life.unit) == (True, ("8001",), UNIT)
    assert await found(gov, OTHER) == set()
    assert await found(gov, IN_THE_UNIT) == {ticket_id}
