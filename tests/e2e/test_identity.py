"""Hostile callers: what they write into their INVITE stays text. No forged event, no forged line, no command run."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agi.journal import JournalLine, read_line
from callflow.adapters.uui import PairKey, Uui
from callflow.domain.names import IncidentId, SiteId, Verified
from callflow.lab.keys import load_keys
from callflow.lab.plan import Plan
from tests.e2e.raw_caller import AmiEar, Forgery, ami_ear, ring_and_give_up
from tests.e2e.scene import Scene, eventually, pid_of

TRUSTED, STRANGER = "30", "31"
"""Last octets of the lab's carriers (architecture §6, Lab)."""

OWN_EVENTS = {"FullyBooted", "UserEvent", "DialState", "OriginateResponse"}
"""What the account's filters let through; anything else was written by a caller."""

FORGED_INCIDENT = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def corpus(call_id: str, channel: str, canary: Path) -> Iterator[Forgery]:
    """A small honest corpus: every place × every trick, aimed at this live call and at this file."""
    hangup = f"\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nChannel: {channel}\r\nUniqueid: 6.6\r\n\r\n"
    ringing = (
        f"1\r\n\r\nEvent: DialState\r\nPrivilege: call,all\r\nDestChannel: {channel}\r\nDialStatus: RINGING\r\n\r\n"
    )
    line = f"1\n1700000000.000,ended,{call_id},,,{channel},{channel},6.6,cause=38\n"
    environment = "1\nagi_network_script: target\nagi_arg_1: forged\n\n"
    run = (
        f"${{SHELL(touch {canary})}}",
        f"${{SYSTEM(touch {canary})}}",
        f"`touch {canary}`",
        f"$(touch {canary})",
        f'1" & System(touch {canary}) & "',
        f"1)}}]|System(touch {canary})",
        f"${{FILE({canary},,,al,u)}}",
        f"1,2)&Local/s@danger/n&System(touch {canary})",
    )
    for text in (f"1{hangup}", f"1{ringing}", line, environment, *run, "1" * 400, "\0\r\n", "%"):
        wire = quote(text, safe="")
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", " ").replace("\0", "")
        yield Forgery("From", user=wire)
        yield Forgery("P-Asserted-Identity", headers=(f"P-Asserted-Identity: <sip:{wire}@x.invalid>",))
        yield Forgery("tel PAI", headers=(f"P-Asserted-Identity: <tel:{wire}>",))
        yield Forgery("display name", display=f'"{quoted}" ')
        yield Forgery("Diversion", headers=(f'Diversion: "{quoted}" <sip:{wire}@x.invalid>;reason=deflection',))
        yield Forgery("User-to-User", headers=(f"User-to-User: {wire};encoding=hex", f"Privacy: {wire};id"))
        yield Forgery("folded", headers=(f"Privacy: id\r\n {quoted}", f"P-Asserted-Identity : <sip:{wire}@x>"))


def lines_after(journal: Path, offset: int) -> list[bytes]:
    """What was written into the journal from this byte on."""
    return journal.read_bytes()[offset:].splitlines()


def read_all(raw: list[bytes]) -> list[JournalLine]:
    """The lines as the program reads them; none may be bad."""
    read = [read_line(text, 0, 0) for text in raw]
    assert [line for line in read if not isinstance(line, JournalLine)] == []
    return [line for line in read if isinstance(line, JournalLine)]


async def call_now(scene: Scene, call_id: str) -> Any:
    """GET /calls/{call_id} at 12345."""
    assert scene.zhang.desk is not None
    return (await scene.zhang.desk.ask("GET", f"/calls/{call_id}")).body


