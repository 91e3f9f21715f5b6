"""A citizen handed from one platform to the other, on the real lab, and what is needed to hand him back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from callflow.lab import pbx
from callflow.lab.plan import Plan, SitePlan
from softphone_sim.bench import joined, key_at_desk, left
from softphone_sim.desk import ApiAnswer
from softphone_sim.ears.listen import NS_PER_MS, holes
from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.acts import answer, dial, hang_up, rings_at
from softphone_sim.run.stage import Actor, Stage
from tests.e2e.channels import live_channels
from tests.e2e.scene import LIMIT_S, SILENCE_LIMIT_MS, Row, call_at, eventually

OTHER = {"12345": "110", "110": "12345"}


@dataclass(slots=True)
class RoundTrip:
    """A citizen rang `home`; its agent `ours` has handed him to the other platform's agent `theirs`."""

    plan: Plan
    stage: Stage
    home: str
    citizen: Actor
    ours: Actor
    theirs: Actor
    call: CallSeen

    @classmethod
    async def handed_over(
        cls, plan: Plan, stage: Stage, home: str, number: str, *, leaves: bool = True, kind: str = ""
    ) -> RoundTrip:
        """The way out: rung, answered, one key, joined; our agent has left, unless he is to stay (by three-party)."""
        citizen = await stage.caller("citizen", number=number)
        ours = await stage.agent("zhang", platform=home, seat=1)
        theirs = await stage.agent("li", platform=OTHER[home], seat=1)
        call = await dial(stage, citizen, home, asserted=number)
        await answer(stage, ours, await rings_at(stage, ours, LIMIT_S))
        await joined(stage, citizen, "zhang", call.began_ns, around_ms=0)
        trip = cls(plan, stage, home, citizen, ours, theirs, call)
        await call_at(stage, ours)
        await key_at_desk(
            ours, target=OTHER[home], kind=kind or ("one_key" if leaves else "three_party"), consent="agreed"
        )
        began_ns = time.time_ns()
        await answer(stage, theirs, await rings_at(stage, theirs, LIMIT_S))
        await joined(stage, citizen, "li", began_ns, around_ms=0)
        if leaves:
            await trip.asks(ours, "leave")
            await trip.is_gone(ours)
            await left(stage, citizen, "zhang", time.time_ns())
        return trip

    # ---- what the agents do

    async def asks(self, who: Actor, path: str, body: Row | None = None) -> ApiAnswer:
        """POST /calls/{his latest call}/{path}."""
        assert who.desk is not None
        return await who.desk.ask("POST", f"/calls/{await call_at(self.stage, who)}/{path}", body or {})

    async def hand_back(self, kind: str = "one_key") -> ApiAnswer:
        """The key of the agent over there, back to where the citizen came from."""
        return await self.asks(self.theirs, "handover", {"target": self.home, "kind": kind, "consent": "agreed"})

    async def rings_again(self) -> CallSeen:
        """Our agent's phone rings for him once more."""
        return await rings_at(self.stage, self.ours, LIMIT_S)

    async def ours_answers(self, ringing: CallSeen) -> None:
        """Our agent answers; returns when the citizen hears him."""
        began_ns = time.time_ns()
        await answer(self.stage, self.ours, ringing)
        await joined(self.stage, self.citizen, "zhang", began_ns, around_ms=0)

    async def leaves(self, who: Actor) -> None:
        """This agent hangs up; returns when his leg is gone."""
        if who.call is not None:
            await hang_up(self.stage, who, who.call)
        await self.is_gone(who)

    async def talk_beyond_grace(self) -> None:
        """The other platform's agent talks with him beyond `handover_grace_s`: now his end is a goodbye."""
        grace_s = self.plan.sites[0].site.timing.handover_grace_s + 1
        assert self.theirs.call is not None
        assert self.theirs.call.answered_ns is not None
        beyond_ns = self.theirs.call.answered_ns + round(grace_s * 1e9)
        await joined(self.stage, self.citizen, "li", beyond_ns, around_ms=0)

    async def is_gone(self, who: Actor, limit_s: float = LIMIT_S) -> None:
        """This agent's leg is over."""
        assert await self.stage.bell.until(lambda: who.call and who.call.ended_ns, limit_s), (
            f"{who.name} is still there"
        )

    async def cut_first_leg(self) -> None:
        """The first trunk leg, over which he talks with the other platform, is torn down."""
        site = next(one for one in self.plan.sites if one.id == self.home)
        there = await asyncio.to_thread(live_channels, self.plan, site)
        names = [name for name in there if name.startswith(f"PJSIP/peer-{OTHER[self.home]}-")]
        await asyncio.to_thread(pbx.console, self.plan, site, f"channel request hangup {min(names)}")

    async def end(self) -> None:
        """The citizen hangs up, and everybody is gone."""
        await hang_up(self.stage, self.citizen, self.call)
        await self.stage.bell.until(lambda: self.call.ended_ns, LIMIT_S)

    # ---- what is seen

    async def channels(self, want: tuple[int, int]) -> tuple[int, int]:
        """How many channels `home` and the other platform have, as soon as it is as wanted, or at last."""

        async def now() -> tuple[int, int]:
            sites = {site.id: site for site in self.plan.sites}
            here, there = (sites[one] for one in (self.home, OTHER[self.home]))
            return await asyncio.to_thread(channels_of, self.plan, here), await asyncio.to_thread(
                channels_of, self.plan, there
            )

        return await eventually(now, lambda seen: seen == want, 6)

    async def calls(self) -> tuple[list[Row], list[Row]]:
        """What each platform wrote down of the incident's calls: home's first."""
        incident = self.ours.latest_in_events("incident_id")
        return await self._calls(self.ours, incident), await self._calls(self.theirs, incident)

    async def owners(self) -> list[str]:
        """Whose matter it is by each platform's ticket, home's first."""
        incident = self.ours.latest_in_events("incident_id")
        found: list[str] = []
        for who in (self.ours, self.theirs):
            assert who.desk is not None
            rows = (await who.desk.ask("POST", "/tickets/search", {"incident_id": incident})).body["tickets"]
            found += [row["owner"] for row in rows]
        return found

    def silences(self) -> list[str]:
        """Every time in which the citizen heard neither agent for longer than the limit, until the last had hung up."""
        assert self.call.answered_ns is not None
        heard = self.stage.heard_by(self.citizen, self.call.answered_ns)
        begin_ns = int(heard.times_ns[0])
        calls = [call for who in (self.ours, self.theirs) for call in who.handset.calls]
        over_ns = [call.ended_ns or time.time_ns() for call in calls]
        end_ns = min(max(over_ns), self.call.ended_ns or time.time_ns()) - 100 * NS_PER_MS
        found = holes(heard, ("zhang", "li"), begin_ns, end_ns, at_least_ms=SILENCE_LIMIT_MS)
        return [f"{h.silence_ms:.0f} ms, {(h.start_ns - begin_ns) / 1e9:.1f} s in ({h.why})" for h in found]

    async def _calls(self, who: Actor, incident: str) -> list[Row]:
        assert who.desk is not None
        body = (await who.desk.ask("GET", f"/incidents/{incident}/trace")).body
        return list(body["calls"])


def channels_of(plan: Plan, site: SitePlan) -> int:
    """How many channels this PBX has now."""
    return len(live_channels(plan, site))


def phases(books: tuple[list[Row], list[Row]]) -> list[list[str]]:
    """Where each platform's calls of the incident are: home's first."""
    return [[one["phase"] for one in calls] for calls in books]
