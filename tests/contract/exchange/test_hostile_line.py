"""What is refused at the exchange's door, with which code, and that nothing of it is kept."""

import base64
import json
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector
from sqlalchemy import func, select
from structlog.testing import capture_logs
from ulid import ULID

from callflow.adapters.exchange_http import client_tls
from callflow.adapters.sql.tables import inbox, tickets
from callflow.domain.names import SiteId
from callflow.lab.keys import SiteKeys, SiteNeeds, load_keys, make_keys
from callflow.service.exchange import (
    CLOCK_LIMIT_S,
    SIZE_LIMIT,
    Keyring,
    Refused,
    Signer,
    open_envelope,
    open_receipt,
)
from callflow.service.messages import FIRST_LINK, ExchangeMessage, Handover, OwnerDecision, digest

NOW = 1_795_312_800.0
GOV, POLICE, STRANGER = SiteId("12345"), SiteId("110"), SiteId("028")
DOOR = "https://127.0.106.12:8443/exchange/v1/messages"
Platform = Any
Answer = tuple[int, dict[str, Any] | str]

pytestmark = pytest.mark.covers("T-15", "R-060")


def a_message(**changes: Any) -> ExchangeMessage:
    fields: dict[str, Any] = {
        "id": str(ULID()),
        "kind": "owner_decision",
        "issuer": GOV,
        "audience": POLICE,
        "incident_id": str(ULID()),
        "seq": 1,
        "prev_hash": FIRST_LINK,
        "occurred_at": NOW,
        "body": OwnerDecision(accept=True),
    }
    return ExchangeMessage(**fields | changes)


def next_after(message: ExchangeMessage, **changes: Any) -> ExchangeMessage:
    follow = {"incident_id": message.incident_id, "seq": message.seq + 1, "prev_hash": digest(message.payload())}
    return a_message(**follow | changes)


def sending(signer: Signer, message: ExchangeMessage, *, at: float = NOW, to: SiteId = POLICE) -> str:
    return signer.envelope(signer.message(message.payload()), to, at)


def tls_of(keys: SiteKeys) -> ssl.SSLContext:
    return client_tls(keys.ca_certificate, keys.tls_certificate, keys.tls_key)


async def post(token: str, tls: ssl.SSLContext) -> Answer:
    async with ClientSession(connector=TCPConnector(ssl=tls)) as session, session.post(DOOR, data=token) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if answer.status != 200 else text


async def refused(token: str, platform: Platform, tls: ssl.SSLContext | None = None) -> str:
    """Post it and return the code of the refusal, after looking that the log has it and the books have nothing."""
    with capture_logs() as logs:
        status, problem = await post(token, tls or platform.gov_tls)
    assert isinstance(problem, dict), "it was taken"
    assert status == problem["status"]
    assert [entry["code"] for entry in logs if entry["event"] == "exchange message refused"] == [problem["code"]]
    assert await kept(platform) == platform.kept_before
    return str(problem["code"])


async def kept(platform: Platform) -> tuple[int, int]:
    async def count(connection: Any) -> tuple[int, int]:
        return (
            await connection.scalar(select(func.count()).select_from(inbox)),
            await connection.scalar(select(func.count()).select_from(tickets)),
        )

    result: tuple[int, int] = await platform.database.read(count)
    return result


@pytest.fixture
def door(police: Platform, gov: Platform) -> Platform:
    police.gov_tls, police.kept_before = gov.client_tls(), (0, 0)
    return police


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
    assert await refused(sending(gov.signer, a_message(v=2)), door) == "malformed"


async def test_an_envelope_is_not_a_message_and_a_receipt_is_neither(gov: Platform, door: Platform) -> None:
    message = a_message()
    envelope = sending(gov.signer, message)
    opened = open_envelope(envelope, tls_site=GOV, site=POLICE, keyring=door.keyring, now=NOW)

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
        make_keys(tmp_path / "other", [SiteNeeds(GOV, ("127.0.106.11",), (), (), ())], made_at)
        other = load_keys(tmp_path / "other", GOV)
        tls.load_cert_chain(other.tls_certificate, other.tls_key)

    with pytest.raises((ClientError, OSError)):
        await post(sending(gov.signer, a_message()), tls)
    assert await kept(door) == (0, 0)


@pytest.mark.covers("T-18")
async def test_we_do_not_talk_to_a_server_of_another_authority_or_to_an_older_tls(
    gov: Platform, door: Platform, tmp_path: Path
) -> None:
    make_keys(tmp_path / "other", [SiteNeeds(GOV, ("127.0.106.11",), (), (), ())])
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
        open_envelope(envelope, tls_site=GOV, site=STRANGER, keyring=Keyring(stranger_keys.peer_keys), now=NOW)


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
