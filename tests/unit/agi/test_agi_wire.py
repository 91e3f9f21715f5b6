"""AGI's bytes, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.agi_wire import AgiBroken, AgiRefused, AgiUnsendable, command_line, read_answer, read_header

HEADER = {
    "agi_network": "yes",
    "agi_network_script": "intake",
    "agi_request": "agi://127.0.0.1/intake",
    "agi_channel": "Local/s@agi-intake-00000000;2",
    "agi_language": "en",
    "agi_type": "Local",
    "agi_uniqueid": "pbx-1.2",
    "agi_version": "22.10.1",
    "agi_callerid": "13800138000",
    "agi_calleridname": "unknown",
    "agi_callingpres": "0",
    "agi_callingani2": "0",
    "agi_callington": "0",
    "agi_callingtns": "0",
    "agi_dnid": "unknown",
    "agi_rdnis": "unknown",
    "agi_context": "agi-intake",
    "agi_extension": "s",
    "agi_priority": "2",
    "agi_enhanced": "0.0",
    "agi_accountcode": "",
    "agi_threadid": "140000000000000",
}


def text(**changes: str) -> bytes:
    return "\n".join(f"{key}: {value}" for key, value in (HEADER | changes).items()).encode()


def test_a_header_says_which_job_is_asked_for_and_with_what() -> None:
    request = read_header(text(agi_network_script="intake?x=1", agi_arg_1="a", agi_arg_2=""))  # F10

    assert (request.job, request.arguments, request.channel) == ("intake", ("a", ""), HEADER["agi_channel"])


@pytest.mark.covers("T-08")
@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (text() + b"\nagi_callerid: 110", "agi_callerid comes twice"),
        (text(agi_callerid="1\nagi_arg_1: x\nagi_arg_1: y"), "agi_arg_1 comes twice"),
        (text(agi_callerid="1\nX-Evil: y"), "is not one that Asterisk sends"),
        (text(agi_callerid="1\nrubbish"), "is not one that Asterisk sends"),
        (text(agi_arg_2="x"), "not numbered from 1"),
        (text(**{f"agi_arg_{n}": "x" for n in range(1, 30)}), "not numbered from 1"),
        (text().partition(b"\nagi_calleridname")[0], "the header ends without agi_accountcode"),
        (b"", "is not one that Asterisk sends"),
        (b"GET / HTTP/1.1\r\nHost: x", "is not one that Asterisk sends"),
    ],
)
def test_a_header_that_no_honest_asterisk_sends_ends_the_session(forged: bytes, why: str) -> None:
    with pytest.raises(AgiBroken, match=why):
        read_header(forged)


def test_a_word_is_quoted_and_stays_one_word() -> None:
    line = command_line("SET VARIABLE", 'SHARED(X,PJSIP/a"b\\c)', "")

    assert line == b'SET VARIABLE "SHARED(X,PJSIP/a\\"b\\\\c)" ""\n'


@pytest.mark.covers("T-05")
@given(st.text(max_size=60))
def test_a_command_is_one_line_or_none(value: str) -> None:
    try:
        line = command_line("SET VARIABLE", "X", value)
    except AgiUnsendable:
        assert set(value) & set("\r\n\0")
        return

    assert line.count(b"\n") == 1


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"200 result=1", ""),
        (b"200 result=0", ""),
        (b"200 result=1 (hangup)", "hangup"),  # F4: a value is only a value
        (b"200 result=1 (a (b) c)", "a (b) c"),
        ("200 result=1 (张三丰)".encode(), "张三丰"),
    ],
)
def test_a_good_answer_has_its_value(line: bytes, value: str) -> None:
    answer = read_answer(line)

    assert answer is not None
    assert answer.value() == value


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"510 Invalid or unknown command", "unknown command"),
        (b"511 Command Not Permitted on a dead channel or intercept routine", "the channel is dead"),  # F6
        (b"520 Invalid command syntax.", "wrong use"),
        (b"200 result=-1", "the channel is gone"),
        (b"200 something else", "200"),
    ],
)
def test_a_bad_answer_is_asterisks_refusal(line: bytes, why: str) -> None:
    answer = read_answer(line)

    assert answer is not None
    with pytest.raises(AgiRefused, match=why):
        answer.value()


def test_hangup_is_no_answer() -> None:
    assert read_answer(b"HANGUP") is None  # F2


@pytest.mark.parametrize("line", [b"", b"hello", b"agi_arg_1: x", b"20 result=1", b"HANGUP now"])
def test_anything_else_ends_the_session(line: bytes) -> None:
    with pytest.raises(AgiBroken):
        read_answer(line)


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_unexpected(noise: bytes) -> None:
    for reader in (read_header, read_answer):
        try:
            reader(noise)
        except AgiBroken:
            continue
