"""A confidential matter between the platforms (R-056, R-066): both halves are so, and little of it crosses."""

from dataclasses import replace

import pytest
from ulid import ULID

from callflow.domain import commands as c
from callflow.domain import tickets as t
from callflow.domain.limits import Level, Matter
from callflow.domain.names import AttemptId, Channel, Kind, Phase
from callflow.domain.ticket_rules import Judgement
from callflow.service.ticket_ports import NewMatter
from tests.contract.exchange.conftest import Platform
from tests.contract.exchange.story import Until, a_call, step, ticket_there, write

SECRET = "举报某科长受贿"


@pytest.fixture
async def pair(gov: Platform, police: Platform) -> tuple[Platform, Platform]:
    """Both, with their lines open both ways."""
    await gov.open_door()
    gov.start_lines()
    police.start_lines()
    return gov, police


async def whole(platform: Platform) -> str:
    """Everything that this platform has taken of the other one, as text."""
    return "\n".join(message.payload().decode() for message in platform.taken)


@pytest.mark.covers("R-056", "R-066")
async def test_a_matter_given_across_stays_confidential_there_and_its_result_comes_back(
    pair: tuple[Platform, Platform], until: Until
) -> None:
    gov, police = pair
    matter = NewMatter(Channel.WEB, Judgement(Level.THREE, Matter.REPORT), "510104", summary=SECRET, sealed_by="8001")
    mine = await gov.lives.open(matter, key="m", at=gov.now)
    ticket = await gov.tickets.ticket(mine)
    assert ticket is not None
    owing, unit = t.Entrusted(gov.now, "8001", peer=police.id, owes=True), t.Dispatched(gov.now, "8001", unit=police.id)
    await step(gov, mine, owing, unit, to=police.id)
    his = await ticket_there(police, ticket.incident_id, until, confidential=True)
    await step(police, his, t.Signed(police.now, "9001"))
    await step(police, his, t.Responded(police.now, "9001"), text="已找举报人谈话")
    await step(police, his, t.FedBack(police.now, "9001", result="已立案"), text="已立案")
    await ticket_there(gov, ticket.incident_id, until, peer_state="fed_back")

    given = await police.tickets.ticket(his)
    assert given is not None
    assert given.summary == SECRET, "who is to act has to know"
    came = await whole(gov)
    assert "已立案" in came, "the result that we wait for"
    assert "谈话" not in came


@pytest.mark.covers("R-056", "R-066")
async def test_sealed_later_the_mark_crosses_and_neither_notes_nor_steps_nor_calls_do(
    pair: tuple[Platform, Platform], until: Until
) -> None:
    gov, police = pair
    call, attempt = a_call(gov.id, gov.now, note="有人来访"), AttemptId(str(ULID()))
    about = (call.call_id, call.incident_id, police.id)
    await write(gov, call, c.SendHandover(*about, attempt, Kind.ONE_KEY, danger=False))
    await ticket_there(police, call.incident_id, until)
    settled = (gov.id, "agreed")
    await write(
        gov, call, c.SettleOwner(call.call_id, call.incident_id, *settled), c.SendOwnerSettled(*about, *settled)
    )
    mine = await ticket_there(gov, call.incident_id, until, settled="agreed")
    await step(gov, mine, t.Sealed(gov.now, "8001", ("8001",)), text="涉及举报人")
    await ticket_there(police, call.incident_id, until, confidential=True)

    call = replace(call, note=SECRET)
    await write(gov, call, c.SendNote(*about))
    await step(gov, mine, t.Dispatched(gov.now, "8001", unit="510104000001"), text="请纪检核实")
    await step(gov, mine, t.Signed(gov.now, "510104000001"))
    await write(gov, replace(call, ended_at=gov.now, phase=Phase.ENDED, end_cause=16))
    await ticket_there(police, call.incident_id, until, peer_state="signed")

    came = await whole(police)
    assert not any(word in came for word in (SECRET, "举报人", "请纪检核实"))
    assert [message.kind for message in police.taken if message.kind in ("note", "call")] == []
    theirs = await police.tickets.ticket_of(call.incident_id)
    assert theirs is not None
    assert theirs.peer_note == "有人来访", "what had crossed before stays"


@pytest.mark.covers("R-043", "R-056", "R-066")
async def test_what_ours_went_through_before_his_number_came_is_told_when_it_comes(
    gov: Platform, police: Platform, until: Until
) -> None:
    await gov.open_door()
    gov.start_lines()
    call, attempt = a_call(gov.id, gov.now, note="有人来访"), AttemptId(str(ULID()))
    about = (call.call_id, call.incident_id, police.id)
    await write(gov, call, c.SendHandover(*about, attempt, Kind.ONE_KEY, danger=False))
    his = await ticket_there(police, call.incident_id, until)
    mine = await ticket_there(gov, call.incident_id, until, peer=None)
    await step(gov, mine, t.Dispatched(gov.now, "8001", unit="510104000001"), text="请核实")
    await step(gov, mine, t.Sealed(gov.now, "8001", ("8001",)), text="涉及举报人")
    await step(gov, mine, t.Signed(gov.now, "510104000001"))
    police.start_lines()

    assert await ticket_there(police, call.incident_id, until, confidential=True, peer_state="signed") == his
    steps = [(message.body.step, message.body.text) for message in police.taken if message.kind == "step"]
    assert steps == [("dispatched", ""), ("sealed", ""), ("signed", "")], "confidential by now: no words cross"


@pytest.mark.covers("R-056", "R-066")
async def test_each_platform_takes_its_own_mark_off(pair: tuple[Platform, Platform], until: Until) -> None:
    gov, police = pair
    matter = NewMatter(Channel.WEB, Judgement(Level.THREE, Matter.REPORT), "510104", summary=SECRET, sealed_by="8001")
    mine = await gov.lives.open(matter, key="m", at=gov.now)
    ticket = await gov.tickets.ticket(mine)
    assert ticket is not None
    await step(gov, mine, t.Entrusted(gov.now, "8001", peer=police.id, owes=True), to=police.id)
    await ticket_there(police, ticket.incident_id, until, confidential=True)
    await step(gov, mine, t.Unsealed(gov.now, "8100", reason="已公开"))
    await step(gov, mine, t.CitizenTold(gov.now, "8001", channel="phone"))

    async def all_told() -> bool:
        return await gov.outgoing.count_unsent(police.id) == 0

    await until(all_told)
    theirs = await police.tickets.ticket_of(ticket.incident_id)

    assert theirs is not None
    assert theirs.confidential is True
