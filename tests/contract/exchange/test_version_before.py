"""A peer of message version 1.0 and we of today: what was recorded of him is understood, and he understands us."""

import json
from typing import Any

import pytest

from callflow.service.messages import KINDS, MAJOR, MINOR, ExchangeMessage
from callflow.service.signatures import open_message
from tests.contract.exchange import version_1_0 as before
from tests.contract.exchange.conftest import GOV, POLICE
from tests.contract.exchange.record_corpus import CORPUS, record

Platform = Any
RECORDED = [line.encode() for line in (CORPUS / "1.0.jsonl").read_text("utf-8").splitlines()]


def test_the_record_has_every_kind_of_its_version() -> None:
    assert {json.loads(payload)["kind"] for payload in RECORDED} == set(before.KINDS)
    assert all("minor" not in json.loads(payload) for payload in RECORDED)


@pytest.mark.covers("R-045", "R-040", "R-043")
async def test_what_sites_of_1_0_said_is_taken_and_makes_the_same_pairs(gov: Platform, police: Platform) -> None:
    """Each site of today hears only recordings: the other one is played by its own old messages."""
    for payload in RECORDED:
        here, there = (gov, police) if json.loads(payload)["issuer"] == GOV else (police, gov)
        envelope = here.signer.envelope(here.signer.message(payload), there.id, there.now)
        await there.door.inflow.take(envelope, here.id)

    assert len(gov.taken) + len(police.taken) == len(RECORDED)
    for site, issuer in ((police, GOV), (gov, POLICE)):
        said = [json.loads(payload) for payload in RECORDED if json.loads(payload)["issuer"] == issuer]
        for incident in {one["incident_id"] for one in said if one["kind"] in ("handover", "dispatch")}:
            ticket = await site.tickets.ticket_of(incident)
            (his,) = {
                one["body"]["ticket_id"]
                for one in said
                if one["incident_id"] == incident and "ticket_id" in one["body"]
            }
            assert (ticket.peer, ticket.peer_ticket_id, ticket.first_receiver) == (issuer, his, issuer)
            stands = [one["body"]["state"] for one in said if one["incident_id"] == incident and one["kind"] == "step"]
            assert ticket.peer_state == (stands[-1] if stands else "")


@pytest.mark.covers("R-045")
async def test_a_site_of_1_0_understands_all_that_we_say() -> None:
    """Of every message that leaves today it reads the fields that it knows, as we meant them."""
    kinds = set()
    for text in await record():
        ours = ExchangeMessage.model_validate_json(text)
        read = before.ExchangeMessage.model_validate_json(text)
        kinds.add(ours.kind)
        known = set(before.KINDS.get(ours.kind, before.Body).model_fields)
        assert (ours.v, ours.minor, read.v) == (MAJOR, MINOR, 1)
        assert read.body.model_dump(mode="json") == ours.body.model_dump(mode="json", include=known)
    assert kinds == set(KINDS)


@pytest.mark.covers("R-045")
async def test_fields_of_a_newer_peer_are_kept_aside_as_he_signed_them(gov: Platform, police: Platform) -> None:
    newer = json.loads(RECORDED[0]) | {"minor": MINOR + 1, "mood": "sunny"}
    newer["body"] = newer["body"] | {"weather": "rain"}
    token = gov.signer.message(json.dumps(newer).encode())

    opened = open_message(token, sender=GOV, site=POLICE, keyring=police.keyring)
    await police.door.inflow.take_dropped(token, GOV)

    assert opened.aside == ("mood", "weather")
    kept = await police.inbox.chain_end(GOV, newer["incident_id"])
    assert (kept.seq, kept.digest) == (1, opened.digest)


def test_what_was_recorded_is_written_today_as_it_was_then() -> None:
    """The same words in the same form; only what came since is beside them."""
    for payload in RECORDED:
        again, known = json.loads(ExchangeMessage.model_validate_json(payload).payload()), json.loads(payload)
        body = known.pop("body")
        assert known.items() <= again.items()
        assert body.items() <= again["body"].items()
