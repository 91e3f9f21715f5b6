"""Text from the wire stays text: no event, no line, no command, no second target, whoever listens (T-05 to T-08, T-13).

Two accounts listen on AMI: the program's own, and one that is sent everything, in this lab only.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callflow.domain.names import SiteId
from callflow.lab.keys import load_keys
from callflow.lab.plan import Plan, SitePlan
from tests.e2e.entries import invite, journal_after, journal_size, step_after, waiting_caller
from tests.e2e.far_end import carrier
from tests.e2e.raw_caller import Forgery, ring_and_give_up
from tests.e2e.scene import Scene, eventually, pid_of
from tests.replay.record import Account, add_everything, tap
from tests.security.payloads import HONEST, MARK, dialled, placed, texts

TRUSTED, STRANGER = "30", "31"
FORGED_EVENT = re.compile(rb"(?m)^(%s|Uniqueid: 6\.6)" % MARK.encode())
ANY_LINE = re.compile(rb"\r\n|[\r\n\v\f\x1c-\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9]")
"""Whatever any reader could take for the end of a line (str.splitlines)."""

CDR_COLUMNS, CEL_COLUMNS = 17, 6


@dataclass(slots=True)
class Witnesses:
    """Everything that one PBX said and wrote since the story began."""

    site: SitePlan
    own: bytearray = field(default_factory=bytearray)
    everything: bytearray = field(default_factory=bytearray)
    offsets: dict[Path, int] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, Path]:
        """The records and logs beside the journal."""
        log = self.site.place.log
        return {
            "cdr": log / "cdr-csv" / "Master.csv",
            "cel": log / "cel-custom" / "cel.csv",
            "full": log / "full",
            "security": log / "security",
            "program": log / "callflow.out",
        }

    def begin(self) -> None:
        """Remember where every file ends."""
        self.offsets = {path: path.stat().st_size if path.exists() else 0 for path in self.files.values()}

    def written(self, name: str) -> str:
        """What this file has more than at the beginning."""
        path = self.files[name]
        found = path.read_bytes()[self.offsets[path] :] if path.exists() else b""
        return found.decode("utf-8", "surrogateescape")

    def forged(self, *, but_all_events: bool = False) -> list[str]:
        """Every trace of a forged line, by the witness that has it; [] is the promise."""
        found = [f"AMI, own account: {line!r}" for line in ANY_LINE.split(self.own) if FORGED_EVENT.match(line)]
        told = b"" if but_all_events else bytes(self.everything)
        found += [f"AMI, all events: {line!r}" for line in told.split(b"\r\n") if FORGED_EVENT.match(line)]
        for name, columns in (("cdr", CDR_COLUMNS), ("cel", CEL_COLUMNS)):
            rows = list(csv.reader(self.written(name).split("\n")[:-1], strict=True))
            found += [f"{name}: {row}" for row in rows if len(row) != columns]
        for name in ("full", "security", "program"):
            found += [f"{name}: {line}" for line in self.written(name).split("\n")[:-1] if not is_json(line)]
        return found


def is_json(line: str) -> bool:
    """A whole JSON object, or the separator that the JSON logger writes when it opens a file."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return line.startswith("[") and "Asterisk" in line and MARK not in line


@pytest.fixture
async def witnesses(running: Plan) -> AsyncIterator[Witnesses]:
    """Both accounts listen to 12345, and its files are watched."""
    seen = Witnesses(running.sites[0])
    own = Account("callflow", load_keys(running.keys, SiteId("12345")).ami_secret)
    async with AsyncExitStack() as taps:
        await taps.enter_async_context(tap(seen.site, add_everything(running, seen.site), seen.everything))
        await taps.enter_async_context(tap(seen.site, own, seen.own))
        seen.begin()
        yield seen


@pytest.mark.covers("T-06", "T-07", "T-08")
@pytest.mark.parametrize("octet", [TRUSTED, STRANGER], ids=["trusted carrier", "stranger"])
async def test_no_field_of_an_invite_becomes_anything_but_text(
    octet: str, scene: Scene, witnesses: Witnesses, tmp_path: Path
) -> None:
    site, canary = witnesses.site, tmp_path / "canary"
    program = pid_of(scene.plan, "12345", "python")
    await scene.talk()
    live = journal_after(site, 0)[-1]
    offset, sent, in_the_queue = journal_size(site), 0, 0

    for name, text in texts(canary, live.caller_channel).items():
        for forgery in placed(name, text):
            code = await ring_and_give_up(f"{scene.plan.net}.{octet}", site.host, "12345", forgery)
            sent, in_the_queue = sent + 1, in_the_queue + (code == 180)
        wrong = await ring_and_give_up(f"{scene.plan.net}.{octet}", site.host, "12345", dialled(name, text))
        assert wrong in {0, 400, 404, 414, 484}, f"{name} dialled: {wrong}"

    async def lines() -> list[str]:
        return [line.step for line in journal_after(site, offset)]

    await eventually(lines, lambda steps: steps.count("ended") >= in_the_queue)
    written = journal_after(site, offset)
    arrived = [line for line in written if line.step == "arrived"]
    assert in_the_queue > sent / 2, "most of them came through to the dialplan"
    assert len(arrived) == in_the_queue, "one INVITE, one call"
    assert {line.step for line in written} <= {"arrived", "queued", "ended"}
    assert live.call_id not in {line.call_id for line in written}
    assert {line.detail.get("number", "") for line in arrived} <= {"", HONEST}
    assert {line.detail.get("uui", "") for line in arrived} == {""}
    assert len(re.findall(rb"Event: Newchannel\r\n", witnesses.everything)) >= in_the_queue, "the tap heard them"
    assert witnesses.forged() == []
    assert not canary.exists()
    assert pid_of(scene.plan, "12345", "python") == program
    assert scene.silences() == []
    await scene.citizen_hangs_up()


ANSWERS = {
    "reason phrase": ("486 {raw}", ()),
    "302 Contact": ("302 Moved", ("Contact: <sip:{user}@x.invalid>",)),
    "302 target": ("302 Moved", ("Contact: <sip:PJSIP%2F0086139%40carrier@x.invalid>",)),
    "identity": ("486 Busy", ("P-Asserted-Identity: <sip:{user}@x>", "Remote-Party-ID: <sip:{user}@x>")),
    "Reason": ("603 Decline", ('Reason: Q.850;cause=21;text="{user}"', "Warning: 399 x {user}", "Server: {raw}")),
    "Diversion": ("480 Gone", ("Diversion: <sip:{user}@x.invalid>;reason=x", "History-Info: <sip:{user}@x>;index=1")),
}


REDIRECTS = {place for place in ANSWERS if place.startswith("302")}


@pytest.mark.covers("T-06", "T-07", "T-13")
@pytest.mark.parametrize("places", [set(ANSWERS) - REDIRECTS, REDIRECTS], ids=["refusals", "redirects"])
async def test_no_answer_of_a_target_becomes_anything_but_a_failed_attempt(
    places: set[str], running: Plan, witnesses: Witnesses, tmp_path: Path
) -> None:
    site, canary = witnesses.site, tmp_path / "canary"
    async with carrier(f"{running.net}.20") as end:
        for text in texts(canary, "PJSIP/carrier-00000001").values():
            encoded = next(iter(placed("", text))).user[:1500]
            raw = re.sub(r"[\x00-\x1f\x80-\uffff]", " ", text)[:500]
            for place in sorted(places):
                status, headers = ANSWERS[place]
                end.status = status.format(raw=raw, user=encoded)
                end.headers = tuple(header.format(raw=raw, user=encoded) for header in headers)
                async with waiting_caller(site, f"{running.net}.{TRUSTED}", Forgery("honest")) as caller:
                    offset, rung = journal_size(site), len(end.came)
                    await invite(running, site, "119", caller)
                    failed = await step_after(site, offset, "failed")
                asked = [one for one in end.came[rung:] if one.method == "INVITE"]
                assert len(asked) == 1, f"{place}: one target, rung once"
                assert failed.detail["sip"] in {status[:3], ""}, place

    # A 302's Contact does stand, decoded, in DialEnd; the program's account is not sent that event.
    assert witnesses.forged(but_all_events=places == REDIRECTS) == []
    assert not canary.exists()


FIELDS = ["target", "kind", "consent", "number", "caller_number", "from", "trunk"]


@pytest.mark.covers("T-05", "T-10")
async def test_no_field_of_the_desks_requests_reaches_the_pbx(
    scene: Scene, witnesses: Witnesses, tmp_path: Path
) -> None:
    await scene.talk()
    call_id, desk = await scene.call_id(), scene.zhang.desk
    assert desk is not None
    witnesses.everything.clear()

    for text in texts(tmp_path / "canary", "x").values():
        clean = text.encode("utf-8", "replace").decode()
        for name in FIELDS:
            asked = {"target": "110", "kind": "one_key", "consent": "agreed"} | {name: clean}
            answer = await desk.ask("POST", f"/calls/{call_id}/handover", asked)
            assert answer.status in {400, 403, 422, 429}, f"{name}: {answer.status}"
        for path, body in (
            ("note", {"text": clean}), ("owner", {"decision": clean}), ("consent", {"consent": clean}),
            ("handover/cancel", {"target": clean}), ("release", {"who": clean}),
        ):  # fmt: skip
            await desk.ask("POST", f"/calls/{call_id}/{path}", body)

    assert re.findall(rb"Channel: Local/", witnesses.everything) == [], "no entry was run"
    note = f"1\n\n{MARK}: 1\nAction: Originate\nVariable: FILE({tmp_path / 'canary'},,,a)=x\n"
    taken = await desk.ask("POST", f"/calls/{call_id}/handover", asked_with(note))
    assert taken.status == 202, "a note may have lines"
    await scene.rings()
    entries = set(re.findall(rb"Channel: (Local/\w+@\w+-\w+)", witnesses.everything))
    assert len([name for name in entries if b"@agi-" not in name]) == 1, "one entry for one key"
    assert witnesses.forged() == []
    assert not (tmp_path / "canary").exists()
    assert scene.silences() == []
    await scene.citizen_hangs_up()


def asked_with(note: str) -> dict[str, str]:
    """A right request with this note."""
    return {"target": "110", "kind": "one_key", "consent": "agreed", "note": note}
