"""Which language the caller speaks: said by the line or by an agent, told to whoever has to do with him."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import KeepLanguage, PopScreen, SendNote
from callflow.domain.events import AgentAnswered, LanguageSaid, PeerNoteWritten
from callflow.domain.screenpop import Known, call_body, pop
from tests.unit.domain.made_up import (
    AGENT,
    CALL,
    COLLEAGUE,
    GOV,
    INCIDENT,
    OFFICER,
    PEER_CALL,
    POLICE,
    POLICE_RULES,
    caller_arrived,
)
from tests.unit.domain.scenes import JOINED, ONE_KEY, TALK
from tests.unit.domain.story import Story
from tests.unit.domain.test_two_platforms import OFFICER_CHANNEL


@pytest.mark.covers("R-086")
def test_what_the_line_says_is_in_the_pop_before_anybody_answers() -> None:
    call = Story(replace(caller_arrived(), language="bo")).call

    assert pop(call, Known())["language"] == "bo"
    assert call_body(call, AGENT)["language"] == "bo"


@pytest.mark.covers("R-086")
def test_the_agent_hears_another_one_and_it_is_kept_and_told_to_the_platform_that_joined() -> None:
    said = LanguageSaid(CALL, 30.0, AGENT, "ii")

    Story(*TALK).when(said).then_we(KeepLanguage(CALL, INCIDENT, AGENT, "ii"))
    story = Story(*TALK, ONE_KEY, JOINED)
    story.when(said).then_we(KeepLanguage(CALL, INCIDENT, AGENT, "ii"), SendNote(CALL, INCIDENT, POLICE))
    story.when(said).then_nothing_happens()
    story.when(LanguageSaid(CALL, 31.0, COLLEAGUE, "en")).then_nothing_happens()


@pytest.mark.covers("R-086")
def test_what_the_peer_says_of_it_pops_up_at_the_agent_who_has_the_caller_also_without_a_new_note() -> None:
    story = Story(
        caller_arrived(call_id=PEER_CALL, from_site=GOV, hop=1),
        AgentAnswered(PEER_CALL, 3.0, OFFICER, OFFICER_CHANNEL),
        rules=POLICE_RULES,
    )

    story.when(PeerNoteWritten(PEER_CALL, 30.0, GOV, "", "ug")).then_we(PopScreen(PEER_CALL, OFFICER))
    story.when(PeerNoteWritten(PEER_CALL, 31.0, GOV, "", "ug")).then_nothing_happens()
    story.when(PeerNoteWritten(PEER_CALL, 32.0, GOV, "a knife")).then_we(PopScreen(PEER_CALL, OFFICER))

    assert story.call.language == "ug"


def test_what_came_with_the_matter_holds_until_somebody_here_says_otherwise() -> None:
    call = Story(*TALK).call

    assert pop(call, Known(language="bo"))["language"] == "bo"
    assert pop(replace(call, language="en"), Known(language="bo"))["language"] == "en"
