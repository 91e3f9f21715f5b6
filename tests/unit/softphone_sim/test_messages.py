"""SIP messages come out of PJSIP's log whole, and their identity headers are read as a phone reads them."""

import pytest

from softphone_sim.phone.messages import SipMessage, from_log, parse_message, user_of

INVITE = (
    "INVITE sip:9001@127.0.0.1 SIP/2.0\r\n"
    'f: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=x\r\n'
    "P-Asserted-Identity: <sip:13800138000@127.0.0.1>\r\n"
    "Diversion: <sip:12345@127.0.0.1>\r\n ;reason=deflection\r\n"
    "Call-Info: <urn:a>\r\nCall-Info: <urn:b>\r\n"
    "i: abc\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n"
)


def message(text: str = INVITE) -> SipMessage:
    return parse_message(text, time_ns=1, is_sent=False, peer="")


def test_compact_folded_and_repeated_headers_are_read() -> None:
    invite = message()

    assert (invite.method, invite.code, invite.call_id) == ("INVITE", None, "abc")
    assert invite.header("DIVERSION") == "<sip:12345@127.0.0.1> ;reason=deflection"
    assert invite.all("call-info") == ["<urn:a>", "<urn:b>"]
    assert invite.body == "v=0\n"


def test_a_phone_shows_the_asserted_number_before_from() -> None:
    assert message().shown_number == "13800138000"
    assert message(INVITE.replace("P-Asserted-Identity", "X-Nothing")).shown_number == "anonymous"


def test_a_response_knows_what_it_answers() -> None:
    refusal = message("SIP/2.0 486 Busy Here\r\nCSeq: 7 INVITE\r\n\r\n")

    assert (refusal.code, refusal.method) == (486, "INVITE")


@pytest.mark.parametrize(("way", "is_sent"), [("TX", True), ("RX", False)])
def test_a_log_entry_gives_the_message_and_its_peer(way: str, *, is_sent: bool) -> None:
    to_from = "to" if is_sent else "from"
    entry = f".{way} 500 bytes Request msg INVITE/cseq=1 (tdta0x1) {to_from} UDP 127.0.0.1:5060:\n{INVITE}\n--end msg--"

    found = from_log(entry, 5)

    assert found is not None
    assert (found.is_sent, found.peer, found.time_ns, found.method) == (is_sent, "127.0.0.1:5060", 5, "INVITE")


def test_other_log_entries_are_no_messages() -> None:
    assert from_log("pjsua_core.c Transport added --end msg--", 5) is None


@pytest.mark.parametrize(
    ("value", "user"),
    [
        ("<sip:138@h>", "138"),
        ("sips:138@h;x=1", "138"),
        ("<tel:+86138>", "+86138"),
        ("<sip:h>", None),
        (None, None),
    ],
)
def test_the_user_part_of_a_uri(value: str | None, user: str | None) -> None:
    assert user_of(value) == user
