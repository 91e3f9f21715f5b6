"""Which agent handed the caller over: known from the desk, the phone's key or REFER, and told to who gets him."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import PopScreen
from callflow.domain.events import AgentAnswered, CallerWaiting, LegLeft, PeerTicketOpened, TargetInvited
from callflow.domain.names import Kind, Role, TicketId, Way
from callflow.domain.screenpop import Known, call_body, pop
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    FIRST,
    GOV,
    OFFICER,
    PEER_CALL,
    POLICE,
    POLICE_RULES,
    TO_POLICE,
    TRUNK,
    caller_arrived,
)
from tests.unit.domain.scenes import ONE_KEY, TALK
from tests.unit.domain.story import Story
from tests.unit.domain.test_two_platforms import OFFICER_CHANNEL

THEIRS = TicketId("GD20261122000001")
FROM_GOV = caller_arrived(call_id=PEER_CALL, from_site=GOV, hop=1)


def told(by: str | None) -> PeerTicketOpened:
    return PeerTicketOpened(PEER_CALL, 30.0, GOV, THEIRS, by)


def at_110() -> Story:
    """The officer talks with a caller whom 12345 handed over."""
    return Story(FROM_GOV, AgentAnswered(PEER_CALL, 3.0, OFFICER, OFFICER_CHANNEL), rules=POLICE_RULES)


@pytest.mark.covers("R-019")
def test_it_is_said_after_the_callers_voice_and_pops_up_once() -> None:
    story = at_110()

    story.when(told("8119.110")).then_we(PopScreen(PEER_CALL, OFFICER))
    story.when(told("8119.110")).then_nothing_happens()

    assert pop(story.call, Known())["by"] == "8119.110"
    assert call_body(story.call, OFFICER)["caller"]["handed_by"] == "8119.110"


@pytest.mark.covers("R-019", "R-008")
def test_danger_which_says_nobody_comes_first_and_the_handover_behind_it_is_still_told() -> None:
    story = at_110()

    story.when(told(None)).then_we(PopScreen(PEER_CALL, OFFICER))
    story.when(told("8002")).then_we(PopScreen(PEER_CALL, OFFICER))
    story.when(told(None)).then_nothing_happens()

    assert story.call.caller.handed_by == "8002"


@pytest.mark.covers("R-019")
def test_it_was_said_before_the_callers_voice() -> None:
    call = Story(replace(FROM_GOV, handed_by="8002"), rules=POLICE_RULES).call

    assert pop(call, Known())["by"] == "8002"


def test_of_a_caller_who_rang_us_himself_nobody_is_told_although_he_was_handed_back() -> None:
    story = Story(*TALK)

    story.when(PeerTicketOpened(CALL, 30.0, POLICE, THEIRS, "9001")).then_we()

    assert story.call.caller.handed_by == ""


def test_an_attempt_from_the_desk_or_the_phones_key_is_the_agents() -> None:
    key = TargetInvited(CALL, 10.0, FIRST, TO_POLICE, Kind.ONE_KEY, Way.PHONE_KEY, TRUNK, danger=False)

    for began in (ONE_KEY, key):
        (attempt,) = Story(*TALK, began).call.attempts
        assert attempt.requested_by == AGENT


@pytest.mark.covers("R-019")
def test_a_refer_is_his_who_transferred_also_when_his_leg_is_gone_before_the_target_is_rung() -> None:
    refer = TargetInvited(CALL, 10.2, FIRST, TO_POLICE, Kind.ONE_KEY, Way.REFER, TRUNK, danger=False)
    story = Story(*TALK, LegLeft(CALL, 10.0, Role.AGENT, AGENT_CHANNEL, 16), CallerWaiting(CALL, 10.1), refer)

    (attempt,) = story.call.attempts
    assert (story.call.agent, attempt.requested_by) == (None, AGENT)
