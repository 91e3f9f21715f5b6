"""Breaking things on purpose, and mending them: one function a kind of fault. Real signals on real programs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from callflow.chaos.house import RELAYED
from callflow.chaos.parts import Part, Parts
from callflow.chaos.plan import Fault
from callflow.chaos.relay import Relay
from callflow.lab import lab, pbx
from callflow.lab.plan import LabError, Plan, SitePlan
from callflow.lab.processes import Known

FREEZES = frozenset({Fault.PROGRAM_FROZEN, Fault.TRUNK_BLACK_HOLED})
READY_LIMIT_S = 180.0
"""A program starts in 3 s of processor time, and reads a backlog; on a machine that others load this takes long."""

GONE_LIMIT_S = 15.0
"""A killed Asterisk has a hundred threads, and holds its ports until the last of them has ended."""

GONE_LOOK_S = 0.002
HALF_OPEN_S = 6.0
Mend = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which one part of a site was not there, or (`frozen`) did not move."""

    site: str
    part: str
    began_ns: int
    ended_ns: int
    frozen: bool


@dataclass(eq=False)
class Breaker:
    """Breaks and mends the parts of one lab; each part has one owner at a time (`parts`)."""

    plan: Plan
    relays_ami: dict[str, Relay]
    relays_exchange: dict[str, Relay]
    outages: list[Outage] = field(default_factory=list)
    parts: Parts = field(default_factory=Parts)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def pbx_is_down(self, site: str) -> bool:
        """Nobody gets through to this site's PBX now."""
        return self.parts.is_broken(Part(site, "asterisk"))

    async def strike(self, fault: Fault, site: str) -> Mend:
        """Break it now; returns how to mend it, which gives the part back when it is whole again.

        Raises:
            PartTakenError: another fault owns it; nothing was done.
            LabError: it was not there to be broken; mending raises it when the part does not come back.
        """
        part = self.parts.take(fault, site)
        began_ns = time.time_ns()
        mend = await STRIKES[fault](self, site)

        async def mended() -> None:
            await mend()
            self.outages.append(Outage(*part, began_ns, time.time_ns(), frozen=fault in FREEZES))
            self.parts.give_back(part)

        return mended

    async def signal(self, site: str, program: str, number: signal.Signals) -> None:
        """Send a signal to one program of one site; a killed one is gone, ports and all, when this returns.

        Raises:
            LabError: it is not there, or does not go.
        """
        known = lab.running_now(self.plan)[site].get(program)
        if known is None:
            raise LabError(f"{program} of {site} is not there to be broken: it has ended by itself")
        os.kill(known.pid, number)
        deadline = time.monotonic() + GONE_LIMIT_S
        while number is signal.SIGKILL and known.is_alive:
            if time.monotonic() > deadline:
                raise LabError(f"{program} of {site}, pid {known.pid}, was killed and is still there after a while")
            await asyncio.sleep(GONE_LOOK_S)

    async def start(self, site: str, program: str) -> Known:
        """Start a killed program again."""
        mine = next(one for one in self.plan.sites if one.id == site)
        async with self._starting:
            return await asyncio.to_thread(lab.start_one, self.plan, mine, program)

    async def until_ready(self, site: str) -> None:
        """Return when the site's own health check is content. Raises LabError when it is not in time."""
        mine = next(one for one in self.plan.sites if one.id == site)
        url = f"http://{mine.site.addresses.desk}:{mine.site.addresses.http_port}/health/ready"
        deadline = time.monotonic() + READY_LIMIT_S
        said = "no answer"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
            while time.monotonic() < deadline:
                try:
                    async with http.get(url) as answer:
                        said = (await answer.text())[:300]
                        if answer.status == 200:  # noqa: PLR2004 - HTTP 200 OK
                            return
                except (aiohttp.ClientError, TimeoutError, OSError) as why:
                    said = str(why)
                await asyncio.sleep(0.2)
        raise LabError(f"{site} was not ready {READY_LIMIT_S:g} s after a fault: {said}")

    async def all_ready(self) -> None:
        """Both sites are whole."""
        for site in self.plan.sites:
            await self.until_ready(site.id)


async def _program_killed(breaker: Breaker, site: str) -> Mend:
    await breaker.signal(site, "python", signal.SIGKILL)

    async def start() -> None:
        await breaker.start(site, "python")
        await breaker.until_ready(site)

    return start


async def _program_frozen(breaker: Breaker, site: str) -> Mend:
    await breaker.signal(site, "python", signal.SIGSTOP)

    async def thaw() -> None:
        await breaker.signal(site, "python", signal.SIGCONT)

    return thaw


async def _ami_cut(breaker: Breaker, site: str) -> Mend:
    await breaker.relays_ami[site].drop()
    return _nothing


async def _ami_half_open(breaker: Breaker, site: str) -> Mend:
    """The program finds it out by an unanswered ping, and then connects anew."""
    await breaker.relays_ami[site].leave_half_open()

    async def found_out() -> None:
        await asyncio.sleep(HALF_OPEN_S)

    return found_out


async def _redis_gone(breaker: Breaker, site: str) -> Mend:
    await breaker.signal(site, "redis", signal.SIGKILL)

    async def start() -> None:
        await breaker.start(site, "redis")

    return start


async def _pbx_killed(breaker: Breaker, site: str) -> Mend:
    await breaker.signal(site, "asterisk", signal.SIGKILL)

    async def start() -> None:
        process = await breaker.start(site, "asterisk")
        mine = next(one for one in breaker.plan.sites if one.id == site)
        await asyncio.to_thread(pbx.wait_booted, breaker.plan, mine, process)

    return start


async def _trunk_black_holed(breaker: Breaker, site: str) -> Mend:
    """The far PBX frozen: of a trunk that swallows everything, signalling and audio, this is what the near end sees."""
    await breaker.signal(site, "asterisk", signal.SIGSTOP)

    async def thaw() -> None:
        await breaker.signal(site, "asterisk", signal.SIGCONT)

    return thaw


async def _data_link_cut(breaker: Breaker, _site: str) -> Mend:
    for relay in breaker.relays_exchange.values():
        await relay.cut()

    async def mend() -> None:
        for relay in breaker.relays_exchange.values():
            await relay.mend()

    return mend


async def _nothing() -> None:
    """It mends itself: the program notices and connects again."""


STRIKES: dict[Fault, Callable[[Breaker, str], Awaitable[Mend]]] = {
    Fault.PROGRAM_KILLED: _program_killed,
    Fault.PROGRAM_FROZEN: _program_frozen,
    Fault.AMI_CUT: _ami_cut,
    Fault.AMI_HALF_OPEN: _ami_half_open,
    Fault.REDIS_GONE: _redis_gone,
    Fault.FAR_PBX_KILLED: _pbx_killed,
    Fault.TRUNK_BLACK_HOLED: _trunk_black_holed,
    Fault.DATA_LINK_CUT: _data_link_cut,
}


@asynccontextmanager
async def breaker_of(plan: Plan) -> AsyncIterator[Breaker]:
    """The lab's lines through relays that can be cut; all is mended and gone with the block."""
    async with AsyncExitStack() as stack:
        ami = {site.id: _before(site, site.site.addresses.ami_port) for site in plan.sites}
        data = {site.id: _before(site, site.site.addresses.exchange_port) for site in plan.sites}
        for relay in (*ami.values(), *data.values()):
            await relay.mend()
            stack.push_async_callback(relay.cut)
        yield Breaker(plan, ami, data)


def _before(site: SitePlan, port: int) -> Relay:
    return Relay(site.host, port + RELAYED, port)
