"""Asterisk's logs and records: put aside when full, forgotten when old; Asterisk is told of what it keeps open."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from callflow.guard.shelf import DAY_S, Shelf
from callflow.guard.wall import WallDown

NOW = 1_795_337_117.0
MASTER = Path("cdr-csv") / "Master.csv"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Queue[bytes]]:
    """What Asterisk is told over its control socket."""
    heard: Queue[bytes] = Queue()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(tmp_path / "asterisk.ctl"))
    listener.listen()

    def answer() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with one:
                one.sendall(b"pbx/1/22.10.1\n")
                heard.put(one.recv(100))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    for folder in ("cdr-csv", "cel-custom"):
        (tmp_path / folder).mkdir()
    return Shelf(tmp_path, tmp_path / "asterisk.ctl", most_bytes=10, old=2, keep_days=180)


def test_a_record_is_put_aside_when_it_is_full_and_asterisk_needs_no_word_of_it(
    shelf: Shelf, told: Queue[bytes]
) -> None:
    for text in ("one line\n", "two lines\ntwo lines\n", "three\nthree\n", "four\nfour\n"):
        (shelf.folder / MASTER).write_text(text)
        shelf.tidy()

    kept = {path.name: path.read_text() for path in (shelf.folder / "cdr-csv").iterdir()}
    assert kept == {"Master.csv.1": "four\nfour\n", "Master.csv.2": "three\nthree\n"}
    assert told.empty()


def test_a_log_that_asterisk_keeps_open_is_begun_anew(shelf: Shelf, told: Queue[bytes]) -> None:
    (shelf.folder / "full").write_text("0123456789")

    assert shelf.tidy() == ["full"]
    assert told.get(timeout=5) == b"logger reload\0"


def test_a_log_that_is_the_engines_own_is_left_alone(shelf: Shelf) -> None:
    (shelf.folder / "far").write_text("0123456789" * 9)
    (shelf.folder / "full").symlink_to(shelf.folder / "far")

    assert shelf.tidy() == []


def test_what_has_lain_there_for_too_long_goes(shelf: Shelf) -> None:
    for number, days in (("1", 10), ("2", 181)):
        aside = shelf.folder / f"{MASTER}.{number}"
        aside.write_text("x")
        os.utime(aside, (NOW - days * DAY_S,) * 2)
    (shelf.folder / f"{MASTER}.mine").write_text("x")
    os.utime(shelf.folder / f"{MASTER}.mine", (0, 0))

    assert shelf.forget(NOW) == ["Master.csv.2"]


def test_an_asterisk_that_does_not_answer_is_told_again(shelf: Shelf) -> None:
    (shelf.folder / "full").write_text("0123456789")

    for _ in range(2):
        with pytest.raises(WallDown):
            shelf.tidy()
