"""A journal in pieces: nothing is lost and nothing comes twice, whoever reads and whenever it is renamed."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from pathlib import Path

import pytest

from agi.journal import JournalLine
from agi.rotation import forget, pieces, rotate
from agi.tail import JournalTail

CALL = "01J00000000000000000000000"


def write(journal: Path, first: int, count: int) -> None:
    """As Asterisk does: opened for every line."""
    for number in range(first, first + count):
        with journal.open("ab") as file:
            file.write(f"1795000000.{number:03},waiting,{CALL},,,,,,\n".encode())


async def read(journal: Path, start: int, count: int) -> list[JournalLine]:
    """The next so many lines from this offset on."""
    tail = JournalTail(journal, look_every_s=0.01)
    found: list[JournalLine] = []
    async with asyncio.timeout(5), aclosing(tail.lines(start)) as lines:
        async for line in lines:
            assert isinstance(line, JournalLine)
            found.append(line)
            if len(found) == count:
                break
    return found


def numbers(lines: list[JournalLine]) -> list[int]:
    return [round(line.at * 1000) % 1000 for line in lines]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "steps.csv"


@pytest.mark.covers("C-01")
async def test_a_reader_who_comes_late_reads_over_every_rotation_from_where_he_was(journal: Path) -> None:
    write(journal, 0, 5)
    (third,) = (await read(journal, 0, 3))[-1:]
    rotate(journal, 0)
    write(journal, 5, 5)
    rotate(journal, 0)
    write(journal, 10, 5)

    rest = await read(journal, third.next_offset, 12)

    assert numbers(rest) == list(range(3, 15))
    assert [line.offset for line in rest] == sorted({line.offset for line in rest})
    assert len({line.key for line in rest}) == 12


async def test_offsets_go_on_growing_so_that_the_stored_one_is_never_behind(journal: Path) -> None:
    write(journal, 0, 3)
    before = (await read(journal, 0, 3))[-1]
    rotate(journal, 0)
    write(journal, 3, 1)

    (after,) = await read(journal, before.next_offset, 1)

    assert after.offset == before.next_offset


async def test_while_somebody_reads_a_rotation_loses_no_line_not_even_one_of_a_slow_writer(journal: Path) -> None:
    write(journal, 0, 2)
    tail = JournalTail(journal, look_every_s=0.01)
    found: list[JournalLine] = []
    async with asyncio.timeout(5), aclosing(tail.lines(0)) as lines:
        async for line in lines:
            assert isinstance(line, JournalLine)
            found.append(line)
            if len(found) == 2:
                slow = os.open(journal, os.O_WRONLY | os.O_APPEND)  # opened before, written after the renaming
                rotate(journal, 0)
                write(journal, 3, 1)
                os.write(slow, f"1795000000.002,waiting,{CALL},,,,,,\n".encode())
                os.close(slow)
            if len(found) == 4:
                break

    assert numbers(found) == [0, 1, 2, 3]


def test_only_a_journal_that_is_large_enough_is_rotated(journal: Path) -> None:
    assert rotate(journal, 0) is None
    write(journal, 0, 2)
    assert rotate(journal, 1000) is None
    piece = rotate(journal, 10)

    assert piece is not None
    assert (piece.name, journal.exists()) == ("steps.000000000000000.csv", False)


def test_old_pieces_go_and_the_newest_stays_because_it_says_where_the_next_begins(journal: Path) -> None:
    for turn in range(3):
        write(journal, turn, 1)
        piece = rotate(journal, 0)
        assert piece is not None
        os.utime(piece, (turn, turn))
    ends = [piece.end for piece in pieces(journal)]

    gone = forget(journal, before=1000.0)

    assert len(gone) == 2
    assert [piece.end for piece in pieces(journal)] == ends[-1:]
