"""The one AMI event that counts: a target's phone rings, believed only of a leg that the journal has named."""

from __future__ import annotations

import pytest

from agi.translate import EARLY_LIMIT, Translator
from agi.wire import AmiMessage
from callflow.domain import events
from tests.unit.agi.test_journal import ATTEMPT, CALL, TARGET
from tests.unit.agi.test_translate import UNIQUEID, inviting, line


def rings(channel: str = TARGET, uniqueid: str = UNIQUEID, status: str = "RINGING") -> AmiMessage:
    values = {"Event": "DialState", "DestChannel": channel, "DestUniqueid": uniqueid, "DialStatus": status}
    return AmiMessage({key: (value,) for key, value in values.items()})


def test_a_target_that_rings_is_told_once_the_journal_has_named_it(translator: Translator) -> None:
    translator.read_journal(inviting())

    assert translator.read_ami(rings(), 5.0) == events.TargetRinging(CALL, 5.0, ATTEMPT)


def test_a_target_that_rings_before_its_line_was_read_is_told_with_the_line(translator: Translator) -> None:
    assert translator.read_ami(rings(), 5.0) is None

    told = translator.read_journal(inviting())

    assert [type(event) for event in told] == [events.TargetInvited, events.TargetRinging]
    assert told[1].at == 5.0


@pytest.mark.covers("T-07")
def test_ami_is_not_believed_when_channel_and_uniqueid_do_not_belong_together(translator: Translator) -> None:
    translator.read_journal(inviting())

    assert translator.read_ami(rings(uniqueid="pbx-12345-1795000009.9"), 5.0) is None


@pytest.mark.covers("T-07")
@pytest.mark.parametrize("name", ["Hangup", "BridgeLeave", "UserEvent", "Newchannel", "DialEnd"])
def test_no_other_ami_event_means_anything(translator: Translator, name: str) -> None:
    translator.read_journal(inviting())
    forged = AmiMessage({**rings().headers, "Event": (name,), "UserEvent": ("joined",)})

    assert translator.read_ami(forged, 5.0) is None


@pytest.mark.parametrize("ending", ["joined", "consulting", "failed", "ended"])
def test_a_leg_whose_ringing_is_over_rings_no_more(translator: Translator, ending: str) -> None:
    translator.read_journal(inviting())
    translator.read_journal(line(ending, "target=110 cause=16", attempt=ATTEMPT))

    assert translator.read_ami(rings(), 5.0) is None


@pytest.mark.covers("T-14")
def test_legs_that_nobody_names_are_forgotten_in_time(translator: Translator) -> None:
    for number in range(EARLY_LIMIT * 3):
        translator.read_ami(rings(channel=f"PJSIP/x-{number:08x}"), 5.0)

    assert len(translator._early) == EARLY_LIMIT
