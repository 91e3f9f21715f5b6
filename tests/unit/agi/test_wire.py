"""AMI's bytes, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.wire import (
    LINE_LIMIT_BYTES,
    MESSAGE_LIMIT_BYTES,
    AmiMessage,
    AmiOverrun,
    AmiParser,
    UnsendableValue,
    check_sendable,
)

WANTED = frozenset({"UserEvent", "DialState"})
NAME = "张三丰"
STREAM = (
    b"Asterisk Call Manager/9.0.0\r\n"
    b"Response: Success\r\nActionID: a/1\r\nMessage: Authentication accepted\r\n\r\n"
    b"Event: VarSet\r\nPrivilege: dialplan,all\r\nVariable: X\r\nValue: \r\n\r\n"
    b"Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Journal\r\nName: " + NAME.encode() + b"\r\nValue: \r\n\r\n"
    b"Event: Status\r\nPrivilege: Call\r\nActionID: a/2\r\nVariable: CALL_ID=1\r\nVariable: X=(null)\r\n\r\n"
)


def read(*chunks: bytes) -> list[AmiMessage]:
    parser = AmiParser(WANTED)
    return [message for chunk in chunks for message in parser.feed(chunk)]


def test_wanted_events_answers_and_list_items_are_kept_and_the_rest_is_dropped() -> None:
    answer, event, item = read(STREAM)

    assert (answer.name, answer.first("Message")) == ("", "Authentication accepted")
    assert (event.name, event.first("Name"), event.first("Value", "missing")) == ("UserEvent", NAME, "")
    assert item.variables() == {"CALL_ID": "1"}


@pytest.mark.parametrize("cut", range(1, len(STREAM)))
def test_a_stream_cut_anywhere_reads_the_same(cut: int) -> None:
    assert read(STREAM[:cut], STREAM[cut:]) == read(STREAM)


def test_a_stream_that_comes_byte_by_byte_reads_the_same() -> None:
    assert read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == read(STREAM)


@pytest.mark.covers("T-07")
@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\n\n", b"\x0b", b"\x0c", b"\xc2\x85", b"\xe2\x80\xa8"])
def test_only_crlf_ends_a_line_whatever_else_a_caller_calls_himself(line_end: bytes) -> None:
    forged = line_end + b"Event: Hangup" + line_end + b"Privilege: call,all"

    (event,) = read(b"Event: UserEvent\r\nPrivilege: user,all\r\nName: x" + forged + b"\r\nLast: 1\r\n\r\n")

    assert event.name == "UserEvent"
    assert event.first("Name") == "x" + forged.decode()
    assert set(event.headers) == {"Event", "Privilege", "Name", "Last"}


@pytest.mark.covers("T-07")
@pytest.mark.parametrize(
    "block",
    [
        b"Event: UserEvent\r\nUserEvent: Journal",
        b"Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Journal\r\nUserEvent: Other",
        b"Event: DialState\r\nPrivilege: call,all\r\nDestChannel: a\r\nDestChannel: b",
    ],
)
def test_an_event_without_its_mark_or_with_a_header_twice_is_refused_and_counted(block: bytes) -> None:
    parser = AmiParser(WANTED)

    assert parser.feed(block + b"\r\n\r\n") == []
    assert parser.malformed == 1


def test_bytes_that_are_no_utf8_spoil_only_themselves() -> None:
    (event,) = read(b"Event: UserEvent\r\nPrivilege: user,all\r\nName: \xc4\xe3\xff\r\n\r\n")

    assert "�" in event.first("Name")


@pytest.mark.covers("T-14")
@pytest.mark.parametrize("size", [100, 4096, 1 << 16])
def test_a_message_without_an_end_is_given_up_at_the_limit(size: int) -> None:
    parser = AmiParser(WANTED)
    chunk = b"x" * size

    def flood() -> None:
        for _ in range(MESSAGE_LIMIT_BYTES // size + 2):
            parser.feed(chunk)

    with pytest.raises(AmiOverrun):
        flood()


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything(noise: bytes) -> None:
    parser = AmiParser(WANTED)
    parser.feed(noise + b"\r\n\r\n")


@pytest.mark.covers("T-05")
@given(st.text(max_size=40), st.text(max_size=40))
def test_what_may_be_sent_is_always_read_back_as_exactly_one_header(name: str, value: str) -> None:
    try:
        check_sendable({name: value})
    except UnsendableValue:
        return

    assert f"{name}: {value}\r\n".encode().count(b"\r\n") == 1


@pytest.mark.covers("T-05")
def test_an_action_longer_than_asterisk_reads_is_refused_before_it_is_cut_short() -> None:
    check_sendable({"Variable": "x" * (LINE_LIMIT_BYTES - len("Variable: \r\n"))})

    with pytest.raises(UnsendableValue, match="'Variable' is 1001 bytes long"):
        check_sendable({"Variable": "x" * (LINE_LIMIT_BYTES - len("Variable: \r\n") + 1)})
    with pytest.raises(UnsendableValue, match="101 headers"):
        check_sendable({"Variable": ["x"] * 101})


def test_a_refusal_names_the_header_and_never_the_value() -> None:
    with pytest.raises(UnsendableValue) as refused:
        check_sendable({"Number": "13800138000\r\n"})

    assert "13800138000" not in str(refused.value)
