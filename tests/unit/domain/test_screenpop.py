"""What the desks are told, and that a full number reaches only who has the caller now."""

from __future__ import annotations

import json

import pytest

from callflow.domain.commands import MarkTicket, TellAgent
from callflow.domain.events import NoteWritten
from callflow.domain.names import Outcome
from callflow.domain.screenpop import NOTICES, Known, call_body, masked, news, notice, pop
from tests.unit.domain.made_up import AGENT, CALL, COLLEAGUE, GOV, INCIDENT, caller_arrived
from tests.unit.domain.scenes import AGENT_HUNG_UP, JOINED, ONE_KEY, TALK
from tests.unit.domain.story import Story
from tests.unit.domain.test_danger import DANGER

NUMBER = "02800000001"


def test_the_pop_shows_what_is_known_about_the_caller() -> None:
    call = Story(caller_arrived(from_site=GOV, hop=1)).call

    shown = pop(call, Known({"platform": "110"}, ({"ticket_id": "GD-1"},), ("a note",)))

    assert shown == {
        "call_id": CALL,
        "incident_id": INCIDENT,
        "number": NUMBER,
        "presentation": "allowed",
        "verified": "network",
        "from": GOV,
        "by": "",
        "language": "",
        "suggestion": {"platform": "110"},
        "tickets": [{"ticket_id": "GD-1"}],
        "notes": ["a note"],
    }


@pytest.mark.covers("R-002")
def test_the_whole_number_is_only_for_the_agent_who_has_the_caller_now() -> None:
    talking = Story(*TALK).call
    handed_over = Story(*TALK, ONE_KEY, JOINED, AGENT_HUNG_UP).call

    assert call_body(talking, AGENT)["caller"]["number"] == NUMBER
    assert NUMBER not in json.dumps(call_body(talking, COLLEAGUE))
    assert NUMBER not in json.dumps(call_body(handed_over, AGENT))


@pytest.mark.parametrize(("number", "shown"), [("13800138000", "138****8000"), ("12345", "****45"), ("", "")])
def test_a_masked_number_is_recognised_but_not_told(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_every_change_that_a_desk_shows_is_told_to_it_in_whole() -> None:
    before = Story(*TALK).call
    story = Story(*TALK).when(ONE_KEY)

    told = list(news(before, story.call, story.last.records))

    assert [item.name for item in told] == ["call", "attempt", "ticket"]
    assert all(item.agent_ids == (AGENT,) for item in told)
    assert all({"call_id", "incident_id"} <= set(item.body) for item in told)


def test_danger_is_told_before_anything_else() -> None:
    before = Story(*TALK).call
    story = Story(*TALK).when(DANGER)

    assert next(news(before, story.call, story.last.records)).name == "danger"


def test_what_changes_nothing_is_not_told() -> None:
    call = Story(*TALK).call

    assert list(news(call, call, ())) == []


def test_a_call_that_no_desk_has_is_told_to_nobody() -> None:
    call = Story(caller_arrived()).call

    assert list(news(None, call, (MarkTicket(CALL, INCIDENT, "danger"),))) == []


def test_a_note_is_seen_at_once() -> None:
    before = Story(*TALK).call
    story = Story(*TALK).when(NoteWritten(CALL, 9.0, AGENT, "lost passport"))

    assert [item.body["note"] for item in news(before, story.call, ())] == ["lost passport"]


def test_every_code_an_agent_is_told_has_a_sentence_in_both_languages() -> None:
    codes = {*(o.value for o in Outcome if o is not Outcome.JOINED), "number_refused_retry", "returned", "danger"}

    assert set(NOTICES) == codes
    told = notice(Story(*TALK).call, TellAgent(CALL, AGENT, Outcome.BUSY))
    assert told.body["notice"]["code"] == "busy"
    assert told.body["notice"]["zh"].startswith("对方忙")
