"""One handover on the real lab, taken apart so that a fault can be put between any two of its moments."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from callflow.lab import lab as lab_up_down
from callflow.lab.plan import Plan
from softphone_sim.bench import joined, key_at_desk, left
from softphone_sim.desk import DeskRefused
from softphone_sim.ears.listen import NS_PER_MS, holes
from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.acts import answer, dial, hang_up, press, rings_at
from softphone_sim.run.stage import Actor, Stage

NUMBER = "13800138110"
LIMIT_S = 10.0
SILENCE_LIMIT_MS = 500.0
LOOK_EVERY_S = 0.1
Row = dict[str, Any]
T = TypeVar("T")


def quiet(_line: str) -> None:
    """The lab's own progress is of no interest to a passing test."""


def pid_of(plan: Plan, platform: str, program: str) -> int:
    """The living process of a site: python, asterisk or redis."""
    described = lab_up_down.status(plan)
    assert described is not None, "the lab is up"
    pids = next(site["pids"] for site in described["sites"] if site["id"] == platform)
    found = pids[program][0] if program == "python" else pids[program]
    assert isinstance(found, int), f"{program} of {platform} runs"
    return found


def strike(plan: Plan, platform: str, program: str, number: int) -> None:
    """Send a signal to one program of one site; a killed one is gone when this returns."""
    pid = pid_of(plan, platform, program)
    os.kill(pid, number)
    if number == signal.SIGKILL:
        os.waitpid(pid, 0)  # our own child: this process has brought the lab up


async def heal(plan: Plan) -> None:
    """`./run up`: what was killed comes back, what runs stays."""
    await asyncio.to_thread(lab_up_down.up, plan, quiet)


async def call_at(stage: Stage, agent: Actor) -> str:
    """The call that has popped on this agent's desk, as soon as it has; news of earlier calls may come before."""
    assert agent.desk is not None
    desk = agent.desk
    popped = await stage.bell.until(lambda: any(event.type == "pop" for event in desk.events), LIMIT_S)
    assert popped, "no call has popped on his desk"
    return str(agent.latest_in_events("call_id"))


async def eventually(ask: Callable[[], Awaitable[T]], fits: Callable[[T], object], limit_s: float = LIMIT_S) -> T:
    """Ask until the answer fits, and return it; after the limit the last answer is returned as it is."""
    deadline = time.monotonic() + limit_s
    while True:
        found = await ask()
        if fits(found) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(LOOK_EVERY_S)


