"""A second ear for legs that Asterisk takes for alive: agents' and targets' whose audio has stopped.

Asterisk ends such a leg itself (`rtp_timeout`), but once in some thousand calls it has not noticed (docs/chaos.md). So
we read what it has accepted (`CHANNEL(rtcp,rxcount)`), and a leg whose count stands still for longer than that limit is
ended as when a phone is lost: the caller gets somebody else. Who holds says nothing, and Asterisk waits for him for
ever: he is left alone as long as his phone, or the platform behind a trunk, answers OPTIONS (`qualify_frequency`), and
a page or a trunk that does not is given as long as any phone (`agent_silence_s`): it may only be connecting anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

import structlog

from agi.actions import leg_lost_action
from agi.link import AmiLink
from agi.pbx import AmiPbx
from agi.wire import UnsendableValue
from callflow.domain.names import ChannelName
from callflow.service.ports import AsteriskRefused, LinkDown, LiveChannel
from callflow.sitefile import Site

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
AFTER_ASTERISK_S = 2.0
"""Asterisk's own limit comes first: it counts whole seconds."""

LOOKS = 3
"""At least so many looks must see the same count: one that comes late sees nothing by itself."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A count of packets that has not moved since; seen so many times."""

    count: int
    since: float
    looks: int = 1


@dataclass(slots=True)
class Ear:
    """What was counted on each leg. Pure: `now` is any steady clock's, in seconds."""

    standing: dict[ChannelName, Standing]

    def hears_nothing(self, leg: ChannelName, count: int | None, limit_s: float, now: float) -> bool:
        """Take one look. None: it holds, or nobody can say. True: it stood still for longer than the limit."""
        known = self.standing.pop(leg, None)
        if count is None:
            return False
        if known is None or known.count != count:
            self.standing[leg] = Standing(count, now)
            return False
        self.standing[leg] = replace(known, looks=known.looks + 1)
        return known.looks + 1 >= LOOKS and now - known.since > limit_s + AFTER_ASTERISK_S

    def keep(self, legs: Container[ChannelName]) -> None:
        """Forget every other leg."""
        self.standing = {leg: known for leg, known in self.standing.items() if leg in legs}


class SilentLegs:
    """One site's. `clock`: steady seconds. `run` belongs to the TaskGroup that runs the link."""

    def __init__(self, link: AmiLink, pbx: AmiPbx, site: Site, clock: Callable[[], float]) -> None:
        self._link, self._pbx, self._clock = link, pbx, clock
        self._limits_s, self._held_s = site.silence_s, site.timing.agent_silence_s
        self._ear = Ear({})

    async def run(self) -> None:
        """Look for ever, while the link is up."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look()
            except (LinkDown, AsteriskRefused) as error:
                log.info("legs not listened to", why=str(error))
                self._ear.keep(())

    async def _look(self) -> None:
        if not self._link.is_up:
            self._ear.keep(())
            return
        legs = {leg.name: limit_s for leg in await self._pbx.live_channels() if (limit_s := self._limit_s(leg))}
        self._ear.keep(legs)
        for leg, limit_s in legs.items():
            count, holds = await self._accepted(leg)
            most_s = max(limit_s, self._held_s) if holds else limit_s
            if self._ear.hears_nothing(leg, count, most_s, self._clock()):
                await self._end(leg, most_s)

    async def _end(self, leg: ChannelName, limit_s: float) -> None:
        log.warning("leg without audio that Asterisk has not ended", channel=leg, limit_s=limit_s)
        try:
            await self._link.send(leg_lost_action(leg))
        except (AsteriskRefused, UnsendableValue) as error:  # the others are listened to all the same
            log.warning("silent leg not ended", channel=leg, why=str(error))

    def _limit_s(self, leg: LiveChannel) -> int | None:
        if leg.call_id is None or leg.is_caller or leg.bridge_id is None or leg.state != "Up":
            return None
        return self._limits_s.get(_endpoint(leg.name))

    async def _accepted(self, leg: ChannelName) -> tuple[int | None, bool]:
        """How many packets, None if it may be silent; and whether it holds."""
        try:
            holds = await self._value(leg, "CHANNEL(rtp,hold)") != "0"
            if holds and await self._value(leg, f"PJSIP_DIAL_CONTACTS({_endpoint(leg)})"):
                return None, holds  # only contacts that can be reached are named
            return int(await self._value(leg, "CHANNEL(rtcp,rxcount)")), holds
        except (AsteriskRefused, ValueError):
            return None, False  # it has just gone

    async def _value(self, leg: ChannelName, function: str) -> str:
        return (await self._link.send({"Action": "Getvar", "Channel": leg, "Variable": function})).first("Value")


def _endpoint(leg: ChannelName) -> str:
    return leg.removeprefix("PJSIP/").rpartition("-")[0]
