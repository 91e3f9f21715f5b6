"""Exactly what crosses between the platforms (requirement R-066), and what it means at the other side."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from ulid import ULID

from callflow.domain import events as e
from callflow.domain.calls import Call
from callflow.domain.commands import MarkTicket, SettleOwner
from callflow.domain.names import SiteId, Verified
from callflow.service.message_parts import Suggestion
from callflow.service.messages import FIRST_LINK, KINDS, ExchangeMessage, Matter
from callflow.service.take_in import KeepPeerAttempt, LinkTicket, OpenLinkedTicket, to_facts

NOW = 1_795_312_800.0
GOV, POLICE = SiteId("12345"), SiteId("110")
MakeCall = Callable[..., Call]

HEAD = {"v", "minor", "id", "kind", "issuer", "audience", "incident_id", "seq", "prev_hash", "occurred_at", "body"}
MATTER = {
    "number",
    "presentation",
    "verified",
    "note",
    "suggestion",
    "ticket_id",
    "first_receiver",
    "region",
    "consent",
    "danger",
    "nuisance",
    "confidential",
    "language",
}
CROSSING = {
    "handover": MATTER | {"attempt_id", "kind", "by"},
    "danger": MATTER,
    "ticket": {"ticket_id"},
    "outcome": {"attempt_id", "outcome"},
    "owner_decision": {"accept"},
    "note": {"note", "language"},
    "owner_settled": {"owner", "settled"},
    "dispatch": MATTER | {"channel", "level", "matter", "category", "location", "summary", "reason", "beside"},
    "call": {
        *("call_id", "phase", "arrived_at", "answered_at", "ended_at", "end_cause"),
        *("agents", "attempts", "recordings"),
    },
    "step": {"ticket_id", "version", "step", "state", "level", "unit", "text", "satisfied", "by"},
}
SUGGESTION = {
    "platform",
    "hotlines",
    "category",
    "categories",
    "department",
    "level",
    "danger",
    "confidence",
    "action",
    "evidence",
    "question",
    "version",
}
STATED: dict[str, Any] = {
    "number": "19900001111",
    "presentation": "allowed",
    "verified": "network",
    "note": "n",
    "suggestion": None,
    "ticket_id": "GD20261122000001",
    "first_receiver": "12345",
    "region": "510100",
    "consent": "agreed",
    "danger": False,
    "attempt_id": str(ULID()),
    "kind": "one_key",
}


@pytest.mark.covers("R-066", "R-045")
def test_exactly_these_fields_cross() -> None:
    assert set(ExchangeMessage.model_fields) == HEAD
    assert {kind: set(body.model_fields) for kind, body in KINDS.items()} == CROSSING
    assert set(Suggestion.model_fields) == SUGGESTION


def message(kind: str, body: dict[str, Any]) -> ExchangeMessage:
    return ExchangeMessage.model_validate(
        {
            "id": str(ULID()),
            "kind": kind,
            "issuer": GOV,
            "audience": POLICE,
            "incident_id": str(ULID()),
            "seq": 1,
            "prev_hash": FIRST_LINK,
            "occurred_at": NOW,
            "body": body,
        }
    )


def meaning(kind: str, body: dict[str, Any], *calls: Call, believe: bool = True) -> Any:
    return to_facts(message(kind, body), calls, site=POLICE, believe_identity=believe, at=NOW)


@pytest.mark.covers("R-061")
def test_a_handover_without_a_voice_leg_opens_the_linked_ticket() -> None:
    meant = meaning("handover", STATED)

    (record,) = meant.records
    assert isinstance(record, OpenLinkedTicket)
    assert (record.peer, record.matter.number, record.matter.ticket_id) == (GOV, "19900001111", "GD20261122000001")
    assert meant.events == ()


def test_the_word_of_a_peer_that_is_not_believed_is_only_a_claim() -> None:
    (record,) = meaning("handover", STATED, believe=False).records

    assert record.matter.verified is Verified.CLAIMED


@pytest.mark.covers("R-008")
@pytest.mark.parametrize("kind", ["handover", "danger"])
def test_danger_reaches_the_call_and_the_ticket(kind: str, a_call: MakeCall) -> None:
    call = a_call(site=POLICE)

    meant = meaning(kind, STATED | {"danger": True}, call)

    assert isinstance(meant.records[0], OpenLinkedTicket)
    assert meant.events[-1] == e.PeerDanger(call.call_id, NOW, GOV)


def test_a_danger_message_cannot_say_that_there_is_none() -> None:
    with pytest.raises(ValidationError):
        message("danger", STATED)


def test_the_peers_ticket_is_linked_and_told(a_call: MakeCall) -> None:
    call = a_call(site=POLICE)

    meant = meaning("ticket", {"ticket_id": "GD1"}, call)

    assert [type(record) for record in meant.records] == [LinkTicket]
    assert meant.events == (e.PeerTicketOpened(call.call_id, NOW, GOV, "GD1"),)  # type: ignore[arg-type] # a plain str here


@pytest.mark.parametrize(("outcome", "mark"), [("joined", "connected"), ("busy", "not_connected")])
def test_how_the_attempt_ended_marks_the_ticket(outcome: str, mark: str) -> None:
    attempt_id = str(ULID())

    marked, kept = meaning("outcome", {"attempt_id": attempt_id, "outcome": outcome}).records

    assert isinstance(marked, MarkTicket)
    assert marked.mark == mark
    assert isinstance(kept, KeepPeerAttempt)
    assert (kept.attempt_id, kept.outcome, kept.peer) == (attempt_id, outcome, GOV)


@pytest.mark.covers("R-006", "R-007")
def test_the_owner_is_settled_by_the_call_or_without_one_in_the_books(a_call: MakeCall) -> None:
    said = {"owner": "110", "settled": "agreed"}
    call = a_call(site=POLICE)

    with_call, without = meaning("owner_settled", said, call), meaning("owner_settled", said)

    assert with_call.events == (e.PeerOwnerSettled(call.call_id, NOW, GOV, POLICE, "agreed"),)
    assert with_call.records == ()
    assert [type(record) for record in without.records] == [SettleOwner]


@pytest.mark.parametrize(
    ("kind", "body"), [("owner_settled", {"owner": "028", "settled": "agreed"}), ("weather", {"rain": True})]
)
def test_what_means_nothing_here_does_nothing(kind: str, body: dict[str, Any], a_call: MakeCall) -> None:
    meant = meaning(kind, body, a_call(site=POLICE))

    assert (meant.records, meant.events) == ((), ())


@pytest.mark.covers("T-06", "T-19")
@pytest.mark.parametrize("number", ["110'--", "1${SHELL(id)}", "1\r\nX: y", "9" * 40, "&PJSIP/1"])
def test_a_number_from_a_peer_is_a_number(number: str) -> None:
    with pytest.raises(ValidationError):
        message("handover", STATED | {"number": number})


def test_a_suggestion_that_cannot_be_read_does_not_hold_up_the_handover() -> None:
    body = message("handover", STATED | {"suggestion": {"platform": "?"}}).body

    assert isinstance(body, Matter)
    assert body.suggestion is None
