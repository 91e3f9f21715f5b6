"""A peer with names of his own (R-062): two profiles, one story; nobody's chain or signature minds."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from callflow.service.exchange import Mode
from callflow.service.messages import KINDS
from callflow.service.profiles import OURS, Profile
from callflow.service.signatures import Refused, open_message
from callflow.site_trunks import Names
from callflow.sitefile import SiteFileError, load_site
from tests.contract.exchange import story
from tests.contract.exchange.conftest import GOV, NET, POLICE, SITES, a_platform
from tests.contract.exchange.record_corpus import CORPUS

Platform = Any
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
CITY = {
    "fields": {"number": "bjdh", "note": "bjnr", "ticket_id": "jjdbh", "state": "警单状态", "danger": "wx"},
    "words": {"presentation": {"allowed": "1", "withheld": "2", "unavailable": "3"}, "state": {"signed": "01"}},
}
PROVINCE = {"fields": {"number": "lxdh", "note": "sqnr", "ticket_id": "gdbh", "category": "number_1"}}
BODIES = [json.loads(line) for line in (CORPUS / "1.0.jsonl").read_text("utf-8").splitlines()]


def profile_of(names: dict[str, Any]) -> Profile:
    return Names.model_validate(names).profile


@pytest.mark.covers("R-062")
@pytest.mark.parametrize("names", [CITY, PROVINCE, {}])
def test_whatever_leaves_with_a_peers_names_comes_back_as_ours(names: dict[str, Any]) -> None:
    profile = profile_of(names)
    for message in BODIES:
        assert profile.inward(profile.outward(message["body"])) == message["body"]


@pytest.mark.covers("R-062")
async def test_two_peers_with_different_names_understand_the_same_site(gov: Platform, police: Platform) -> None:
    """One matter, said to both; each reads it with the profile that was agreed with him, and with no other."""
    profiles = [profile_of(names) for names in (CITY, PROVINCE)]
    handover = next(one for one in BODIES if one["kind"] == "handover" and one["issuer"] == GOV)
    wires = [handover | {"body": profile.outward(handover["body"])} for profile in profiles]
    read = []
    for wire, profile, other in zip(wires, profiles, profiles[::-1], strict=True):
        token = gov.signer.message(json.dumps(wire).encode())
        opened = open_message(token, sender=GOV, site=POLICE, keyring=police.keyring, profile=profile)
        read.append(opened.message.body)
        for wrong in (other, OURS):
            with pytest.raises(Refused, match="malformed"):
                open_message(token, sender=GOV, site=POLICE, keyring=police.keyring, profile=wrong)

    assert [set(wire["body"]) & {"bjdh", "lxdh", "number"} for wire in wires] == [{"bjdh"}, {"lxdh"}]
    assert wires[0]["body"]["presentation"] == "1"
    assert read[0] == read[1] == KINDS["handover"].model_validate(handover["body"])


@pytest.mark.covers("R-062", "R-040")
async def test_the_whole_story_is_told_in_the_peers_names(
    tmp_path: Path, keys_dir: Path, empty_books: Path, until: Until
) -> None:
    names = {"names": Names.model_validate(CITY)}
    gov, police = [
        await a_platform(tmp_path, keys_dir, empty_books, site, Mode.PUSH, **names) for site in (GOV, POLICE)
    ]
    try:
        for platform in (gov, police):
            await platform.open_door()
            platform.start_lines()
        incident_id = await story.one_key(gov, police, until)
        await until(lambda: _nothing_waits(gov, police))
        ours, theirs = [await side.tickets.ticket_of(incident_id) for side in (gov, police)]
        (handover,) = [one for one in await _sent(gov) if one["kind"] == "handover"]
    finally:
        for platform in (gov, police):
            await platform.close()

    assert (ours.ticket_id, ours.peer_ticket_id) == (theirs.peer_ticket_id, theirs.ticket_id)
    assert (theirs.caller_number, theirs.peer_note) == ("19900001111", "楼上有人打架，有人持刀")
    assert (handover["body"]["bjdh"], handover["body"]["jjdbh"]) == ("19900001111", ours.ticket_id)


async def _nothing_waits(gov: Platform, police: Platform) -> bool:
    return not await gov.outgoing.unsent(POLICE, 1) and not await police.outgoing.unsent(GOV, 1)


async def _sent(platform: Platform) -> list[dict[str, Any]]:
    links = await platform.outgoing.chains(POLICE, "", None)
    for incident in {link.incident_id for link in links}:
        await platform.outgoing.send_again(POLICE, incident, 1)
    return [json.loads(one.payload) for one in await platform.outgoing.unsent(POLICE, 100)]


@pytest.mark.covers("R-062")
@pytest.mark.parametrize(
    ("names", "why"),
    [
        ('fields = {nmber = "bjdh"}', "no message has a field nmber"),
        ('fields = {number = "note"}', "two fields would be called note"),
        ('fields = {number = "x", note = "x"}', "two fields would be called x"),
        ('words = {presentation = {allowed = "1", withheld = "1"}}', "two words of presentation would be the same"),
        ('fields = {number = "a b"}', "String should match pattern"),
    ],
)
def test_names_that_could_not_be_read_back_stop_the_start(tmp_path: Path, names: str, why: str) -> None:
    text = (SITES / "12345.toml").read_text("utf-8").replace("uui_key_id = 1\n", f"uui_key_id = 1\nnames.{names}\n")
    (tmp_path / "12345.toml").write_text(text, "utf-8")

    with pytest.raises(SiteFileError, match=why):
        load_site(tmp_path / "12345.toml", NET)


@pytest.mark.covers("R-050")
def test_files_without_folders_stop_the_start(tmp_path: Path) -> None:
    text = (SITES / "12345.toml").read_text("utf-8")
    text = text.replace("uui_key_id = 1\n", 'uui_key_id = 1\nexchange_out = "file"\n')
    (tmp_path / "12345.toml").write_text(text, "utf-8")

    with pytest.raises(SiteFileError, match="exchange_folders"):
        load_site(tmp_path / "12345.toml", NET)
