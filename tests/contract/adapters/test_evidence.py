"""The pack of evidence on a nuisance caller: whole, signed, and every change of it shows."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from callflow.adapters.recordings import RecordingFiles
from callflow.adapters.sql.evidence import SqlEvidence
from callflow.domain import commands as c
from callflow.domain.calls import Call
from callflow.domain.names import AgentId, Recorded, RecordingId
from callflow.service.evidence import check, problems, sign
from tests.contract.adapters.books import NOW, Books, MakeCall, opening
from tests.contract.adapters.conftest import ulid

KEY = Ed25519PrivateKey.generate()
PRIVATE = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
AGENT = AgentId("8001")


class Nuisance:
    """A number that has rung three times and was marked twice, with one recording; and somebody else."""

    def __init__(self, gov: Books, folder: Path) -> None:
        self.gov, self.folder = gov, folder
        self.books = SqlEvidence(gov.database, "12345", RecordingFiles(folder, 1), PRIVATE)
        self.recording = RecordingId(ulid())
        self.calls: list[Call] = []

    async def happens(self, a_call: MakeCall) -> None:
        (self.folder / f"{self.recording}.alaw").write_bytes(b"\x55" * 8000)
        for nth, marked in enumerate((True, False, True)):
            call = a_call(arrived_at=NOW + nth)
            self.calls.append(call)
            taped = c.KeepRecording(call.call_id, call.incident_id, self.recording, Recorded.CALL, NOW, NOW + 1)
            marks = [c.MarkNuisance(call.call_id, call.incident_id, AGENT)] if marked else []
            await self.gov.write(call, opening(call), *marks, *([taped] if nth == 2 else []), at=NOW + nth)
        other = a_call(caller={"number": "19900002222"})
        await self.gov.write(other, opening(other), c.MarkNuisance(other.call_id, other.incident_id, AGENT))

    async def pack(self) -> str:
        made = await self.books.pack(self.calls[0].call_id, by="8100", at=NOW + 60)
        assert made is not None
        return made

    def wav(self) -> bytes:
        tape = RecordingFiles(self.folder, 1).tape(self.recording)
        assert tape is not None
        return b"".join(tape.read(0, tape.size - 1))


@pytest.fixture
async def nuisance(gov: Books, tmp_path: Path, a_call: MakeCall) -> Nuisance:
    made = Nuisance(gov, tmp_path)
    await made.happens(a_call)
    return made


def document_of(pack: str) -> dict[str, Any]:
    payload = pack.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


@pytest.mark.covers("R-098", "X-5")
async def test_it_has_the_marked_calls_with_times_and_recordings_and_holds(nuisance: Nuisance) -> None:
    pack = await nuisance.pack()
    said = document_of(pack)

    first, _, third = nuisance.calls
    assert (said["site"], said["number"], said["by"]) == ("12345", "19900001111", "8100")
    assert [(one["call_id"], one["at"]) for one in said["marks"]] == [(first.call_id, NOW), (third.call_id, NOW + 2)]
    assert [one["arrived_at"] for one in said["calls"]] == [NOW, NOW + 2]
    assert [one["recording_id"] for one in said["recordings"]] == [nuisance.recording]
    assert said["audit_broken_at"] is None
    assert "evidence_made" in {row["what"] for row in said["audit"]}
    assert "19900002222" not in json.dumps(said)
    assert problems(pack, PUBLIC, {nuisance.recording: nuisance.wav()}) == []


@pytest.mark.covers("R-098", "X-5")
async def test_an_altered_pack_row_or_recording_shows(nuisance: Nuisance) -> None:
    pack = await nuisance.pack()
    head, body, mark = pack.split(".")
    said = document_of(pack)
    said["audit"][1]["at"] += 1

    assert problems(f"{head}.{body[:-4]}AAAA.{mark}", PUBLIC, {}) == [
        "the signature is not this site's, or the pack was altered"
    ]
    assert problems(sign(said, PRIVATE), PUBLIC, {}) == [f"audit row {said['audit'][1]['entry']} is not what it was"]
    assert problems(pack, PUBLIC, {nuisance.recording: nuisance.wav()[:-1] + b"x"}) == [
        f"recording {nuisance.recording} is not the one that was kept"
    ]


@pytest.mark.covers("R-098")
async def test_the_police_check_it_with_the_public_key_they_have(
    nuisance: Nuisance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack, key, tape = tmp_path / "pack.jws", tmp_path / "12345.pub", tmp_path / f"{nuisance.recording}.wav"
    pack.write_text(await nuisance.pack(), "utf-8")
    key.write_bytes(PUBLIC)
    tape.write_bytes(nuisance.wav())

    right = check([str(pack), str(key), str(tape)])
    tape.write_bytes(b"another")
    wrong = check([str(pack), str(key), str(tape)])

    assert (right, wrong) == (0, 1)
    assert "is not the one that was kept" in capsys.readouterr().out


async def test_there_is_none_about_who_was_never_marked(nuisance: Nuisance) -> None:
    assert await nuisance.books.pack(nuisance.calls[1].call_id, by="8100", at=NOW) is None
