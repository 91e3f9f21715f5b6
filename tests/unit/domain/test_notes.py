"""What an agent writes is known at the other platform too, also when he writes it after the handover."""

from __future__ import annotations

import pytest

from callflow.domain.commands import PopScreen, SendNote
from callflow.domain.events import AgentAnswered, NoteWritten, PeerNoteWritten
from tests.unit.domain.made_up import (
    AGENT,
    CALL,
    GOV,
    INCIDENT,
    OFFICER,
    PEER_CALL,
    POLICE,
    POLICE_RULES,
    caller_arrived,
)
from tests.unit.domain.scenes import AGENT_HUNG_UP, HUNG_UP, JOINED, ONE_KEY, TALK
from tests.unit.domain.story import Story
from tests.unit.domain.test_two_platforms import OFFICER_CHANNEL


def test_a_note_before_the_handover_waits_for_it() -> None:
    Story(*TALK, NoteWritten(CALL, 5.0, AGENT, "a fight upstairs")).then_nothing_happens()


@pytest.mark.covers("R-043")
def test_a_note_written_after_the_handover_crosses_also_when_the_call_is_over() -> None:
    story = Story(*TALK, ONE_KEY, JOINED, AGENT_HUNG_UP)

    story.when(NoteWritten(CALL, 30.0, AGENT, "a fight upstairs")).then_we(SendNote(CALL, INCIDENT, POLICE))
    story.when(HUNG_UP).when(NoteWritten(CALL, 200.0, AGENT, "and a knife")).then_we(SendNote)


@pytest.mark.covers("R-043")
def test_the_peers_later_note_pops_up_at_the_agent_who_has_the_caller_once() -> None:
    story = Story(
        caller_arrived(call_id=PEER_CALL, from_site=GOV, hop=1),
        AgentAnswered(PEER_CALL, 3.0, OFFICER, OFFICER_CHANNEL),
        rules=POLICE_RULES,
    )
    told = PeerNoteWritten(PEER_CALL, 30.0, GOV, "and a knife")

    story.when(told).then_we(PopScreen(PEER_CALL, OFFICER))
    story.when(told).then_nothing_happens()
