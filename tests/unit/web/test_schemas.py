from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from callflow.web.schemas import HandoverAsk, NoteAsk, SignInAsk
from callflow.web.stream import frame
from callflow.web.ticket_schemas import TicketSearchAsk

HIDDEN = ["\x00", "\x07", "\x1b[31m", "\r", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\ufeff"]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_text_that_does_not_show_what_it_holds_is_refused(hidden: str) -> None:
    with pytest.raises(ValidationError):
        NoteAsk(text=f"前{hidden}后")


def test_a_note_has_lines_and_tabs_and_a_name_has_not() -> None:
    assert NoteAsk(text="一\n\t二🙂").text == "一\n\t二🙂"
    with pytest.raises(ValidationError):
        SignInAsk(user="80\n01", password="x")


def test_the_bounds_hold_at_the_letter() -> None:
    assert NoteAsk(text="话" * 4000)
    with pytest.raises(ValidationError):
        NoteAsk(text="话" * 4001)


@pytest.mark.parametrize("target", ["110&119", "110,1", "${EXTEN}", "*5", "+8613800138000", "", "1" * 17, "110\n"])
def test_a_target_is_a_code_and_nothing_a_dialplan_could_read(target: str) -> None:
    with pytest.raises(ValidationError):
        HandoverAsk(target=target)


@pytest.mark.parametrize("number", ["138 0013", "１３８００１３８０００", "%", "1" * 21, "138\n"])
def test_a_number_to_search_for_is_digits(number: str) -> None:
    with pytest.raises(ValidationError):
        TicketSearchAsk(number=number)


@given(st.text())
def test_whatever_an_event_holds_it_is_one_event_on_the_wire(text: str) -> None:
    wire = frame("call", {"text": text}, "7-1").decode("utf-8", "surrogatepass")

    head, name, data, *rest = wire.split("\n")
    assert (head, name, rest) == ("id: 7-1", "event: call", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {"text": text}


def test_half_a_character_from_the_wire_does_not_end_the_stream() -> None:
    assert b'{"text":"?"}' in frame("call", {"text": "\udcff"})
