"""A call and its recordings, as the journal tells them."""

from __future__ import annotations

from callflow.domain.commands import KeepRecording
from callflow.domain.events import CallerEnded, RecordingBegun, RecordingEnded
from callflow.domain.names import Phase, Recorded
from tests.unit.domain.laws import decide_lawfully, play
from tests.unit.domain.made_up import CALL, GOV_RULES, INCIDENT, SECOND_TAPE, TAPE, caller_arrived

ARRIVED = [caller_arrived(), RecordingBegun(CALL, 1.0, TAPE, Recorded.CALL)]


def test_a_recording_is_kept_with_its_call_from_the_moment_it_begins() -> None:
    decision = decide_lawfully(play(ARRIVED[:1], GOV_RULES), ARRIVED[1], GOV_RULES)

    assert decision.records == (KeepRecording(CALL, INCIDENT, TAPE, Recorded.CALL, 1.0, None),)


def test_it_is_whole_when_the_dialplan_says_so_also_after_the_call_is_over() -> None:
    over = play([*ARRIVED, CallerEnded(CALL, 9.0, 16, by_fault=False)], GOV_RULES)
    decision = decide_lawfully(over, RecordingEnded(CALL, 9.1, TAPE), GOV_RULES)

    assert over.phase is Phase.ABANDONED
    assert decision.records == (KeepRecording(CALL, INCIDENT, TAPE, Recorded.CALL, 1.0, 9.1),)


def test_a_consult_has_a_file_of_its_own() -> None:
    call = play([*ARRIVED, RecordingBegun(CALL, 5.0, SECOND_TAPE, Recorded.CONSULT)], GOV_RULES)

    assert [(one.recording_id, one.kind) for one in call.recordings] == [
        (TAPE, Recorded.CALL),
        (SECOND_TAPE, Recorded.CONSULT),
    ]


def test_the_end_of_a_file_that_was_never_begun_changes_nothing() -> None:
    call = play(ARRIVED, GOV_RULES)

    assert decide_lawfully(call, RecordingEnded(CALL, 2.0, SECOND_TAPE), GOV_RULES).call == call
