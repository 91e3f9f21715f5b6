"""The call-back list: once a call, danger first, one agent at a time, audited."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from callflow.adapters.sql import audit
from callflow.adapters.sql.call_backs import SqlCallBacks
from callflow.domain import commands as c
from callflow.domain.calls import Call
from callflow.domain.names import AgentId, Phase, Presentation, Verified
from tests.contract.adapters.books import NOW, Books, MakeCall

ZHANG, WANG = AgentId("8001"), AgentId("8002")


async def lost(gov: Books, a_call: MakeCall, *, danger: bool = False, at: float = NOW, **caller: object) -> Call:
    call = a_call(phase=Phase.CALL_BACK, danger=danger)
    call = replace(call, caller=replace(call.caller, **caller))  # type: ignore[arg-type]  # the caller's own fields
    record = c.QueueCallBack(call.call_id, call.incident_id, "cut")
    await gov.write(call, record, record, at=at)
    return call


@pytest.mark.covers("X-2")
async def test_a_caller_who_was_cut_is_on_the_list_once_and_danger_goes_first(gov: Books, a_call: MakeCall) -> None:
    books = SqlCallBacks(gov.database)
    first, second = await lost(gov, a_call), await lost(gov, a_call, danger=True, at=NOW + 9)
    await gov.write(first, c.QueueCallBack(first.call_id, first.incident_id, "cut"), at=NOW + 10)

    waiting = await books.waiting()

    assert [(one.call_id, one.danger, one.queued_at) for one in waiting] == [
        (second.call_id, True, NOW + 9),
        (first.call_id, False, NOW),
    ]
    assert {one.caller_number for one in waiting} == {"19900001111"}


@pytest.mark.covers("X-2")
async def test_of_two_agents_who_take_him_at_once_one_has_him(gov: Books, a_call: MakeCall) -> None:
    call, books = await lost(gov, a_call), SqlCallBacks(gov.database)

    taken = await asyncio.gather(
        *(books.claim(call.call_id, who, at=NOW, free_before=NOW - 300) for who in (ZHANG, WANG, WANG, ZHANG))
    )

    assert {one.claimed_by for one in taken if one} in ({ZHANG}, {WANG})
    assert [one.claimed_by for one in await books.waiting()] == [next(one.claimed_by for one in taken if one)]


async def test_a_claim_that_came_to_nothing_returns_after_its_limit_or_when_it_is_given_back(
    gov: Books, a_call: MakeCall
) -> None:
    call, books = await lost(gov, a_call), SqlCallBacks(gov.database)
    await books.claim(call.call_id, ZHANG, at=NOW, free_before=NOW - 300)

    too_early = await books.claim(call.call_id, WANG, at=NOW + 299, free_before=NOW - 1)
    in_time = await books.claim(call.call_id, WANG, at=NOW + 301, free_before=NOW + 1)
    await books.unclaim(call.call_id)

    assert too_early is None
    assert in_time is not None
    assert in_time.claimed_by == WANG
    assert [one.claimed_by for one in await books.waiting()] == [None]


async def test_who_is_done_is_off_the_list_for_good_and_the_audit_holds(gov: Books, a_call: MakeCall) -> None:
    call, books = await lost(gov, a_call), SqlCallBacks(gov.database)
    await books.claim(call.call_id, ZHANG, at=NOW, free_before=NOW - 300)

    assert await books.done(call.call_id, ZHANG, "reached", NOW + 60)
    assert not await books.done(call.call_id, WANG, "reached", NOW + 61)
    await gov.write(replace(call, note="x"), c.QueueCallBack(call.call_id, call.incident_id, "cut"), at=NOW + 70)

    assert await books.waiting() == []
    assert await books.claim(call.call_id, WANG, at=NOW + 999, free_before=NOW + 900) is None
    assert await books.is_listed(call.call_id)
    assert await gov.database.read(audit.first_break) is None


@pytest.mark.covers("R-002", "X-2")
async def test_a_number_is_as_hidden_and_as_sure_as_it_was_when_he_called(gov: Books, a_call: MakeCall) -> None:
    books = SqlCallBacks(gov.database)
    await lost(gov, a_call)
    hidden = {"presentation": Presentation.WITHHELD, "verified": Verified.CLAIMED}
    await lost(gov, a_call, at=NOW + 1, **hidden)

    waiting = await books.waiting()

    assert [(one.is_withheld, one.verified) for one in waiting] == [(False, Verified.NETWORK), (True, Verified.CLAIMED)]
