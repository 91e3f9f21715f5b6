"""The security log may be rotated in any way, at any moment, without blinding the guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from callflow.guard.tail import LogTail, Place

Open = Callable[[Path, Place], LogTail]


@pytest.fixture
def tail_of() -> Iterator[Open]:
    with ExitStack() as at_the_end:

        def open_one(path: Path, place: Place) -> LogTail:
            one = LogTail(path, place)
            at_the_end.callback(one.close)
            return one

        yield open_one


def test_lines_come_whole_and_once(tmp_path: Path, tail_of: Open) -> None:
    path = tmp_path / "security"
    tail = tail_of(path, Place())
    assert tail.chunk() == []

    path.write_bytes(b"one\ntw")
    assert tail.chunk() == [b"one"]
    with path.open("ab") as file:
        file.write(b"o\nthree\n")
    assert tail.chunk() == [b"two", b"three"]
    assert tail.chunk() == []


def test_a_file_that_was_renamed_is_read_to_its_end_before_the_new_one(tmp_path: Path, tail_of: Open) -> None:
    path = tmp_path / "security"
    path.write_bytes(b"one\n")
    tail = tail_of(path, Place())
    assert tail.chunk() == [b"one"]

    old = path.rename(tmp_path / "security.1")
    assert tail.chunk() == []
    with old.open("ab") as file:  # Asterisk writes into the old one until it is told
        file.write(b"two\n")
    path.write_bytes(b"three\n")

    assert tail.chunk() == [b"two"]
    assert tail.chunk() == [b"three"]


def test_a_file_that_was_copied_and_cut_short_is_read_from_its_beginning(tmp_path: Path, tail_of: Open) -> None:
    path = tmp_path / "security"
    path.write_bytes(b"one\ntwo\n")
    tail = tail_of(path, Place())
    tail.chunk()

    path.write_bytes(b"new\n")

    assert tail.chunk() == [b"new"]


def test_after_a_restart_it_goes_on_where_it_was_in_the_same_file_only(tmp_path: Path, tail_of: Open) -> None:
    path = tmp_path / "security"
    path.write_bytes(b"one\ntwo\nhal")
    first = tail_of(path, Place())
    first.chunk()
    place = first.place
    first.close()
    with path.open("ab") as file:
        file.write(b"f\n")

    assert tail_of(path, place).chunk() == [b"half"]
    assert tail_of(path, Place(place.inode + 1, place.offset)).chunk() == [b"one", b"two", b"half"]


def test_a_line_without_an_end_fills_no_memory(tmp_path: Path, tail_of: Open) -> None:
    path = tmp_path / "security"
    path.write_bytes(b"x" * 3_000_000 + b"\nnext\n")
    tail = tail_of(path, Place())

    lines = [line for _ in range(20) for line in tail.chunk()]

    assert lines[-1] == b"next"
    assert max(map(len, lines)) < 1_000_000
