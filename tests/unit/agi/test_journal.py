"""The journal's bytes, without a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.journal import LINE_LIMIT_BYTES, BadLine, JournalLine, JournalParser

CALL, INCIDENT, ATTEMPT = "01K00000000000000000000001", "01K00000000000000000000002", "01K00000000000000000000003"
CALLER, TARGET = "PJSIP/carrier-00000001", "PJSIP/peer-110-00000002"
ARRIVED = (
    f"1795000000.123,arrived,{CALL},{INCIDENT},,{CALLER},{CALLER},pbx-12345-1795000000.1,via=carrier number= hop=0"
)
WAITING = f"1795000001.000,waiting,{CALL},{INCIDENT},,{CALLER},{CALLER},pbx-12345-1795000000.1,"
INVITING = (
    f"1795000002.500,inviting,{CALL},{INCIDENT},{ATTEMPT},{CALLER},{TARGET},pbx-12345-1795000002.7,target=110 danger=01"
)
JOURNAL = f"{ARRIVED}\n{WAITING}\n{INVITING}\n".encode()


def read(*chunks: bytes, offset: int = 0) -> list[JournalLine | BadLine]:
    parser = JournalParser(offset)
    return [line for chunk in chunks for line in parser.feed(chunk)]


def good(*chunks: bytes) -> list[str]:
    return [line.step for line in read(*chunks) if isinstance(line, JournalLine)]


def bad(*chunks: bytes) -> list[BadLine]:
    return [line for line in read(*chunks) if isinstance(line, BadLine)]


def test_a_line_says_what_happened_where_and_when() -> None:
    arrived, waiting, inviting = read(JOURNAL)

    assert isinstance(arrived, JournalLine)
    assert (arrived.at, arrived.step, arrived.call_id, arrived.attempt_id) == (1795000000.123, "arrived", CALL, "")
    assert arrived.detail == {"via": "carrier", "number": "", "hop": "0"}
    assert isinstance(waiting, JournalLine)
    assert waiting.detail == {}
    assert isinstance(inviting, JournalLine)
    assert (inviting.attempt_id, inviting.channel, inviting.detail["danger"]) == (ATTEMPT, TARGET, "01")


@pytest.mark.parametrize("cut", range(1, len(JOURNAL)))
def test_a_journal_cut_anywhere_reads_the_same(cut: int) -> None:
    assert read(JOURNAL[:cut], JOURNAL[cut:]) == read(JOURNAL)


def test_reading_on_from_any_lines_end_gives_the_rest_under_the_same_keys() -> None:
    whole = read(JOURNAL)

    for number, line in enumerate(whole):
        assert read(JOURNAL[line.next_offset :], offset=line.next_offset) == whole[number + 1 :]


def test_the_same_place_in_another_file_has_another_key() -> None:
    (one,), (other,) = read(ARRIVED.encode() + b"\n"), read(ARRIVED.replace("123,", "124,").encode() + b"\n")

    assert isinstance(one, JournalLine)
    assert isinstance(other, JournalLine)
    assert one.offset == other.offset
    assert one.key != other.key


def test_a_last_line_without_its_end_waits() -> None:
    assert good(JOURNAL[:-1]) == ["arrived", "waiting"]
    assert good(JOURNAL[:-1], b"\n") == ["arrived", "waiting", "inviting"]


@pytest.mark.parametrize("length", range(1, len(INVITING), 7))
def test_a_torn_line_costs_only_itself_not_the_line_glued_to_it(length: int) -> None:
    torn = INVITING[:length].encode() + WAITING.encode() + b"\n" + ARRIVED.encode() + b"\n"

    assert good(torn) == ["waiting", "arrived"]
    assert [(line.offset, line.why) for line in bad(torn)] == [(0, "torn; the next line is glued to it")]


@pytest.mark.covers("T-06")
@pytest.mark.parametrize(
    ("line", "why"),
    [
        (ARRIVED.replace("arrived", "exploded"), "column step"),
        (ARRIVED.replace("1795000000.123", "yesterday"), "column at"),
        (ARRIVED.replace(CALL, ""), "column call_id"),
        (ARRIVED.replace(INCIDENT, "x"), "column incident_id"),
        (ARRIVED.replace("via=carrier", "via=$(id)"), "column detail"),
        (ARRIVED.replace("via=carrier", "via"), "column detail"),
        (ARRIVED.replace("hop=0", "via=other"), "given twice"),
        (ARRIVED.replace("hop=0", "hop=0,1"), "10 columns"),
        (ARRIVED.replace("carrier ", "载 "), "column detail"),
        (ARRIVED.replace(CALLER, "PJSIP/x\x00y"), "column caller_channel"),
        ("", "1 columns"),
    ],
)
def test_a_bad_line_is_reported_with_its_place_and_skipped(line: str, why: str) -> None:
    text = WAITING.encode() + b"\n" + line.encode() + b"\n" + INVITING.encode() + b"\n"

    (found,) = bad(text)

    assert good(text) == ["waiting", "inviting"]
    assert found.offset == len(WAITING) + 1
    assert why in found.why


def test_what_is_reported_of_a_bad_line_holds_nothing_of_it() -> None:
    (found,) = bad(ARRIVED.replace("number=", "number=13800138000;").encode() + b"\n")

    assert "138" not in found.why


@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_a_line_without_an_end_is_skipped_once_and_what_follows_is_read(size: int) -> None:
    text = b"x" * (LINE_LIMIT_BYTES * 3) + b"\n" + JOURNAL
    chunks = [text[i : i + size] for i in range(0, len(text), size)]

    assert good(*chunks) == ["arrived", "waiting", "inviting"]
    assert len(bad(*chunks)) == 1


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_raise_anything(chunks: list[bytes]) -> None:
    read(*chunks, b"\n")
