"""When a leg counts as silent: its count of packets stands still past Asterisk's own limit, and it is not on hold."""

from __future__ import annotations

import pytest

from agi.silence import AFTER_ASTERISK_S, LOOK_EVERY_S, Ear
from callflow.domain.names import ChannelName
from callflow.sitefile import TRUNK_SILENCE_S, Site

LEG = ChannelName("PJSIP/8001-00000001")
LIMIT_S = 5.0


def looks(counts: list[int | None], every_s: float = LOOK_EVERY_S) -> list[bool]:
    ear = Ear({})
    return [ear.hears_nothing(LEG, count, LIMIT_S, place * every_s) for place, count in enumerate(counts)]


def test_a_count_that_stands_still_past_the_limit_is_silence_and_stays_it() -> None:
    said = looks([7] * 6)

    assert said == [place * LOOK_EVERY_S > LIMIT_S + AFTER_ASTERISK_S for place in range(6)]
    assert any(said)


@pytest.mark.parametrize("heard", [8, None], ids=["a packet", "on hold"])
def test_one_packet_or_a_hold_in_between_and_it_begins_anew(heard: int | None) -> None:
    assert not any(looks([7, 7, 7, heard, 7, 7, 7]))


def test_looks_that_come_late_see_nothing_by_themselves() -> None:
    assert looks([7, 7, 7], every_s=60.0) == [False, False, True]


def test_a_leg_that_is_gone_is_forgotten() -> None:
    ear = Ear({})
    for at in (0.0, 4.0):
        ear.hears_nothing(LEG, 7, LIMIT_S, at)
    ear.keep(())

    assert not ear.hears_nothing(LEG, 7, LIMIT_S, 60.0)


def test_trunks_and_agents_have_limits_and_carriers_none(site: Site) -> None:
    limits = site.silence_s

    assert limits["peer-110"] == limits["peer-110-claimed"] == TRUNK_SILENCE_S
    assert {limits[agent.id] for agent in site.agent if agent.phone != "browser"} == {site.timing.agent_silence_s}
    assert not {carrier.id for carrier in site.carrier} & set(limits)
