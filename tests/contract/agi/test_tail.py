"""Following a real file: late, growing, rotated, cut short, unreadable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from agi.journal import BadLine, JournalLine
from agi.tail import JournalTail

CALL = "01K00000000000000000000001"
NEVER_S = 60.0
"""So rarely that only a hint can have woken the reader."""


def line(second: int, step: str = "waiting") -> bytes:
    return f"{1795000000 + second}.000,{step},{CALL},,,,,,\n".encode()


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def truncate(path: Path) -> None:
    path.write_bytes(b"")


def rename_away(path: Path) -> Path:
    return path.rename(path.with_suffix(".1"))


class Reader:
    """Reads in the background, as the controller does; what was read is in `seconds`."""

    def __init__(self, tail: JournalTail, start: int) -> None:
        self.tail = tail
        self.start = start
        self.read: list[JournalLine | BadLine] = []
        self.got_one = asyncio.Event()

    @property
    def seconds(self) -> list[int]:
        return [round(one.at) - 1795000000 for one in self.read if isinstance(one, JournalLine)]

    async def run(self) -> None:
        async with aclosing(self.tail.lines(self.start)) as lines:
            async for one in lines:
                self.read.append(one)
                self.got_one.set()

    async def until(self, count: int) -> list[int]:
        while len(self.read) < count:
            self.got_one.clear()
            await self.got_one.wait()
        return self.seconds


@asynccontextmanager
async def reading(path: Path, start: int = 0, look_every_s: float = NEVER_S) -> AsyncIterator[Reader]:
    reader = Reader(JournalTail(path, look_every_s=look_every_s), start)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(reader.run())
        yield reader
        task.cancel()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "steps.csv"


async def test_what_is_there_is_read_from_the_stored_offset_on(path: Path) -> None:
    append(path, line(1) + line(2) + line(3))

    async with reading(path, start=len(line(1))) as reader:
        assert await reader.until(2) == [2, 3]
        assert reader.read[-1].next_offset == 3 * len(line(1))


async def test_a_hint_is_enough_to_read_on_at_once(path: Path) -> None:
    append(path, line(1))
    async with reading(path) as reader:
        await reader.until(1)
        append(path, line(2))
        reader.tail.hint()
        assert await reader.until(2) == [1, 2]


async def test_without_hints_it_looks_by_itself(path: Path) -> None:
    async with reading(path, look_every_s=0.01) as reader:
        append(path, line(1))
        assert await reader.until(1) == [1]


async def test_a_journal_that_is_not_there_yet_is_waited_for(path: Path) -> None:
    async with reading(path, start=500) as reader:
        await reader.tail.caught_up()
        append(path, line(1))
        reader.tail.hint()
        assert await reader.until(1) == [1]


async def test_a_torn_last_line_is_read_when_its_end_has_come(path: Path) -> None:
    async with reading(path) as reader:
        append(path, line(1) + line(2)[:20])
        await reader.tail.caught_up()
        assert reader.seconds == [1]
        append(path, line(2)[20:])
        await reader.tail.caught_up()
        assert reader.seconds == [1, 2]


async def test_caught_up_means_every_line_that_was_there_has_been_read(path: Path) -> None:
    append(path, b"".join(line(n) for n in range(5000)))

    async with reading(path) as reader:
        await reader.tail.caught_up()
        assert len(reader.read) == 5000
        append(path, line(1))
        await asyncio.gather(reader.tail.caught_up(), reader.tail.caught_up())
        assert len(reader.read) == 5001


async def test_a_journal_renamed_away_is_read_to_its_end_and_then_the_new_one_from_its_beginning(path: Path) -> None:
    append(path, line(1))
    async with reading(path) as reader:
        await reader.until(1)
        old = rename_away(path)
        append(old, line(2))
        append(path, line(3))
        await reader.tail.caught_up()
        assert reader.seconds == [1, 2, 3]
        assert reader.read[-1].offset == 0


async def test_a_journal_cut_short_is_read_from_its_beginning(path: Path) -> None:
    append(path, line(1) + line(2))
    async with reading(path) as reader:
        await reader.until(2)
        truncate(path)
        append(path, line(3))
        await reader.tail.caught_up()
        assert reader.seconds == [1, 2, 3]


async def test_a_stored_offset_that_does_not_fit_the_file_counts_for_nothing(path: Path) -> None:
    append(path, line(1) + line(2))

    for start in (7, 10_000):
        async with reading(path, start=start) as reader:
            assert await reader.until(2) == [1, 2]


async def test_the_same_offset_in_a_new_file_is_another_event(path: Path) -> None:
    append(path, line(1))
    async with reading(path) as reader:
        await reader.until(1)
        rename_away(path)
        append(path, line(2))
        await reader.tail.caught_up()

    first, second = (one for one in reader.read if isinstance(one, JournalLine))
    assert first.offset == second.offset
    assert first.key != second.key


async def test_a_bad_line_stops_nothing(path: Path) -> None:
    append(path, line(1) + b"rubbish\n" + line(2))

    async with reading(path) as reader:
        assert await reader.until(3) == [1, 2]
        assert isinstance(reader.read[1], BadLine)


@pytest.fixture
def unreadable(path: Path) -> Path:
    path.mkdir()  # opening a directory fails, for root too
    return path


async def test_a_journal_that_cannot_be_read_now_is_read_later(unreadable: Path) -> None:
    async with reading(unreadable) as reader:
        await reader.tail.caught_up()
        rename_away(unreadable)
        append(unreadable, line(1))
        await reader.tail.caught_up()
        assert reader.seconds == [1]
