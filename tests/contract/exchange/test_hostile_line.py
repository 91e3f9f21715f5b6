"""Replays, forgeries, wrong peers and clocks: refused with a code, and nothing of it is kept."""

import base64
from typing import Any

import pytest

from callflow.lab.keys import SiteKeys
from callflow.service.messages import OwnerDecision, digest
from callflow.service.signatures import (
    CLOCK_LIMIT_S,
    Signer,
    open_receipt,
)
from tests.contract.exchange.line import (
    GOV,
    NOW,
    POLICE,
    STRANGER,
    Platform,
    a_message,
    kept,
    next_after,
    post,
    refused,
    sending,
    tls_of,
)

pytestmark = pytest.mark.covers("T-15", "R-060")


async def test_a_right_message_gets_a_receipt_signed_by_the_peer(gov: Platform, door: Platform) -> None:
    message = a_message()

    status, token = await post(sending(gov.signer, message), door.gov_tls)

    assert (status, await kept(door)) == (200, (1, 0))
    receipt = open_receipt(str(token), peer=POLICE, site=GOV, keyring=gov.keyring)
    assert (receipt.message_id, receipt.digest) == (message.id, digest(message.payload()))


async def test_the_same_message_in_a_fresh_envelope_gets_a_receipt_again_and_is_not_acted_on(
    gov: Platform, door: Platform
) -> None:
    message = a_message()

    answers = [await post(sending(gov.signer, message), door.gov_tls) for _ in range(3)]

    assert [status for status, _ in answers] == [200, 200, 200]
    assert len(door.taken) == 1


async def test_a_replayed_envelope_is_refused(gov: Platform, door: Platform) -> None:
    token = sending(gov.signer, a_message())
    await post(token, door.gov_tls)
    door.kept_before = (1, 0)

    assert await refused(token, door) == "replayed"


async def test_any_altered_octet_is_refused(gov: Platform, door: Platform) -> None:
    token = sending(gov.signer, a_message())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    codes = set()
    for place in range(0, len(token), 37):
        letter = token[place]
        other = "." if letter == "." else alphabet[(alphabet.index(letter) + 32) % 64]
        codes.add(await refused(token[:place] + ("A" if other == "." else other) + token[place + 1 :], door))

    assert codes <= {"signature-wrong", "unknown-key", "malformed"}
    assert "signature-wrong" in codes


async def test_a_message_altered_inside_a_right_envelope_is_refused(gov: Platform, door: Platform) -> None:
    head, payload, signature = gov.signer.message(a_message().payload()).split(".")
    changed = base64.urlsafe_b64decode(payload + "==").replace(b"true", b"null")
    forged = ".".join((head, base64.urlsafe_b64encode(changed).decode().rstrip("="), signature))

    assert await refused(gov.signer.envelope(forged, POLICE, NOW), door) == "signature-wrong"


async def test_a_site_outside_the_trust_table_is_refused_though_its_certificate_is_right(
    stranger_keys: SiteKeys, door: Platform
) -> None:
    signer = Signer(STRANGER, stranger_keys.exchange_key)

    token = sending(signer, a_message(issuer=STRANGER))

    assert await refused(token, door, tls_of(stranger_keys)) == "unknown-key"


async def test_a_right_envelope_from_another_sites_connection_is_refused(
    gov: Platform, stranger_keys: SiteKeys, door: Platform
) -> None:
    assert await refused(sending(gov.signer, a_message()), door, tls_of(stranger_keys)) == "wrong-peer"


@pytest.mark.parametrize("changes", [{"issuer": POLICE}, {"issuer": STRANGER}, {"audience": GOV}])
async def test_a_message_in_another_sites_name_or_to_another_site_is_refused(
    gov: Platform, door: Platform, changes: dict[str, Any]
) -> None:
    assert await refused(sending(gov.signer, a_message(**changes)), door) == "wrong-peer"


async def test_an_envelope_for_another_site_is_refused(gov: Platform, door: Platform) -> None:
    assert await refused(sending(gov.signer, a_message(), to=STRANGER), door) == "wrong-peer"


@pytest.mark.parametrize("late_s", [-CLOCK_LIMIT_S - 1, CLOCK_LIMIT_S + 1, 86_400])
async def test_an_envelope_from_another_time_is_refused(gov: Platform, door: Platform, late_s: float) -> None:
    assert await refused(sending(gov.signer, a_message(), at=NOW - late_s), door) == "clock"


@pytest.mark.parametrize("late_s", [-CLOCK_LIMIT_S + 1, CLOCK_LIMIT_S - 1])
async def test_a_clock_that_is_a_little_off_is_borne(gov: Platform, door: Platform, late_s: float) -> None:
    status, _ = await post(sending(gov.signer, a_message(), at=NOW - late_s), door.gov_tls)

    assert status == 200


async def test_a_message_that_happened_long_ago_is_taken_when_it_is_sent_now(gov: Platform, door: Platform) -> None:
    status, _ = await post(sending(gov.signer, a_message(occurred_at=NOW - 30 * 86_400)), door.gov_tls)

    assert status == 200


async def test_a_gap_is_named_with_the_number_that_is_due(gov: Platform, door: Platform) -> None:
    first = a_message()
    await post(sending(gov.signer, first), door.gov_tls)

    status, problem = await post(sending(gov.signer, next_after(next_after(first))), door.gov_tls)

    assert isinstance(problem, dict)
    assert (status, problem["code"], problem["expected"]) == (409, "sequence-gap", 2)


async def test_a_second_story_under_a_number_that_was_taken_is_refused(gov: Platform, door: Platform) -> None:
    first = a_message()
    await post(sending(gov.signer, first), door.gov_tls)
    door.kept_before = (1, 0)
    other = a_message(incident_id=first.incident_id, body=OwnerDecision(accept=False))

    assert await refused(sending(gov.signer, other), door) == "chain-forked"
    assert await refused(sending(gov.signer, next_after(other)), door) == "chain-forked"
