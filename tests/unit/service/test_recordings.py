"""The keeper of the recordings: not longer than allowed, and never until the disk is full."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from callflow.adapters.recordings import FULL, HEADER_BYTES, RecordingFiles, wav_header
from callflow.domain.names import RecordingId
from callflow.service.ports import FactsAway
from callflow.service.recordings import DAY_S, KeptRecording, RecordingKeeper

NOW = 1_795_312_800.0
OLD, YOUNG = RecordingId("01JREC0000000000000000000A"), RecordingId("01JREC0000000000000000000B")


class Shelf:
    """The books in memory."""

    def __init__(self) -> None:
        self.begun = {OLD: NOW - 200 * DAY_S, YOUNG: NOW - 100 * DAY_S}
        self.gone: list[RecordingId] = []
        self.is_away = False

    async def of_call(self, _call_id: str) -> Sequence[KeptRecording]:
        return ()

    async def recording(self, _recording_id: RecordingId) -> KeptRecording | None:
        return None

    async def heard(self, _recording: KeptRecording, **_who: object) -> None:
        raise AssertionError("a keeper listens to nothing")

    async def expired(self, before: float) -> Sequence[RecordingId]:
        if self.is_away:
            raise FactsAway("away")
        return [one for one, at in self.begun.items() if at < before and one not in self.gone]

    async def deleted(self, gone: Sequence[RecordingId], at: float) -> None:
        assert at == NOW
        self.gone += gone


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def keeper(folder: Path, shelf: Shelf, min_free_mb: int = 0, *, is_on: bool = True) -> RecordingKeeper:
    for one in shelf.begun:
        (folder / f"{one}.alaw").write_bytes(b"\xd5" * 800)
    return RecordingKeeper(shelf, RecordingFiles(folder, min_free_mb), 180, is_on, lambda: NOW)


async def test_a_recording_whose_days_are_over_is_deleted_and_the_others_stay(tmp_path: Path) -> None:
    shelf = Shelf()

    assert await keeper(tmp_path, shelf).sweep() == 1

    assert shelf.gone == [OLD]
    assert names(tmp_path) == [f"{YOUNG}.alaw"]


async def test_while_the_database_is_away_nothing_is_deleted(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.is_away = True

    assert await keeper(tmp_path, shelf).sweep() == 0

    assert len(names(tmp_path)) == 2


@pytest.mark.covers("C-16")
async def test_a_disk_that_fills_forbids_new_recordings_and_space_allows_them_again(tmp_path: Path) -> None:
    nearly_full = keeper(tmp_path, Shelf(), min_free_mb=1 << 40)
    await nearly_full.look()
    was_forbidden = (tmp_path / FULL).exists()
    roomy = keeper(tmp_path, Shelf(), min_free_mb=1)
    await roomy.look()

    assert nearly_full.forbidden is not None
    assert "new calls are not recorded" in nearly_full.forbidden
    assert (was_forbidden, (tmp_path / FULL).exists(), roomy.forbidden) == (True, False, None)


async def test_where_nothing_is_recorded_the_disk_is_nobodys_business(tmp_path: Path) -> None:
    off = keeper(tmp_path, Shelf(), min_free_mb=1 << 40, is_on=False)
    await off.look()

    assert (off.forbidden, (tmp_path / FULL).exists()) == (None, False)


def test_of_a_consult_only_what_was_private_is_given_out(tmp_path: Path) -> None:
    keeper(tmp_path, Shelf())
    files = RecordingFiles(tmp_path, 0)

    whole, part = files.tape(YOUNG), files.tape(YOUNG, most_s=0.05)
    assert whole is not None
    assert part is not None
    assert (whole.length_s, part.length_s) == (0.1, 0.05)
    assert b"".join(part.read(0, part.size - 1)) == wav_header(400) + b"\xd5" * 400


def test_the_header_says_what_the_file_is() -> None:
    header = wav_header(16_000)

    assert len(header) == HEADER_BYTES
    assert struct.unpack_from("<4sI8s", header) == (b"RIFF", 16_000 + HEADER_BYTES - 8, b"WAVEfmt ")
    assert struct.unpack_from("<HHII", header, 20) == (6, 1, 8000, 8000)
    assert struct.unpack_from("<4sI", header, HEADER_BYTES - 8) == (b"data", 16_000)