@dataclass(slots=True)
class Scene:
    """A citizen at 12345, his agent, and the agent of 110; who talks with whom, and what both platforms wrote down."""

    plan: Plan
    stage: Stage
    citizen: Actor
    zhang: Actor
    li: Actor
    call: CallSeen | None = None

    @classmethod
    async def cast(cls, plan: Plan, stage: Stage, number: str = NUMBER) -> Scene:
        """Three phones and two desks; nobody has called yet."""
        citizen = await stage.caller("citizen", number=number)
        zhang = await stage.agent("zhang", platform="12345", seat=1)
        return cls(plan, stage, citizen, zhang, await stage.agent("li", platform="110", seat=1))

    # ---- the steps of a handover, in order

    async def talk(self, *, hidden: bool = False) -> None:
        """The citizen rings 12345 and talks with its agent; `hidden`: he withholds his number."""
        self.call = await dial(self.stage, self.citizen, "12345", asserted=self.citizen.number, anonymous=hidden)
        await answer(self.stage, self.zhang, await rings_at(self.stage, self.zhang, LIMIT_S))
        await joined(self.stage, self.citizen, "zhang", self.call.began_ns, around_ms=0)
        await joined(self.stage, self.zhang, "citizen", self.call.began_ns, around_ms=0)

    async def call_id(self) -> str:
        """The call that our agent's desk has, as soon as it has heard of it."""
        return await call_at(self.stage, self.zhang)

    async def key_at_the_desk(self, kind: str = "one_key") -> None:
        """The one key, on the desk: returns right after the 202."""
        await self.call_id()
        await key_at_desk(self.zhang, target="110", kind=kind, consent="agreed")

    async def key_on_the_phone(self) -> None:
        """The one key, on the phone: nobody's program is needed."""
        assert self.zhang.call is not None
        await press(self.stage, self.zhang, "*5", self.zhang.call)

    async def rings(self) -> CallSeen:
        """The phone of 110 rings."""
        return await rings_at(self.stage, self.li, LIMIT_S)

    async def li_answers(self, ringing: CallSeen) -> None:
        """110 answers; returns when the citizen hears him."""
        began_ns = time.time_ns()
        await answer(self.stage, self.li, ringing)
        await joined(self.stage, self.citizen, "li", began_ns, around_ms=0)

    async def zhang_leaves(self, *, by_himself: bool) -> None:
        """Our agent is gone: released by the program, or because he hangs up."""
        if by_himself and self.zhang.call is not None:
            await hang_up(self.stage, self.zhang, self.zhang.call)
        gone = await self.stage.bell.until(lambda: self.zhang.call and self.zhang.call.ended_ns, LIMIT_S)
        assert gone, "our agent is still there"  # his voice alone says little: on a busy machine it halts for a moment
        await left(self.stage, self.citizen, "zhang", time.time_ns())

    async def decides(self, who: Actor, decision: str) -> None:
        """An agent accepts or refuses the matter for his platform."""
        assert who.desk is not None
        path = f"/calls/{await call_at(self.stage, who)}/owner"
        said = await who.desk.ask("POST", path, {"decision": decision})
        assert said.status == 200, said

    async def citizen_hangs_up(self) -> None:
        """The end."""
        assert self.call is not None
        await hang_up(self.stage, self.citizen, self.call)
        await self.stage.bell.until(lambda: self.call and self.call.ended_ns, LIMIT_S)

    # ---- what the ears say

    def silences(self, of: tuple[str, ...] = ("zhang", "li")) -> list[str]:
        """Every time from his answer to now in which the citizen heard none of these for longer than the limit."""
        assert self.call is not None
        assert self.call.answered_ns is not None
        heard = self.stage.heard_by(self.citizen, self.call.answered_ns)
        begin_ns = int(heard.times_ns[0])
        end_ns = (self.call.ended_ns or time.time_ns()) - 100 * NS_PER_MS  # the last packets may be on their way
        found = holes(heard, of, begin_ns, end_ns, at_least_ms=SILENCE_LIMIT_MS)
        return [f"{h.silence_ms:.0f} ms, {(h.start_ns - begin_ns) / 1e9:.1f} s in ({h.why})" for h in found]

    # ---- what the two platforms wrote down

    async def incident(self) -> str:
        """The incident of this call, as the journal of 12345 has it."""
        return self._arrival()[3]

    async def call_in_journal(self) -> str:
        """This call's id, as the journal of 12345 has it."""
        return self._arrival()[2]

    def _arrival(self) -> list[str]:
        """The cells of the line with which this call began."""
        assert self.call is not None
        began_s = self.call.began_ns / 1e9
        lines = self.plan.sites[0].place.journal.joinpath("steps.csv").read_text("ascii").splitlines()
        arrived = [line.split(",") for line in lines if ",arrived," in line]
        return next(cells for cells in reversed(arrived) if float(cells[0]) > began_s - 1)

    async def trace(self, who: Actor, incident: str) -> Row:
        """GET /incidents/{id}/trace at this agent's platform; {} while it is not there."""
        assert who.desk is not None
        try:
            said = await who.desk.ask("GET", f"/incidents/{incident}/trace")
        except DeskRefused:
            return {}
        return said.body if said.status == 200 and isinstance(said.body, dict) else {}

    async def records(self, incident: str, fits: Callable[[Row, Row], object]) -> tuple[Row, Row]:
        """The traces of both platforms, as soon as they fit, or as they are after the limit."""

        async def both() -> tuple[Row, Row]:
            return await self.trace(self.zhang, incident), await self.trace(self.li, incident)

        return await eventually(both, lambda pair: all(pair) and fits(*pair))

    async def owners(self) -> list[str]:
        """Whose matter it is by each platform's ticket, 12345's first."""
        return [ticket["owner"] for ticket in await self.tickets(await self.incident())]

    async def tickets(self, incident: str) -> list[Row]:
        """The incident's tickets at both platforms, 12345's first, by their search."""
        found: list[Row] = []
        for who in (self.zhang, self.li):
            assert who.desk is not None
            found += (await who.desk.ask("POST", "/tickets/search", {"incident_id": incident})).body["tickets"]
        return found
