"""What the desk may not ask, each with its own stable code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.events import (
    CallerEnded,
    CancelRequested,
    ConsentRecorded,
    DangerRaised,
    DeskEvent,
    Event,
    LeaveRequested,
    NoteWritten,
    OwnerDecided,
    StayRequested,
)
from callflow.domain.names import Consent, Kind, TargetCode
from callflow.domain.refusals import RefusalCode, refusal
from tests.unit.domain.made_up import (
    AGENT,
    CALL,
    COLLEAGUE,
    GOV,
    GOV_RULES,
    POLICE_RULES,
    SECOND,
    TO_FIRE,
    TO_GOV,
    TO_POLICE,
    caller_arrived,
)
from tests.unit.domain.scenes import AGENT_HUNG_UP, HUNG_UP, JOINED, ONE_KEY, TALK, THREE_PARTY
from tests.unit.domain.story import Story
from tests.unit.domain.test_danger import DANGER

LATER = 130.0
ASK = replace(ONE_KEY, at=LATER, attempt_id=SECOND)
STAY, LEAVE = StayRequested(CALL, LATER, AGENT), LeaveRequested(CALL, LATER, AGENT)
CANCEL, ACCEPT = CancelRequested(CALL, LATER, AGENT, None), OwnerDecided(CALL, LATER, AGENT, accept=True)


@pytest.mark.covers("R-003", "R-005")
@pytest.mark.parametrize(
    ("so_far", "request_", "code"),
    [
        (TALK, ASK, None),
        (TALK, replace(ASK, consent=Consent.NOT_POSSIBLE_DANGER), None),
        (TALK, replace(ASK, consent=Consent.NOT_RECORDED), RefusalCode.CONSENT_MISSING),
        (TALK, replace(ASK, consent=Consent.DECLINED), RefusalCode.CONSENT_DECLINED),
        (TALK, replace(ASK, target=TargetCode("13800138000")), RefusalCode.UNKNOWN_TARGET),
        (TALK, replace(ASK, agent_id=COLLEAGUE), RefusalCode.NOT_YOUR_CALL),
        (TALK[:1], ASK, RefusalCode.NOT_YOUR_CALL),
        (TALK[:2], ASK, RefusalCode.NOT_YOUR_CALL),
        ([*TALK, HUNG_UP], ASK, RefusalCode.CALL_ENDED),
        ([*TALK, ONE_KEY], ASK, RefusalCode.HANDOVER_IN_PROGRESS),
        ([*TALK, ONE_KEY], replace(ASK, target=TO_FIRE), RefusalCode.HANDOVER_IN_PROGRESS),
        ([*TALK, ONE_KEY], replace(ASK, target=TO_FIRE, kind=Kind.THREE_PARTY), None),
        ([*TALK, ONE_KEY], replace(ONE_KEY, at=LATER), None),  # the same press, sent again
        ([*TALK, THREE_PARTY, JOINED], replace(ASK, target=TO_FIRE), None),
        ([*TALK, THREE_PARTY, JOINED, HUNG_UP], ASK, RefusalCode.CALLER_GONE),
        (TALK, CANCEL, RefusalCode.NOTHING_TO_CANCEL),
        ([*TALK, ONE_KEY], CANCEL, None),
        ([*TALK, ONE_KEY], replace(CANCEL, target=TO_FIRE), RefusalCode.NOTHING_TO_CANCEL),
        ([*TALK, DANGER], CANCEL, RefusalCode.DANGER_NOT_CANCELLED),
        (TALK, STAY, RefusalCode.NOTHING_TO_KEEP),
        ([*TALK, THREE_PARTY], STAY, RefusalCode.NOTHING_TO_KEEP),
        ([*TALK, ONE_KEY], STAY, None),
        (TALK, LEAVE, RefusalCode.WOULD_LEAVE_CALLER_ALONE),
        ([*TALK, ONE_KEY], LEAVE, RefusalCode.WOULD_LEAVE_CALLER_ALONE),
        ([*TALK, THREE_PARTY, JOINED], LEAVE, None),
        (TALK, ACCEPT, RefusalCode.NOTHING_TO_OWN),
        ([*TALK, THREE_PARTY, JOINED], ACCEPT, None),
        ([*TALK, THREE_PARTY, JOINED], replace(ACCEPT, agent_id=COLLEAGUE), RefusalCode.NOT_YOUR_CALL),
        ([*TALK, ONE_KEY, JOINED, AGENT_HUNG_UP], ACCEPT, RefusalCode.OWNER_SETTLED),
        ([*TALK, THREE_PARTY, JOINED, AGENT_HUNG_UP], ACCEPT, None),  # still his to decide
        (TALK, ConsentRecorded(CALL, LATER, AGENT, Consent.AGREED), RefusalCode.CONSENT_KNOWN),
        (TALK, NoteWritten(CALL, LATER, COLLEAGUE, ""), RefusalCode.NOT_YOUR_CALL),
        ([*TALK, HUNG_UP], NoteWritten(CALL, LATER, AGENT, "afterwards"), None),
        (TALK[:1], DangerRaised(CALL, LATER, COLLEAGUE), None),
        ([*TALK, CallerEnded(CALL, 5.0, 16, by_fault=False)], DangerRaised(CALL, LATER, AGENT), None),
    ],
)
def test_a_request_is_granted_or_refused_by_name(
    so_far: list[Event], request_: DeskEvent, code: RefusalCode | None
) -> None:
    assert refusal(Story(*so_far).call, request_, GOV_RULES) is code


def test_a_target_whose_line_is_down_is_named_before_anything_rings() -> None:
    call = Story(*TALK).call

    assert refusal(call, ASK, GOV_RULES, frozenset({TO_POLICE})) is RefusalCode.TARGET_UNREACHABLE
    assert refusal(call, ASK, GOV_RULES, frozenset({TO_FIRE})) is None


@pytest.mark.covers("R-018")
def test_an_incident_that_was_handed_back_once_is_not_handed_on_again() -> None:
    call = Story(caller_arrived(from_site=GOV, hop=2), *TALK[1:], rules=POLICE_RULES).call

    assert refusal(call, replace(ASK, target=TO_GOV), POLICE_RULES) is RefusalCode.HOP_LIMIT
    assert refusal(call, replace(ASK, target=TO_FIRE), POLICE_RULES) is None


def test_what_is_refused_changes_nothing_when_it_is_decided_all_the_same() -> None:
    story = Story(*TALK)

    for request_ in (replace(ASK, consent=Consent.DECLINED), CANCEL, STAY, LEAVE, ACCEPT):
        story.when(request_).then_nothing_happens()
