"""Several three-party calls at once on one lab: who has whom is found by the citizen's number on every phone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from callflow.lab.plan import Plan
from softphone_sim.bench import joined, key_at_desk
from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.acts import StepFailed, dial, hang_up, set_policy
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.model import Policy
from tests.e2e.channels import live_channels
from tests.e2e.scene import LIMIT_S, call_at, eventually

PARTIES = ("caller", "agent", "target")


@dataclass(slots=True)
class Party:
    """One of the three, and his leg of this call."""

    actor: Actor
    call: CallSeen


@dataclass(slots=True)
class Three:
    """A citizen, the agent whom he rang, and the other platform's agent: all three talk."""

    stage: Stage
    parties: dict[str, Party]
    began_ns: int

    async def leaves(self, who: str) -> int:
        """He hangs up; the moment at which his phone was done."""
        party = self.parties[who]
        await hang_up(self.stage, party.actor, party.call)
        ended_ns = await self.stage.bell.until(lambda: party.call.ended_ns, LIMIT_S)
        assert ended_ns is not None, f"the leg of the {who} did not end"
        return ended_ns

    async def hear_each_other(self, since_ns: int, *who: str) -> None:
        """Everybody of these hears every other of them, from this moment on. Raises StepFailed."""
        actors = [self.parties[name].actor for name in who]
        pairs = [(one, other) for one in actors for other in actors if one is not other]
        await asyncio.gather(*(joined(self.stage, one, other.name, since_ns, around_ms=0) for one, other in pairs))


async def talks(stage: Stage, citizen: Actor, agents: list[Actor], to: str) -> tuple[CallSeen, Party]:
    """The citizen rings the platform and talks with whichever agent of it answered."""
    began_ns = time.time_ns()
    call = await dial(stage, citizen, to, asserted=citizen.number)
    agent = await _who_has(stage, citizen.number, agents, began_ns)
    await joined(stage, citizen, agent.actor.name, began_ns, around_ms=0)
    return call, agent


async def brings_in(stage: Stage, citizen: Actor, agent: Actor, targets: list[Actor], *, to: str, kind: str) -> Party:
    """One key at the agent's desk; whichever target answered."""
    await call_at(stage, agent)
    key_ns = await key_at_desk(agent, target=to, kind=kind, consent="agreed")
    return await _who_has(stage, citizen.number, targets, key_ns)


async def all_answer(actors: list[Actor]) -> None:
    """Phones that answer by themselves."""
    await asyncio.gather(*(set_policy(one, Policy(answer="auto", after=0.1)) for one in actors))


async def channels(plan: Plan) -> tuple[int, int]:
    """How many channels each PBX has now, 12345's first."""
    first, second = [await asyncio.to_thread(live_channels, plan, site) for site in plan.sites]
    return len(first), len(second)


async def channels_fall_to(plan: Plan, wanted: tuple[int, int]) -> tuple[int, int]:
    """The channels as soon as they are so many, or as they are after the limit."""

    async def now() -> tuple[int, int]:
        return await channels(plan)

    return await eventually(now, lambda found: found == wanted)


async def _who_has(stage: Stage, number: str, actors: list[Actor], since_ns: int) -> Party:
    def look() -> Party | None:
        for actor in actors:
            for call in actor.handset.calls:
                shows = call.invite.shown_number if call.invite else None
                if call.is_incoming and call.began_ns >= since_ns and shows == number and call.answered_ns:
                    return Party(actor, call)
        return None

    found = await stage.bell.until(look, LIMIT_S)
    if found is None:
        raise StepFailed(f"nobody of {', '.join(one.name for one in actors)} answered the caller")
    return found
