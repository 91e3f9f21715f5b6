"""Noise, other versions, wrong certificates: refused with a code; and no log tells who the caller is."""

import json
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientError
from structlog.testing import capture_logs
from ulid import ULID

from callflow.lab.keys import SiteKeys, SiteNeeds, load_keys, make_keys
from callflow.service.messages import Handover
from callflow.service.signatures import (
    SIZE_LIMIT,
    Keyring,
    Refused,
    open_envelope,
    open_message,
)
from tests.contract.exchange.line import (
    GOV,
    NET,
    NOW,
    POLICE,
    STRANGER,
    Platform,
    a_message,
    kept,
    post,
    refused,
    sending,
    tls_of,
)

pytestmark = pytest.mark.covers("T-15", "R-060")


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "你好", "." * 50, "A" * 5000, "e30.e30.e30", '{"payload":"","signatures":[]}']
)
async def test_noise_is_malformed_and_never_our_fault(door: Platform, token: str) -> None:
    assert await refused(token, door) in {"malformed", "unknown-key"}


async def test_too_much_is_refused(gov: Platform, door: Platform) -> None:
    assert await refused("A" * (SIZE_LIMIT + 1), door) == "too-large"
    assert await refused(gov.signer.envelope("A" * SIZE_LIMIT, POLICE, NOW), door) == "too-large"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"[" * 3000, b'{"v":1}', b"\xff\xfe"])
async def test_a_signed_text_that_is_no_message_is_malformed(gov: Platform, door: Platform, payload: bytes) -> None:
    token = gov.signer.envelope(gov.signer.message(payload), POLICE, NOW)

    assert await refused(token, door) == "malformed"


async def test_a_wrong_field_of_a_known_kind_is_malformed(gov: Platform, door: Platform) -> None:
    fields = json.loads(a_message().payload()) | {"kind": "handover", "body": {"number": "110'; DROP TABLE"}}

    token = gov.signer.envelope(gov.signer.message(json.dumps(fields).encode()), POLICE, NOW)

    assert await refused(token, door) == "malformed"


@pytest.mark.covers("R-045")
async def test_a_newer_peers_fields_and_kinds_are_let_pass(gov: Platform, door: Platform) -> None:
    newer = json.loads(a_message().payload()) | {"mood": "sunny"}
    newer["body"]["because"] = "we know"
    unknown = json.loads(a_message(kind="weather").payload()) | {"body": {"rain": True}}

    for fields in (newer, unknown):
        token = gov.signer.envelope(gov.signer.message(json.dumps(fields).encode()), POLICE, NOW)
        status, _ = await post(token, door.gov_tls)
        assert status == 200


async def test_another_version_is_refused(gov: Platform, door: Platform) -> None:
    assert await refused(sending(gov.signer, a_message(v=2)), door) == "version-not-spoken"


async def test_an_envelope_is_not_a_message_and_a_receipt_is_neither(gov: Platform, door: Platform) -> None:
    message = a_message()
    envelope = sending(gov.signer, message)
    opened = open_message(gov.signer.message(message.payload()), sender=GOV, site=POLICE, keyring=door.keyring)

    assert await refused(gov.signer.message(message.payload()), door) == "malformed"
    assert await refused(gov.signer.envelope(envelope, POLICE, NOW), door) == "malformed"
    assert await refused(gov.signer.receipt(opened, NOW), door) == "malformed"


@pytest.mark.parametrize("how", ["none", "another authority", "expired"])
@pytest.mark.covers("T-18")
async def test_without_a_right_certificate_there_is_no_conversation(
    gov: Platform, door: Platform, tmp_path: Path, how: str
) -> None:
    tls = ssl.create_default_context(cafile=gov.keys.ca_certificate)
    if how != "none":
        made_at = datetime.now(UTC) - timedelta(days=120 if how == "expired" else 0)
        make_keys(tmp_path / "other", [SiteNeeds(GOV, (f"{NET}.11",), (), (), ())], made_at)
        other = load_keys(tmp_path / "other", GOV)
        tls.load_cert_chain(other.tls_certificate, other.tls_key)

    with pytest.raises((ClientError, OSError)):
        await post(sending(gov.signer, a_message()), tls)
    assert await kept(door) == (0, 0)


@pytest.mark.covers("T-18")
async def test_we_do_not_talk_to_a_server_of_another_authority_or_to_an_older_tls(
    gov: Platform, door: Platform, tmp_path: Path
) -> None:
    make_keys(tmp_path / "other", [SiteNeeds(GOV, (f"{NET}.11",), (), (), ())])
    elsewhere = load_keys(tmp_path / "other", GOV)
    older = door.gov_tls
    with pytest.raises((ClientError, OSError)):
        await post("x", tls_of(replace(elsewhere, tls_certificate=gov.keys.tls_certificate, tls_key=gov.keys.tls_key)))
    older.minimum_version = ssl.TLSVersion.TLSv1_2
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ClientError, OSError)):
        await post("x", older)


def test_what_was_signed_for_one_peer_does_not_open_with_anothers_keys(gov: Platform, stranger_keys: SiteKeys) -> None:
    envelope = sending(gov.signer, a_message())

    with pytest.raises(Refused, match="unknown-key"):
        open_envelope(envelope, sender=GOV, site=STRANGER, keyring=Keyring(stranger_keys.peer_keys), now=NOW)


@pytest.mark.covers("T-16", "R-002")
async def test_no_log_line_of_the_exchange_holds_a_number_or_a_note(gov: Platform, door: Platform) -> None:
    body = Handover.model_validate(
        {
            "number": "19900001111",
            "presentation": "withheld",
            "verified": "network",
            "note": "楼上有人打架",
            "suggestion": None,
            "ticket_id": "GD20261122000001",
            "first_receiver": GOV,
            "region": "510100",
            "consent": "agreed",
            "danger": False,
            "attempt_id": str(ULID()),
            "kind": "one_key",
        }
    )
    message = a_message(kind="handover", body=body)
    with capture_logs() as logs:
        for token in (sending(gov.signer, message), sending(gov.signer, message, at=0), sending(gov.signer, message)):
            await post(token, door.gov_tls)

    assert len(logs) >= 2
    assert "19900001111" not in str(logs)
    assert "打架" not in str(logs)
