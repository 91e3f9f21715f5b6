"""What people are leaves the books when its time is over; that it left stays in an audit that still holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from callflow.adapters.sql import audit
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.number_index import NumberIndex
from callflow.adapters.sql.outbox import SqlInbox
from callflow.adapters.sql.recordings import SqlRecordings
from callflow.adapters.sql.retention import SqlRetention
from callflow.adapters.sql.tables import metadata
from callflow.domain.calls import Call
from callflow.domain.commands import KeepRecording, QueueCallBack, SendOutcome
from callflow.domain.names import Outcome, Phase, Recorded, RecordingId, TicketId
from callflow.domain.tickets import CitizenTold, Closed, FedBack, Signed
from callflow.service.exchange import ChainEnd, Opened
from callflow.service.messages import FIRST_LINK, ExchangeMessage, Note, digest
from callflow.service.retention import Due, Retention, keep_days_of
from callflow.service.take_in import NO_CALL, KeepPeerNote
from tests.contract.adapters.books import DAY_S, GOV, NOW, POLICE, Books, MakeAttempt, MakeCall, opening, sending
from tests.contract.adapters.conftest import ulid

NUMBER, SAID, RESULT = "19900001111", "邻居王某某又来闹", "已与王某某谈话"
TERM = 1095


def sweeper(books: Books, days: float, **terms: int) -> Retention:
    """Days after the matter was closed."""
    kept = keep_days_of(books.site) | {Due(name): term for name, term in terms.items()}
    return Retention(SqlRetention(books.database), kept, lambda: NOW + days * DAY_S)


async def everything(database: Database) -> str:
    """Every cell of every table."""

    async def work(connection: Any) -> str:
        rows = [(await connection.execute(select(table))).all() for table in metadata.sorted_tables]
        return "\n".join(str(tuple(row)) for found in rows for row in found)

    return await database.read(work)


async def told_and_closed(books: Books, call: Call, *, close: bool = True) -> TicketId:
    """A matter with a number, a note, a result and a message to the other platform."""
    await books.write(call, opening(call))
    ticket = await books.read.ticket_of(call.incident_id)
    assert ticket is not None
    steps = [Signed(NOW, "8001"), FedBack(NOW, "8001", result=RESULT, told_by="phone")]
    steps += [CitizenTold(NOW, "8001", "phone"), *([Closed(NOW, "8001")] if close else [])]
    lived = await books.lives.live_on(ticket.ticket_id, *steps, key="all", at=NOW, text=RESULT)
    assert lived is not None
    assert lived.refused is None, lived.refused
    return ticket.ticket_id


@pytest.mark.covers("R-002", "R-066")
async def test_number_and_words_of_a_closed_matter_go_when_their_time_is_over_and_the_audit_holds(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    attempt = an_attempt()
    call = a_call(note=SAID, attempts=(attempt,), phase=Phase.ENDED)
    await gov.write(call, opening(call), sending(call, attempt))
    for message in await gov.outgoing.unsent(POLICE, 10):
        await gov.outgoing.receipted(message.message_id, NOW)
    ticket_id = await told_and_closed(gov, call)
    before = await everything(gov.database)
    assert [word for word in (NUMBER, SAID, RESULT) if word in before] == [NUMBER, SAID, RESULT]

    early = await sweeper(gov, TERM - 1).sweep()
    counts = await sweeper(gov, TERM + 1).sweep()
    again = await sweeper(gov, TERM + 2).sweep()

    assert (early[Due.NUMBERS], early[Due.TEXTS], early[Due.MESSAGES]) == (0, 0, 1)
    assert (counts[Due.NUMBERS], counts[Due.TEXTS], sum(again.values())) == (1, 1, 0)
    left = await everything(gov.database)
    assert not [word for word in (NUMBER, SAID, RESULT, NumberIndex(b"").of(NUMBER)) if word in left]
    ticket = await gov.read.ticket(ticket_id)
    assert ticket is not None
    assert (ticket.caller_number, ticket.state, ticket.opened_at) == ("199****1111", "closed", NOW)
    assert await gov.read.search(number=NUMBER) == []
    assert [m.what for m in await gov.read.trace(call.incident_id)][-2:] == ["retention.numbers", "retention.texts"]
    assert await gov.database.read(audit.first_break) is None


@pytest.mark.covers("R-002")
async def test_a_program_that_starts_again_does_not_make_the_mask_findable(
    database_url: str, gov: Books, a_call: MakeCall
) -> None:
    call = a_call(phase=Phase.ENDED)
    await told_and_closed(gov, call)
    await sweeper(gov, TERM + 1).sweep()

    reopened = await Database.open(database_url)
    found = await Books(reopened, gov.site).read.search(number="199****1111")
    await reopened.close()

    assert found == []


async def test_an_open_matter_keeps_everything_and_a_call_without_a_ticket_does_not(
    gov: Books, a_call: MakeCall
) -> None:
    open_one, lone = a_call(note=SAID), a_call(note=RESULT, phase=Phase.ENDED, caller={"number": "13900000000"})
    await told_and_closed(gov, open_one, close=False)
    await gov.write(lone)

    counts = await sweeper(gov, 10 * TERM).sweep()

    left = await everything(gov.database)
    assert (counts[Due.NUMBERS], counts[Due.LONE_CALLS]) == (0, 1)
    assert NUMBER in left
    assert SAID in left
    assert "13900000000" not in left


async def test_a_word_that_comes_after_the_sweep_has_its_own_time(gov: Books, a_call: MakeCall) -> None:
    call = a_call(phase=Phase.ENDED)
    ticket_id = await told_and_closed(gov, call)
    await sweeper(gov, TERM + 1).sweep()
    late = KeepPeerNote(NO_CALL, call.incident_id, POLICE, SAID)
    await gov.write(None, late, at=NOW + (TERM + 2) * DAY_S)

    kept = await sweeper(gov, TERM + 3).sweep()
    gone = await sweeper(gov, 2 * TERM + 3).sweep()

    ticket = await gov.read.ticket(ticket_id)
    assert ticket is not None
    assert (kept[Due.TEXTS], gone[Due.TEXTS], ticket.peer_note) == (0, 1, "")


async def test_a_chain_whose_messages_are_swept_goes_on(gov: Books, a_call: MakeCall, an_attempt: MakeAttempt) -> None:
    attempt, inbox = an_attempt(), SqlInbox(gov.database)
    call = a_call(attempts=(attempt,))
    await gov.write(call, opening(call), sending(call, attempt))
    (sent,) = await gov.outgoing.unsent(POLICE, 10)
    await gov.outgoing.receipted(sent.message_id, NOW)
    taken = ExchangeMessage(
        id=ulid(),
        kind="note",
        issuer=POLICE,
        audience=GOV,
        incident_id=call.incident_id,
        seq=1,
        prev_hash=FIRST_LINK,
        occurred_at=NOW,
        body=Note(note=SAID),
    )
    await inbox.keep(Opened(POLICE, "token", digest(taken.payload()), taken), NOW)

    counts = await sweeper(gov, 200).sweep()
    await gov.write(call, SendOutcome(call.call_id, call.incident_id, POLICE, attempt.attempt_id, Outcome.JOINED))

    assert counts[Due.MESSAGES] == 2
    assert await inbox.chain_end(POLICE, call.incident_id) == ChainEnd(1, digest(taken.payload()))
    assert await gov.outgoing.send_again(POLICE, call.incident_id, 1) == 1  # only what is still there
    (next_one,) = await gov.messages(POLICE)
    assert (next_one["seq"], next_one["prev_hash"]) == (2, sent.digest)


async def test_done_call_backs_and_the_entries_of_deleted_recordings_go_and_waiting_ones_stay(
    gov: Books, a_call: MakeCall
) -> None:
    waiting, done = a_call(phase=Phase.ENDED), a_call(phase=Phase.ENDED)
    recording = RecordingId(ulid())
    for call in (waiting, done):
        await gov.write(call, opening(call), QueueCallBack(call.call_id, call.incident_id, "fault"))
    kept = KeepRecording(done.call_id, done.incident_id, recording, Recorded.CALL, NOW, NOW + 1)
    await gov.write(done, kept)
    await SqlRecordings(gov.database).deleted([recording], NOW + 10)
    finish = text("UPDATE call_backs SET done_at = :at WHERE call_id = :call")
    values = {"at": NOW, "call": done.call_id}
    await gov.database.write(lambda connection: connection.execute(finish, values))

    counts = await sweeper(gov, TERM + 1).sweep()

    assert (counts[Due.CALL_BACKS], counts[Due.RECORDINGS]) == (1, 1)
    rows = await gov.database.read(lambda connection: connection.scalars(text("SELECT call_id FROM call_backs")))
    assert list(rows) == [waiting.call_id]
    assert await SqlRecordings(gov.database).of_call(done.call_id) == []


async def test_a_whole_matter_goes_only_where_the_site_says_so_and_however_many_there_are(
    gov: Books, a_call: MakeCall
) -> None:
    calls = [a_call(phase=Phase.ENDED) for _ in range(3)]
    for call in calls:
        await told_and_closed(gov, call)

    kept = await sweeper(gov, 2 * TERM).sweep()
    gone = await replace(sweeper(gov, 2 * TERM, matters=TERM), batch=2).sweep()

    assert (kept[Due.MATTERS], gone[Due.MATTERS]) == (0, 3)
    assert [await gov.read.ticket_of(call.incident_id) for call in calls] == [None] * 3
    assert await gov.facts.calls_of_incident(calls[0].incident_id) == []
    assert await gov.database.read(audit.first_break) is None