@pytest.mark.covers("T-06", "T-07", "T-08")
@pytest.mark.parametrize("octet", [TRUSTED, STRANGER], ids=["trusted carrier", "stranger"])
async def test_nothing_that_a_caller_writes_becomes_an_event_a_line_or_a_command(
    octet: str, scene: Scene, tmp_path: Path
) -> None:
    site, canary = scene.plan.sites[0], tmp_path / "canary"
    await scene.talk()
    call_id = await scene.call_id()
    journal = site.place.journal / "steps.csv"
    channel = read_all(journal.read_bytes().splitlines())[-1].caller_channel
    before, offset, program = (
        await call_now(scene, call_id),
        journal.stat().st_size,
        pid_of(scene.plan, "12345", "python"),
    )
    forgeries = list(corpus(call_id, channel, canary))

    async with ami_ear(site.host, 5038, load_keys(scene.plan.keys, SiteId("12345")).ami_secret) as ear:
        codes = [await ring_and_give_up(f"{scene.plan.net}.{octet}", site.host, "12345", each) for each in forgeries]
        taken = [each for each, code in zip(forgeries, codes, strict=True) if code == 180]
        lines = read_all(await eventually(lambda: _journalled(journal, offset), lambda raw: _ended(raw) == len(taken)))

    assert len(taken) > len(forgeries) / 2, "most of them came through to the dialplan"
    arrived = [line for line in lines if line.step == "arrived"]
    assert len(arrived) == len(taken)
    assert {line.step for line in lines} <= {"arrived", "queued", "ended"}
    assert call_id not in {line.call_id for line in lines}
    assert {line.detail.get("number", "") for line in arrived} <= {"", "13800138199"}
    assert {line.detail.get("uui", "") for line in arrived} == {""}
    assert len([event for event in ear.events() if event["Event"] == "UserEvent"]) >= len(arrived), "the ear heard them"
    assert events_not_our_own(ear) == []
    assert not canary.exists()
    assert await call_now(scene, call_id) == before, "the call beside was not touched"
    assert scene.silences() == []
    assert pid_of(scene.plan, "12345", "python") == program
    await scene.citizen_hangs_up()


async def _journalled(journal: Path, offset: int) -> list[bytes]:
    return lines_after(journal, offset)


def _ended(raw: list[bytes]) -> int:
    return sum(b",ended," in text for text in raw)


def events_not_our_own(ear: AmiEar) -> list[dict[str, str]]:
    """Events that only a caller can have written."""
    return [event for event in ear.events() if event["Event"] not in OWN_EVENTS or "6.6" in event.values()]


@pytest.mark.covers("T-07")
async def test_a_carriers_user_to_user_is_ignored_even_with_a_right_signature(scene: Scene) -> None:
    plan, journal = scene.plan, scene.plan.sites[0].place.journal / "steps.csv"
    police = load_keys(plan.keys, SiteId("110"))
    stolen = Uui(SiteId("110"), {SiteId("12345"): PairKey(1, police.uui_keys[SiteId("12345")])})
    signed = stolen.sign(IncidentId(FORGED_INCIDENT), 2, Verified.NETWORK, SiteId("12345"), time.time())
    headers = (
        f"User-to-User: {signed};encoding=hex;purpose=hotline-linkage",
        f"Call-Info: <urn:emergency:uid:incidentid:{FORGED_INCIDENT}:110>;purpose=emergency-IncidentId",
        f"P-Asserted-Identity: <sip:13800138199@{plan.net}.{TRUSTED}>",
    )
    offset = journal.stat().st_size

    code = await ring_and_give_up(f"{plan.net}.{TRUSTED}", plan.sites[0].host, "12345", Forgery("uui", headers=headers))
    lines = read_all(await eventually(lambda: _journalled(journal, offset), _ended))

    assert code == 180
    assert FORGED_INCIDENT not in {line.incident_id for line in lines}
    assert (lines[0].detail["uui"], lines[0].detail["hop"], lines[0].detail["via"]) == ("", "0", "carrier2")
    assert await scene.trace(scene.zhang, FORGED_INCIDENT) == {}


@pytest.mark.covers("T-09")
@pytest.mark.parametrize(
    "number",
    ["110", "12345", "119", "120", "122", "86110", "+86110", "0086110", "02812345", "+862812345", "8602812345"],
)
async def test_a_service_number_is_never_believed_as_a_strangers_own(number: str, running: Plan) -> None:
    journal, host = running.sites[0].place.journal / "steps.csv", running.sites[0].host
    offset = journal.stat().st_size
    headers = (f"P-Asserted-Identity: <sip:{number}@{host}>", f"Remote-Party-ID: <sip:{number}@{host}>")

    await ring_and_give_up(f"{running.net}.{STRANGER}", host, "12345", Forgery("posing", user=number, headers=headers))
    lines = read_all(await eventually(lambda: _journalled(journal, offset), _ended))

    (arrived,) = [line for line in lines if line.step == "arrived"]
    assert (arrived.detail.get("number", ""), arrived.detail["mark"]) == ("", "refused")
    assert not re.search(number.lstrip("+"), arrived.detail.get("from", ""))
