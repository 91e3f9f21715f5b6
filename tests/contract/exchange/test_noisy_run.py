"""The key is pressed a hundred times while everything goes wrong; both sides end with the same linked pairs."""

import asyncio
import hashlib
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import distinct, func, select

from callflow.adapters import exchange_files, exchange_lines
from callflow.adapters.sql import audit
from callflow.adapters.sql.tables import inbox, outbox, ticket_steps, tickets
from callflow.service.exchange import Mode
from callflow.service.messages import KINDS
from tests.contract.exchange import story
from tests.contract.exchange.conftest import GOV, NOW, POLICE, a_platform
from tests.contract.exchange.noise import Before, House, NoisyLine

HOUR_S = 3600.0
LIMIT_S = 150
PRESSES, AT_ONCE = 100, 12
IN_THE_MIDDLE = 8
SHM = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: the run is about the line, and not about the disk."""
    where = SHM if os.access(SHM, os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="callflow-noisy-", dir=where))
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def houses(
    folder: Path, keys_dir: Path, empty_books: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[House, House]]:
    monkeypatch.setattr(exchange_lines, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(exchange_lines, "LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(exchange_files, "GAP_PATIENCE_S", 0.3)
    monkeypatch.setattr(exchange_files, "WRITE_AGAIN_S", 1.0)
    monkeypatch.setattr(exchange_files, "LOOK_EVERY_S", 0.05)

    def house(site: Any) -> House:
        async def start(**how: Any) -> Any:
            return await a_platform(folder, keys_dir, empty_books, site, mode, **how)

        return House(start)

    pair = house(GOV), house(POLICE)
    yield pair
    for one in pair:
        await one.end()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await holds():  # noqa: ASYNC110 - asks a database, which tells nobody
            await asyncio.sleep(0.1)


async def rows(house: House, statement: Any) -> list[tuple[Any, ...]]:
    async def read(connection: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in (await connection.execute(statement)).all()]

    found: list[tuple[Any, ...]] = await house.platform.database.read(read)
    return found


async def settled(*pair: House) -> None:
    """Nothing waits at either side, and since the look before nothing was written: an answer may put a message down."""
    before: list[Any] = []

    async def still() -> bool:
        waiting = [await h.platform.outgoing.unsent(o.id, 1) for h, o in (pair, pair[::-1])]
        written = [await rows(h, select(func.count()).select_from(table)) for h in pair for table in (outbox, inbox)]
        was, before[:] = list(before), written
        return not any(waiting) and was == written

    await until(still)


async def more_is_taken(*pair: House) -> None:
    """The line is in the middle of it: so many more messages have been acted on since now."""

    def taken() -> int:
        return sum(len(house.taken) + len(house.platform.taken) for house in pair)

    enough = taken() + IN_THE_MIDDLE

    async def are_there() -> bool:
        return taken() >= enough

    await until(are_there)


def checksum(chain: list[tuple[Any, ...]]) -> str:
    return hashlib.sha256(repr(sorted(chain)).encode()).hexdigest()


async def check_the_books(one: House, other: House) -> dict[str, int]:
    """Both sides have the same: every message once, in order, under the same checksum; every pair linked both ways."""
    counts: Counter[str] = Counter()
    for here, there in ((one, other), (other, one)):
        sent = await rows(here, select(outbox.c.incident_id, outbox.c.seq, outbox.c.digest))
        taken = await rows(there, select(inbox.c.incident_id, inbox.c.seq, inbox.c.digest))
        assert checksum(sent) == checksum(taken)
        messages = await rows(here, select(outbox.c.message_id))
        assert {message for (message,) in messages} == set(there.taken)  # and one that an end cut short was begun anew
        steps = await rows(here, select(ticket_steps.c.ticket_id, ticket_steps.c.version, ticket_steps.c.step))
        assert len(steps) == len(set(steps))
        lists = [json.loads(attempts) for (attempts,) in await rows(here, select(tickets.c.attempts))]
        assert all(len(one) == len({attempt["attempt_id"] for attempt in one}) for one in lists)
        order = await rows(there, select(inbox.c.incident_id, inbox.c.seq).order_by(inbox.c.received_at, inbox.c.seq))
        for incident in {incident for incident, _ in order}:
            numbers = [seq for about, seq in order if about == incident]
            assert numbers == list(range(1, len(numbers) + 1))
        counts["messages"] += len(sent)
        assert await here.platform.database.read(audit.first_break) is None
    columns = select(tickets.c.incident_id, tickets.c.ticket_id, tickets.c.peer_ticket_id)
    ours, theirs = [{row[0]: row[1:] for row in await rows(house, columns)} for house in (one, other)]
    assert ours == {incident: pair[::-1] for incident, pair in theirs.items()}
    assert None not in {number for pair in ours.values() for number in pair}
    for house in (one, other):
        (doubled,) = await rows(house, select(func.count() - func.count(distinct(tickets.c.incident_id))))
        assert doubled == (0,)
    counts["pairs"] = len(ours)
    return dict(counts)


async def keep_pressing(pair: tuple[House, House], presses: int, dice: random.Random) -> None:
    """So many times the key, a fifth of them with all that may follow; and the other matters beside."""
    jobs = []
    for turn in range(presses):
        here, there = pair if dice.random() < 0.5 else pair[::-1]
        scene = story.one_key if turn % 5 == 0 else story.busy
        jobs.append(scene(here, there, until))
    for here, there in (pair, pair[::-1]):
        jobs += [story.given_across(here, there, until), story.given_across(here, there, until, comes_back=True)]
        jobs += [story.escalated_and_merged(here, there, until)]
    dice.shuffle(jobs)
    places = asyncio.Semaphore(AT_ONCE)

    async def play(job: Awaitable[Any]) -> None:
        async with places:
            await job

    await asyncio.gather(*(play(job) for job in jobs))


@pytest.mark.covers("R-040", "R-043", "R-049", "R-061", "T-15", "C-05")
async def test_a_hundred_presses_with_restarts_an_hours_cut_noise_and_a_side_that_is_rolled_back(
    houses: tuple[House, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    gov, police = houses
    dice, seen, now = random.Random(2026), Counter[str](), NOW
    for house in houses:
        await house.begin(now)
    for house in houses:
        NoisyLine(house.platform, dice, seen)

    async def restarted(house: House, **how: Any) -> None:
        await house.end()
        await house.begin(now, **how)
        NoisyLine(house.platform, dice, seen)

    async def tried_in_vain() -> bool:
        return seen["cut"] > 1

    async with asyncio.TaskGroup() as group:
        group.create_task(keep_pressing(houses, PRESSES // 2, dice))
        await more_is_taken(*houses)
        await restarted(police)
        await more_is_taken(*houses)
        monkeypatch.setattr(NoisyLine, "is_cut", True)
        await until(tried_in_vain)
        now += HOUR_S
        for house in houses:
            house.platform.now = now
        await restarted(gov)
        monkeypatch.setattr(NoisyLine, "is_cut", False)
    async with asyncio.TaskGroup() as group:
        await restarted(police, names=Before())
        group.create_task(keep_pressing(houses, PRESSES // 2, dice))
        await more_is_taken(*houses)
        await restarted(gov)
    await settled(*houses)
    await restarted(police)

    await settled(*houses)
    for house in houses:
        house.taken += [message.id for message in house.platform.taken]
        house.platform.taken.clear()
    counts = await check_the_books(gov, police)
    kinds = {kind for house in houses for (kind,) in await rows(house, select(inbox.c.kind).distinct())}
    assert kinds == set(KINDS)
    assert counts["pairs"] == PRESSES + 2 * (6 + 2)  # the second of two that are merged crossed, too
    assert set(seen) == {"cut", "dropped", "answer lost", "doubled", "late"}


@pytest.mark.covers("R-050", "R-043", "R-049")
@pytest.mark.parametrize("mode", [Mode.PULL, Mode.FILE])
async def test_the_other_ways_end_with_the_same_pairs_after_restarts(houses: tuple[House, House]) -> None:
    gov, police = houses
    dice = random.Random(2027)
    for house in houses:
        await house.begin(NOW)

    async with asyncio.TaskGroup() as group:
        group.create_task(keep_pressing(houses, 10, dice))
        for house in (police, gov):
            await more_is_taken(*houses)
            await house.end()
            await house.begin(NOW)

    await settled(gov, police)
    for house in houses:
        house.taken += [message.id for message in house.platform.taken]
        house.platform.taken.clear()
    counts = await check_the_books(gov, police)
    assert counts["pairs"] == 10 + 6 + 2
