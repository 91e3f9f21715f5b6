"""Pushed, pulled or dropped as files: the same pair of tickets, in the same order, after the same mishaps."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from structlog.testing import capture_logs

from callflow.adapters import exchange_files, exchange_http
from callflow.adapters.exchange_files import MESSAGES
from callflow.adapters.sql.tables import inbox, outbox
from callflow.domain import commands as c
from callflow.domain.calls import Call
from callflow.service.exchange import Mode
from tests.contract.exchange import story
from tests.contract.exchange.conftest import GOV, POLICE
from tests.contract.exchange.line import a_message, post, sending

Platform = Any
MakeCall = Callable[..., Call]
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
EVERY_WAY = pytest.mark.parametrize("mode", list(Mode))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_files, "GAP_PATIENCE_S", 0.5)
    monkeypatch.setattr(exchange_files, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(exchange_files, "SETTLE_S", 0.5)


def decision(call: Call, *, accept: bool = True) -> c.SendOwnerDecision:
    return c.SendOwnerDecision(call.call_id, call.incident_id, POLICE, accept)


def nothing_waits(here: Platform, there: Platform) -> Callable[[], Awaitable[bool]]:
    async def all_receipted() -> bool:
        return not await here.outgoing.unsent(there.id, 1)

    return all_receipted


async def chains(platform: Platform, peer: str, *, sent: bool) -> set[tuple[Any, ...]]:
    """Every message that the platform sent to the peer, or took from him: incident, number, digest."""
    table, party = (outbox, outbox.c.peer) if sent else (inbox, inbox.c.issuer)
    columns = select(table.c.incident_id, table.c.seq, table.c.digest).where(party == peer)
    rows = await platform.database.read(lambda connection: _all(connection, columns))
    return {tuple(row) for row in rows}


async def _all(connection: Any, statement: Any) -> list[Any]:
    return list((await connection.execute(statement)).all())


async def converged(one: Platform, other: Platform, until: Until) -> None:
    """Nothing waits, and each has taken exactly what the other has sent."""
    for here, there in ((one, other), (other, one)):
        await until(nothing_waits(here, there))
        assert await chains(here, there.id, sent=True) == await chains(there, here.id, sent=False)


@EVERY_WAY
@pytest.mark.covers("R-011", "R-013", "R-040", "R-043", "R-050")
async def test_a_matter_is_given_across_and_fed_back_in_both_directions(
    gov: Platform, police: Platform, until: Until
) -> None:
    await gov.open_door()
    for platform in (gov, police):
        platform.start_lines()

    for here, there in ((gov, police), (police, gov)):
        incident_id = await story.given_across(here, there, until)

        ours, theirs = [await side.tickets.ticket_of(incident_id) for side in (here, there)]
        assert (ours.ticket_id, ours.peer_ticket_id) == (theirs.peer_ticket_id, theirs.ticket_id)
        assert (ours.state, theirs.state) == ("closed", "called_back")
    await converged(gov, police, until)


@EVERY_WAY
@pytest.mark.covers("R-049", "R-061")
async def test_who_was_away_gets_everything_in_order_and_nothing_twice(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    await gov.open_door()
    await police.close_door()
    calls = [a_call() for _ in range(6)]
    for turn in range(4):
        for call in calls:
            await gov.write(call, decision(call, accept=turn % 2 == 0))
    gov.start_lines()

    await police.open_door()
    police.start_lines()
    await until(nothing_waits(gov, police))

    assert len(police.taken) == 24
    for call in calls:
        assert [one.seq for one in police.taken if one.incident_id == call.incident_id] == [1, 2, 3, 4]


@EVERY_WAY
@pytest.mark.covers("R-049")
async def test_who_lost_his_books_gets_them_again_though_nothing_new_is_said(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    await gov.open_door()
    for platform in (gov, police):
        platform.start_lines()
    calls = [a_call() for _ in range(3)]
    for call in calls * 3:
        await gov.write(call, decision(call))
    await until(nothing_waits(gov, police))
    for platform in (gov, police):
        await platform.stop_lines()
    lost = delete(inbox).where((inbox.c.seq > 1) | (inbox.c.incident_id == calls[0].incident_id))
    await police.database.write(lambda connection: connection.execute(lost))

    for platform in (gov, police):  # both start anew: they compare
        _forget_when_they_compared(platform)
        platform.start_lines()

    async def all_there() -> bool:
        return len(await chains(police, GOV, sent=False)) == 9

    await until(all_there)
    await converged(gov, police, until)


def _forget_when_they_compared(platform: Platform) -> None:
    for carrier in platform.lines._carriers:
        for name in ("_compare_at", "_state_at"):
            if hasattr(carrier, name):
                setattr(carrier, name, 0.0)


@pytest.mark.covers("R-049")
async def test_a_story_that_differs_is_reported_and_not_written_over(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    call = a_call()
    await gov.write(call, decision(call))
    gov.start_lines()
    await until(nothing_waits(gov, police))
    await gov.stop_lines()
    other = update(inbox).values(digest="f" * 64)
    await police.database.write(lambda connection: connection.execute(other))

    with capture_logs() as logs:
        _forget_when_they_compared(gov)
        gov.start_lines()
        await until(_logged(logs, "peer has another story than we"))

    assert (await chains(police, GOV, sent=False)).pop()[2] == "f" * 64


def _logged(logs: list[Any], event: str) -> Callable[[], Awaitable[bool]]:
    async def is_there() -> bool:
        return any(log["event"] == event for log in logs)

    return is_there


@pytest.mark.parametrize("mode", [Mode.FILE])
@pytest.mark.covers("R-061", "R-049")
async def test_a_gateway_that_loses_doubles_and_shuffles_files_changes_nothing(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until, tmp_path: Path
) -> None:
    """The 12345's files do not reach the 110 by themselves: the gateway takes them, and does what it likes."""
    mine, his = tmp_path / "gateway" / f"from-{GOV}" / MESSAGES, tmp_path / "held" / MESSAGES
    calls = [a_call() for _ in range(5)]
    for call in calls * 4:
        await gov.write(call, decision(call))
    gov.start_lines()

    async def all_out() -> bool:
        return mine.exists() and len([one for one in mine.iterdir() if one.suffix == ".jws"]) == 20

    await until(all_out)
    shutil.move(mine, his)
    mine.mkdir()
    files = sorted(his.iterdir(), key=lambda one: one.name[::-1])  # by chance, as far as incidents and numbers go
    police.start_lines()
    for turn, file in enumerate(files):
        if turn % 5 != 4:  # every fifth is lost
            shutil.copy(file, mine / f".{file.name}.gateway")  # a name of its own: 12345 writes there again meanwhile
            (mine / f".{file.name}.gateway").rename(mine / file.name)
        if turn % 3 == 0:
            await asyncio.sleep(0.02)
            shutil.copy(file, mine / file.name)  # another time, and not even whole at once
    _forget_what_was_written(gov)

    await converged(gov, police, until)
    assert len(police.taken) == 20
    for call in calls:
        assert [one.seq for one in police.taken if one.incident_id == call.incident_id] == [1, 2, 3, 4]

    async def taken_away() -> bool:
        return not list(mine.iterdir())

    await until(taken_away)  # the last of the doubles, too


