"""A line between the PBX and a phone that loses, doubles, delays and forks SIP; the voices go past it."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

SIP_PORT = 5060
LATE_S = 0.05
"""A packet that is held back passes after those that came within this time."""
Way = Literal["to phone", "to pbx"]
Packet = tuple[float, bytes]
"""Seconds until it goes on, and what goes on."""
Fate = Callable[[Way, bytes], list[Packet]]


def tidy(_way: Way, packet: bytes) -> list[Packet]:
    """A line that does nothing."""
    return [(0.0, packet)]


def untidy(seed: int, share: float) -> Fate:
    """Each packet is lost, doubled, or overtaken by later ones, each with this probability."""
    dice = random.Random(seed)

    def fate(_way: Way, packet: bytes) -> list[Packet]:
        thrown = dice.random() / share
        if thrown < 1:
            return []
        return [(0.0, packet), (0.0, packet)] if thrown < 2 else [(LATE_S if thrown < 3 else 0.0, packet)]

    return fate


def twice(_way: Way, packet: bytes) -> list[Packet]:
    """Every 200 to an INVITE comes twice."""
    return [(0.0, packet), (LATE_S, packet)] if is_answer(packet) else [(0.0, packet)]


def forked(_way: Way, packet: bytes) -> list[Packet]:
    """Behind every 200 to an INVITE comes another, as if a second phone had answered too (RFC 3261 §13.2.2.4)."""
    other = re.sub(rb"(?m)^(To:[^\r\n]*;tag=)[^\r\n;]*", rb"\1" + OTHER_FORK, packet)
    return [(0.0, packet), (LATE_S, other)] if is_answer(packet) else [(0.0, packet)]


OTHER_FORK = b"another-fork"


def is_answer(packet: bytes) -> bool:
    """A 200 to an INVITE."""
    return packet.startswith(b"SIP/2.0 200 ") and re.search(rb"(?m)^CSeq:\s*\d+ INVITE", packet) is not None


def swallowing_cancel(seen: asyncio.Event) -> Fate:
    """No CANCEL arrives; `seen` says that one was sent."""

    def fate(_way: Way, packet: bytes) -> list[Packet]:
        if not packet.startswith(b"CANCEL "):
            return [(0.0, packet)]
        seen.set()
        return []

    return fate


@dataclass(slots=True)
class UntidyLine(asyncio.DatagramProtocol):
    """Stands at the carrier's address. `passed` holds what went on, oldest first; `fate` may be changed in mid call."""

    address: str
    phone: str
    fate: Fate = tidy
    passed: list[tuple[Way, bytes]] = field(default_factory=list)
    _pbx: tuple[str, int] | None = None
    _transport: asyncio.DatagramTransport | None = None
    _late: set[asyncio.TimerHandle] = field(default_factory=set)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        """Carry it on, or not. OPTIONS always pass: the line is in use, not dead."""
        way: Way = "to pbx" if source[0] == self.phone else "to phone"
        if way == "to phone":
            self._pbx = source
        is_options = re.search(rb"(?m)^CSeq:\s*\d+ OPTIONS", data) is not None
        loop = asyncio.get_running_loop()
        for delay_s, packet in [(0.0, data)] if is_options else self.fate(way, data):
            if delay_s:
                self._late.add(loop.call_later(delay_s, self._carry, way, packet))
            else:
                self._carry(way, packet)

    def _carry(self, way: Way, packet: bytes) -> None:
        """Each side is to know the line only, so that what it sends later comes by here too."""
        place = self.phone if way == "to pbx" else (self._pbx or ("", 0))[0]
        packet = re.sub(
            rb"(?mi)^(Contact:[^\r\n]*@)" + re.escape(place.encode()) + rb"(?::\d+)?",
            rb"\g<1>" + f"{self.address}:{SIP_PORT}".encode(),
            packet,
        )
        self.passed.append((way, packet))
        to = self._pbx if way == "to pbx" else (self.phone, SIP_PORT)
        assert self._transport is not None
        if to and not self._transport.is_closing():
            self._transport.sendto(packet, to)


@asynccontextmanager
async def untidy_line(address: str, phone: str) -> AsyncIterator[UntidyLine]:
    """A line at a carrier's address to the phone at another one, tidy at first; gone with the block."""
    transport, line = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: UntidyLine(address, phone), local_addr=(address, SIP_PORT)
    )
    line._transport = transport
    try:
        yield line
    finally:
        for timer in line._late:
            timer.cancel()
        transport.close()
