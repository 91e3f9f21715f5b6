"""Secrets are made, never chosen; a weak one stops the start."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from callflow.domain.names import AgentId, SiteId
from callflow.lab.keys import KeysError, SiteNeeds, load_keys, make_keys
from callflow.lab.strength import LEAST_BITS, bits_of

GOV = SiteId("12345")
NEEDS = SiteNeeds(site=GOV, addresses=("127.0.0.11",), names=(), agents=(AgentId("8001"),), peers=())


@pytest.mark.parametrize("made", [secrets.token_hex(16), secrets.token_hex(24), secrets.token_urlsafe(24)])
def test_what_was_made_by_chance_is_strong(made: str) -> None:
    assert bits_of(made) >= LEAST_BITS


@pytest.mark.parametrize(
    "chosen", ["", "8001", "12345678901234567890", "a" * 64, "password1234", "Hotline-12345!", "0123456789abcdef"]
)
def test_what_a_person_would_choose_is_weak(chosen: str) -> None:
    assert bits_of(chosen) < LEAST_BITS


@pytest.mark.covers("T-02")
def test_every_secret_that_is_made_for_a_lab_holds_128_bits(tmp_path: Path) -> None:
    make_keys(tmp_path, [NEEDS])
    text = json.loads((tmp_path / GOV / "secrets.json").read_text())

    found = [text["ami"], text["redis"], text["session"], *text["agents"]["8001"].values()]
    assert min(map(bits_of, found)) >= LEAST_BITS
    assert len(set(found)) == len(found)


@pytest.mark.covers("T-02")
@pytest.mark.parametrize("where", ["ami", "redis", "session", "sip_password", "desk_password"])
@pytest.mark.parametrize("chosen", ["8001", "twice"])
def test_a_weak_secret_or_one_used_twice_stops_the_start(where: str, chosen: str, tmp_path: Path) -> None:
    make_keys(tmp_path, [NEEDS])
    path = tmp_path / GOV / "secrets.json"
    text = json.loads(path.read_text())
    holder = text if where in text else text["agents"]["8001"]
    other = text["ami"] if where != "ami" else text["redis"]
    holder[where] = other if chosen == "twice" else chosen
    path.write_text(json.dumps(text))

    with pytest.raises(KeysError, match="can be guessed") as refused:
        load_keys(tmp_path, GOV)
    assert chosen not in str(refused.value).replace("8001.", "") or chosen == "twice"