def _forget_what_was_written(platform: Platform) -> None:
    """As if the time were over after which an unanswered file is put out again."""
    for carrier in platform.lines._carriers:
        if isinstance(carrier, exchange_files.FilesOut):
            carrier._written.clear()


@pytest.mark.parametrize("mode", [Mode.FILE])
@pytest.mark.covers("R-061")
async def test_a_folder_that_is_gone_is_named_and_what_waits_goes_when_it_is_back(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until, tmp_path: Path
) -> None:
    gateway = tmp_path / "gateway"
    gateway.write_text("no folder")  # not even root can write below it
    call = a_call()
    await gov.write(call, decision(call))
    lines = gov.start_lines()

    async def noticed() -> bool:
        return "let the gateway" in lines.away.get(POLICE, "")

    await until(noticed)
    gateway.unlink()
    police.start_lines()
    await until(nothing_waits(gov, police))

    async def back() -> bool:
        return lines.away == {}

    await until(back)


@pytest.mark.parametrize("mode", [Mode.PULL, Mode.FILE])
@pytest.mark.covers("R-060")
async def test_a_way_that_is_not_agreed_is_refused(gov: Platform, police: Platform) -> None:
    status, problem = await post(sending(gov.signer, a_message()), gov.client_tls())

    assert isinstance(problem, dict)
    assert (status, problem["code"], len(police.taken)) == (403, "mode-not-agreed", 0)


@pytest.mark.parametrize("mode", [Mode.PULL])
@pytest.mark.covers("R-043")
async def test_who_waits_at_our_door_hears_at_once(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_http, "LONG_POLL_S", 15)
    await gov.open_door()
    police.start_lines()

    async def noticed() -> bool:
        return police.lines.away == {}

    await until(noticed)
    began = asyncio.get_running_loop().time()
    call = a_call()
    await gov.write(call, decision(call))
    await until(nothing_waits(gov, police))

    assert asyncio.get_running_loop().time() - began < 5.0
