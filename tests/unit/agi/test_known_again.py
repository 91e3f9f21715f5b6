"""After a restart: target legs whose `inviting` a former life has read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agi.translate import Translator
from callflow.domain import events
from callflow.domain.calls import Attempt, Call
from callflow.domain.names import AttemptId, CallId, ChannelName, Consent, Kind, TargetCode, Way
from callflow.service.ports import LiveChannel
from callflow.sitefile import Site
from tests.unit.agi.test_actions import call_of
from tests.unit.agi.test_journal import ATTEMPT, TARGET
from tests.unit.agi.test_ringing import rings
from tests.unit.agi.test_translate import UNIQUEID, KnownUui

LEG, ATTEMPT_ID = ChannelName(TARGET), AttemptId(ATTEMPT)
LIVE = LiveChannel(LEG, call_of().call_id, is_caller=False, bridge_id=None, state="Down", uniqueid=UNIQUEID)


@pytest.fixture
def reborn(site: Site) -> Translator:
    return Translator(site, KnownUui())


@pytest.fixture
def invited() -> Call:
    attempt = Attempt(ATTEMPT_ID, TargetCode("110"), Kind.ONE_KEY, Way.DESK, Consent.AGREED, 1.0, channel=LEG)
    return replace(call_of(), attempts=(attempt,))


@pytest.mark.covers("C-01")
def test_a_leg_that_rings_after_the_restart_is_told(reborn: Translator, invited: Call) -> None:
    assert reborn.remember([invited], [LIVE]) == []

    assert reborn.read_ami(rings(), 6.0) == events.TargetRinging(invited.call_id, 6.0, ATTEMPT_ID)


@pytest.mark.covers("C-01")
def test_a_leg_that_rang_before_it_was_known_again_is_told_with_its_own_moment(
    reborn: Translator, invited: Call
) -> None:
    assert reborn.read_ami(rings(), 5.0) is None

    assert reborn.remember([invited], [LIVE]) == [events.TargetRinging(invited.call_id, 5.0, ATTEMPT_ID)]
    assert reborn.remember([invited], [LIVE]) == []


@pytest.mark.covers("T-07")
def test_a_leg_of_another_call_is_not_taken_for_it(reborn: Translator, invited: Call) -> None:
    other = replace(LIVE, call_id=CallId("01K0000000000000000000000X"))

    assert reborn.remember([invited], [other]) == []
    assert reborn.read_ami(rings(), 6.0) is None
