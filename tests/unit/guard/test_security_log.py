"""Reading Asterisk's security log, lines as Asterisk 22.10.1 wrote them; and what attackers wrote into them."""

from __future__ import annotations

import json
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.domain.bans import Reason
from callflow.guard.security_log import Unreadable, read_line

TRUE = "198.51.100.7"
FALSE = "203.0.113.20"


def line(
    event: str,
    *,
    account: str = "8001",
    session: str = "a@b",
    rest: str = "",
    kind: str = "UDP",
    service: str = "PJSIP",
    time: str = "",
) -> bytes:
    message = (
        f'SecurityEvent="{event}",EventTV="2026-11-22T08:45:17.237+0000",Severity="Error",Service="{service}",'
        f'EventVersion="1",AccountID="{account}",SessionID="{session}",LocalAddress="IPV4/{kind}/192.0.2.11/5060",'
        f'RemoteAddress="IPV4/{kind}/{TRUE}/38617"{time}{rest}\n'
    )
    return json.dumps({"hostname": "pbx-12345", "logmsg": {"level": "SECURITY", "message": message}}).encode()


NONCE = ',Challenge="1795337117/8f3de508c54b99cdec4984e8abf51a8c",Response="0847958a96",ExpectedResponse=""'
AMI_TIME = ',SessionTV="1970-01-01T00:00:00.000+0000"'
SORTS = [
    ("InvalidAccountID", "", Reason.ACCOUNT),
    ("ChallengeSent", ',Challenge=""', Reason.SILENT),
    ("ChallengeResponseFailed", NONCE, Reason.PASSWORD),
    ("RequestNotSupported", ',RequestType="registrar_requested_aor_not_found"', Reason.REFUSED),
    ("SuccessfulAuth", ',UsingPassword="1"', None),
]


@pytest.mark.covers("R-063")
@pytest.mark.parametrize(("event", "rest", "reason"), SORTS)
def test_a_line_says_who_did_what_and_when(event: str, rest: str, reason: Reason | None) -> None:
    seen = read_line(line(event, rest=rest))

    assert seen is not None
    assert (seen.address, seen.reason, seen.is_proven) == (ip_address(TRUE), reason, False)
    assert seen.at == pytest.approx(1795337117.237)


@pytest.mark.parametrize("event", ["InvalidAccountID", "InvalidPassword", "FailedACL"])
def test_who_tries_ami_is_known_by_his_tcp_connection(event: str) -> None:
    seen = read_line(line(event, kind="TCP", service="AMI", time=AMI_TIME))

    assert seen is not None
    assert seen.is_proven


INJECTED = [
    f'x",RemoteAddress="IPV4/UDP/{FALSE}/5060',
    f'x",SessionID="a",LocalAddress="IPV4/UDP/192.0.2.11/5060",RemoteAddress="IPV4/UDP/{FALSE}/5060',
    'x\n"\\',
    'x"}}\n{"logmsg":{"message":"SecurityEvent=',
]


@pytest.mark.parametrize("text", INJECTED)
@pytest.mark.parametrize(("event", "rest", "reason"), SORTS)
def test_an_address_that_an_attacker_writes_into_his_name_or_call_id_is_not_taken_for_his(
    text: str, event: str, rest: str, reason: Reason | None
) -> None:
    for one in (line(event, account=text, rest=rest), line(event, session=text, rest=rest)):
        try:
            seen = read_line(one)
        except Unreadable:
            assert reason is Reason.PASSWORD  # its last fields come from outside, so in doubt nobody is named
            continue
        assert seen is not None
        assert seen.address == ip_address(TRUE)


@pytest.mark.parametrize("field", ["Challenge", "Response"])
def test_an_address_in_a_forged_challenge_or_response_bans_nobody(field: str) -> None:
    inner = f'x",LocalAddress="IPV4/UDP/1.1.1.1/1",RemoteAddress="IPV4/UDP/{FALSE}/1",Challenge="1/a",Response="b'
    rest = NONCE.replace(f'{field}="', f'{field}="{inner}', 1)

    with pytest.raises(Unreadable):
        read_line(line("ChallengeResponseFailed", rest=rest))


def test_a_log_in_without_a_password_proves_nothing() -> None:
    assert read_line(line("SuccessfulAuth", rest=',UsingPassword="0"')) is None


@pytest.mark.parametrize("junk", [b"", b"{}", b"[1]", b"null", b'{"logmsg":{"message":7}}', b"\xff\xfe", b"x" * 70000])
def test_what_is_no_line_of_the_log_is_said_to_be_none(junk: bytes) -> None:
    with pytest.raises(Unreadable):
        read_line(junk)


@given(st.text(max_size=300), st.sampled_from(SORTS))
def test_whatever_an_attacker_calls_himself_only_his_own_address_is_read(
    text: str, sort: tuple[str, str, Reason | None]
) -> None:
    event, rest, _reason = sort
    for one in (line(event, account=text, rest=rest), line(event, session=text, rest=rest)):
        try:
            seen = read_line(one)
        except Unreadable:
            continue
        assert seen is None or seen.address == ip_address(TRUE)
