"""When a leg counts as silent: its count of packets stands still past Asterisk's own limit, and it is not on hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from agi import silence
from agi.silence import AFTER_ASTERISK_S, LOOK_EVERY_S, Ear, SilentLegs
from agi.wire import AmiMessage
from callflow.domain.names import CallId, ChannelName
from callflow.service.ports import LiveChannel
from callflow.site_trunks import TRUNK_SILENCE_S
from callflow.sitefile import Site

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


TRUNK, HERE = ChannelName("PJSIP/peer-110-00000002"), "PJSIP/somebody/sip:somebody@127.0.0.9"
LOOKS = 40


@dataclass
class OneLeg:
    """A PBX with one leg in a bridge, whose packets stand still; somebody looks every two seconds, some times."""

    leg: ChannelName
    hold: str
    contacts: str
    is_up: bool = True
    looks: int = 0
    ended: dict[int, list[str]] = field(default_factory=dict)  # second -> what was asked for

    @property
    def now(self) -> float:
        return self.looks * LOOK_EVERY_S

    async def live_channels(self) -> Sequence[LiveChannel]:
        self.looks += 1
        if self.looks > LOOKS:
            raise asyncio.CancelledError
        return [LiveChannel(self.leg, CallId("01M83TCDN4SVV50Q4EBV2MB9S8"), is_caller=False, bridge_id="b", state="Up")]

    async def send(self, action: Mapping[str, Any]) -> AmiMessage:
        if action["Action"] != "Getvar":
            self.ended.setdefault(int(self.now), action["Variable"])
            return AmiMessage({})
        endpoint = self.leg.removeprefix("PJSIP/").rpartition("-")[0]
        said = {"CHANNEL(rtp,hold)": self.hold, f"PJSIP_DIAL_CONTACTS({endpoint})": self.contacts}
        return AmiMessage({"Value": (said.get(action["Variable"], "7"),)})


@pytest.mark.covers("S-2")
@pytest.mark.parametrize(
    ("one", "limit_s"),
    [
        (OneLeg(LEG, "0", HERE), 30.0), (OneLeg(LEG, "1", HERE), None), (OneLeg(LEG, "1", ""), 30.0),
        (OneLeg(TRUNK, "0", HERE), 5.0), (OneLeg(TRUNK, "1", HERE), None), (OneLeg(TRUNK, "1", ""), 30.0),
    ],
    ids=["talks", "holds", "holds, its phone is away", "trunk", "trunk, held", "trunk, held, the platform is away"],
)  # fmt: skip
async def test_a_silent_leg_is_ended_but_not_one_that_holds_and_whose_phone_answers(
    site: Site, monkeypatch: pytest.MonkeyPatch, one: OneLeg, limit_s: float | None
) -> None:
    monkeypatch.setattr(silence, "LOOK_EVERY_S", 0.0)
    with suppress(asyncio.CancelledError):
        await SilentLegs(cast("Any", one), cast("Any", one), site, lambda: one.now).run()
    first_s, asked = next(iter(one.ended.items()), (None, None))

    assert one.looks > LOOKS
    if limit_s is None or first_s is None:
        assert first_s is limit_s
    else:
        assert limit_s + AFTER_ASTERISK_S < first_s - LOOK_EVERY_S <= limit_s + AFTER_ASTERISK_S + LOOK_EVERY_S
        assert asked == [f"LOSTCHAN={one.leg}"]
