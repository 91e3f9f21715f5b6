"""When a leg counts as silent: its count of packets stands still past Asterisk's own limit, and it is not on hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import pytest

from agi import silence
from agi.silence import AFTER_ASTERISK_S, LOOK_EVERY_S, Ear, SilentLegs
from agi.wire import AmiMessage
from callflow.domain.names import CallId, ChannelName
from callflow.service.ports import LiveChannel
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


HOLD, REACHED, COUNT = "CHANNEL(rtp,hold)", "PJSIP_DIAL_CONTACTS(8001)", "CHANNEL(rtcp,rxcount)"


@dataclass
class OneLeg:
    """A PBX with one agent's leg in a bridge; its packets stand still. Ends after some looks."""

    values: Mapping[str, str]
    is_up: bool = True
    ended: list[Any] = field(default_factory=list)
    looks_left: int = 30

    async def live_channels(self) -> Sequence[LiveChannel]:
        self.looks_left -= 1
        if not self.looks_left:
            raise asyncio.CancelledError
        return [LiveChannel(LEG, CallId("01M83TCDN4SVV50Q4EBV2MB9S8"), is_caller=False, bridge_id="one", state="Up")]

    async def send(self, action: Mapping[str, Any]) -> AmiMessage:
        if action["Action"] == "Getvar":
            return AmiMessage({"Value": (self.values[action["Variable"]],)})
        self.ended.append(action["Variable"])
        return AmiMessage({})


@pytest.mark.covers("S-2")
@pytest.mark.parametrize(
    ("hold", "contacts", "ended"),
    [("0", "PJSIP/8001/sip:8001@127.0.0.9", {LEG}), ("1", "PJSIP/8001/sip:8001@127.0.0.9", set()), ("1", "", {LEG})],
    ids=["talks", "holds", "holds and its phone answers nobody"],
)
async def test_a_silent_leg_is_ended_but_not_one_that_holds_and_whose_phone_answers(
    site: Site, monkeypatch: pytest.MonkeyPatch, hold: str, contacts: str, ended: set[str]
) -> None:
    monkeypatch.setattr(silence, "LOOK_EVERY_S", 0.0)
    one = OneLeg({HOLD: hold, REACHED: contacts, COUNT: "7"})
    seconds = count(step=2)
    ear = SilentLegs(cast("Any", one), cast("Any", one), site, lambda: float(next(seconds)))
    with suppress(asyncio.CancelledError):
        await ear.run()

    assert one.looks_left == 0
    assert {line.removeprefix("LOSTCHAN=") for lines in one.ended for line in lines} == ended
