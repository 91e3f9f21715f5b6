"""`./run bench handover`: what the one key costs, beside the plain dialplan and an undisturbed call in the same run.

Three calls take part. One is left alone the whole time. The second is handed over by the desk's key, after an attempt
that failed. The third is handed over by the dialplan's `invite` entry itself: the AMI action goes from here straight
to Asterisk, so that no program of ours stands between key and ring. The last two take turns.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from ulid import ULID

from callflow.bench.costs import Programs
from callflow.bench.handover_figures import PLAIN, PRODUCT, UNDISTURBED, Figures, document_of, show, verdicts
from callflow.domain.names import SiteId
from callflow.lab import lab
from callflow.lab.keys import load_keys
from callflow.lab.plan import LabError, Plan
from softphone_sim.bench import AROUND_MS, joined, key_to_ring_ms, left, talking, undisturbed_ms
from softphone_sim.desk import DeskEvent, DeskRefused
from softphone_sim.ears.listen import NS_PER_MS
from softphone_sim.lab import read_lab
from softphone_sim.phone.handset import CallSeen, PhoneRefused
from softphone_sim.run.acts import StepFailed, answer, dial, hang_up, rings_at, set_policy
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.model import Policy

JOINS = 30
CROWD, CALLS_A_PHONE = 12, 4  # PJSUA is built for four calls
WINDOW_NS = 2 * AROUND_MS * NS_PER_MS  # a join, a leave, a failure and a piece of the undisturbed call are all as long
STEP_LIMIT_S = 10.0
AMI_LIMIT_S = 5.0


def run_bench(plan: Plan, out: Path | None) -> int:
    """Measure and judge; 1 when a promise is broken. Brings its own lab up and down unless one runs already.

    Raises:
        LabError: a step of a call did not come about, so nothing can be said.
    """
    console = Console(highlight=False)
    was_up = lab.status(plan) is not None
    status = lab.up(plan, console.print)
    began = time.monotonic()
    try:
        figures = asyncio.run(_measure(plan, status, console.print))
    except (StepFailed, PhoneRefused, DeskRefused, OSError) as failed:
        raise LabError(f"bench handover: {failed}; ./run doctor says if something is missing") from failed
    finally:
        if not was_up:
            lab.down(plan)
    judged = verdicts(figures)
    show(console, figures, judged, time.monotonic() - began)
    if out is not None:
        out.write_text(json.dumps(document_of(figures, judged), indent=1, ensure_ascii=False), encoding="utf-8")
    return 0 if all(verdict.ok for verdict in judged) else 1


@dataclass(frozen=True, slots=True)
class _Cast:
    """Who plays, and where figures go. `near` and `far` are the two PBXes' journals."""

    stage: Stage
    citizen: Actor
    agent: Actor
    target: Actor
    near: Path
    far: Path
    ami: _Ami
    figures: Figures
    programs: Programs


@dataclass(frozen=True, slots=True)
class _Connected:
    """A call that talks: the citizen's end, and what the dialplan calls it."""

    citizens: CallSeen
    call_id: str
    channel: str


async def _measure(plan: Plan, status: Mapping[str, Any], say: Callable[[str], None]) -> Figures:
    figures = Figures()
    near, far = plan.sites
    journals = {site["id"]: Path(site["journal"]) for site in status["sites"]}
    secret = load_keys(plan.keys, SiteId(near.id)).ami_secret
    with tempfile.TemporaryDirectory(prefix="callflow-bench-") as tapes:
        async with Stage(read_lab(plan.status_file), tapes=Path(tapes)) as stage:
            quiet_agent = await stage.agent("quiet agent", platform=near.id, seat=1, desk=False)
            quiet = await stage.caller("quiet citizen", number="13900000001")
            await talking(stage, quiet, quiet_agent, near.id)
            citizen = await stage.caller("citizen", number="13900000002")
            agent = await stage.agent("agent", platform=near.id, seat=2)
            target = await stage.agent("target", platform=far.id, seat=1)
            ami = await _Ami.log_in(near.host, near.site.addresses.ami_port, secret)
            programs = Programs.of(status)
            cast = _Cast(stage, citizen, agent, target, journals[near.id], journals[far.id], ami, figures, programs)
            began_ns = time.time_ns()
            try:
                for number in range(JOINS):
                    for play in (_by_key, _by_dialplan) if number % 2 == 0 else (_by_dialplan, _by_key):
                        await _costed(cast, play)
                    if (number + 1) % 5 == 0:
                        say(f"{number + 1} of {JOINS} joins by the key, and as many by the plain dialplan")
            finally:
                ami.close()
            for start_ns in range(began_ns, time.time_ns() - WINDOW_NS, WINDOW_NS):
                figures.add("silence", UNDISTURBED, undisturbed_ms(stage, quiet, start_ns, start_ns + WINDOW_NS))
            await _crowd(stage, near.id, programs, figures)
    return figures


async def _costed(cast: _Cast, play: Callable[[_Cast], Awaitable[str]]) -> None:
    """One play, with the processor time that both sites' programs used for it, beside the call that is left alone."""
    before = cast.programs.cpu_ms()
    who = await play(cast)
    for program, after_ms in cast.programs.cpu_ms().items():
        cast.figures.add(f"{program} CPU a call", who, after_ms - before[program])


async def _crowd(stage: Stage, platform: str, programs: Programs, figures: Figures) -> None:
    """CROWD callers wait at once: what a live call takes in memory (kB), at both programs of its platform."""
    phones = [await stage.caller(f"crowd {n}", number=f"1390000001{n}") for n in range(CROWD // CALLS_A_PHONE)]
    before = programs.memory_kb()
    calls = [(phone, await dial(stage, phone, platform)) for phone in phones for _ in range(CALLS_A_PHONE)]
    rings = await stage.bell.until(
        lambda: all(call.first("early", "confirmed") for _, call in calls) or None, STEP_LIMIT_S
    )
    if rings is None:
        raise StepFailed(f"not all of {CROWD} callers heard the ring tone within {STEP_LIMIT_S:g} s")
    for program, after_kb in programs.memory_kb().items():
        figures.add(f"{program} memory a live call, kB", PRODUCT, (after_kb - before[program]) / CROWD)
    for phone, call in calls:
        await hang_up(stage, phone, call)


async def _by_key(cast: _Cast) -> str:
    """The agent presses and 110 is busy, presses again and it answers; the program then releases him."""
    stage, figures = cast.stage, cast.figures
    call = await _connected(cast)
    await _told(cast.stage, cast.agent, lambda e: _is_of(e, call) and e.body.get("phase") == "talking")

    await set_policy(cast.target, Policy(answer="busy", ring=False))
    key_ns, _ = await _press(cast, call)
    failure = await _told(stage, cast.agent, lambda e: e.time_ns > key_ns and e.body.get("outcome") == "busy")
    refused_ns = cast.target.handset.calls[-1].ended_ns or key_ns
    await asyncio.sleep(max(0.0, (key_ns + WINDOW_NS - time.time_ns()) / 1e9) + 0.1)  # its whole window is measured
    figures.add("silence in failed attempt", PRODUCT, undisturbed_ms(stage, cast.citizen, key_ns, key_ns + WINDOW_NS))
    figures.add("failure to agent told", PRODUCT, (failure.time_ns - refused_ns) / NS_PER_MS)

    await set_policy(cast.target, Policy())
    key_ns, accepted_ns = await _press(cast, call)
    figures.add("key to request accepted", PRODUCT, (accepted_ns - key_ns) / NS_PER_MS)
    ring_ms = await key_to_ring_ms(stage, cast.target, key_ns)
    figures.add("key to ring", PRODUCT, ring_ms)
    pop = await _told(stage, cast.target, lambda e: e.type == "pop" and e.time_ns > key_ns)
    figures.add("ring to pop", PRODUCT, (pop.time_ns - key_ns) / NS_PER_MS - ring_ms)
    await _join_and_leave(cast, PRODUCT, call, key_ns)
    return PRODUCT


async def _by_dialplan(cast: _Cast) -> str:
    """The same with the dialplan alone: its `invite` entry, and the agent hangs up himself."""
    call = await _connected(cast)
    await set_policy(cast.target, Policy())
    key_ns = await cast.ami.invite(str(cast.target.platform), call.channel)
    ring_ms = await key_to_ring_ms(cast.stage, cast.target, key_ns)
    cast.figures.add("key to ring", PLAIN, ring_ms)
    asked_ms = _ms_between(cast.far, "arrived", "queued", key_ns)
    cast.figures.add("key to ring, no program", PLAIN, ring_ms - asked_ms)
    await _join_and_leave(cast, PLAIN, call, key_ns)
    return PLAIN


async def _connected(cast: _Cast) -> _Connected:
    began_ns = time.time_ns()
    call = await talking(cast.stage, cast.citizen, cast.agent, str(cast.agent.platform))
    arrived = next(cells for cells in _steps(cast.near, began_ns) if cells[1] == "arrived")
    return _Connected(call, call_id=arrived[2], channel=arrived[6])


async def _press(cast: _Cast, call: _Connected) -> tuple[int, int]:
    """The key on the agent's desk: when the request left and when it was accepted."""
    assert cast.agent.desk is not None
    wish = {"target": cast.target.platform, "kind": "one_key", "consent": "agreed"}
    said = await cast.agent.desk.ask("POST", f"/calls/{call.call_id}/handover", wish)
    if said.status != 202:  # noqa: PLR2004 - HTTP 202 Accepted
        raise StepFailed(f"the key was refused: {said.status} {said.code or said.body}")
    return said.sent_ns, said.answered_ns


async def _join_and_leave(cast: _Cast, who: str, call: _Connected, key_ns: int) -> None:
    """The target answers, the agent leaves (released, or by himself), the citizen ends the call."""
    stage, agents_call = cast.stage, cast.agent.handset.calls[-1]
    await answer(stage, cast.target, await rings_at(stage, cast.target, STEP_LIMIT_S))
    join = await joined(stage, cast.citizen, cast.target.name, key_ns)
    if who == PLAIN:
        await hang_up(stage, cast.agent, agents_call)
    # Listening costs the machine something, so it begins when the agent is gone and not three seconds before.
    left_ns = await stage.bell.until(lambda: agents_call.ended_ns, STEP_LIMIT_S)
    if left_ns is None:
        raise StepFailed(f"the agent was still in the {who}'s call after {STEP_LIMIT_S:g} s")
    leave = await left(stage, cast.citizen, cast.agent.name, left_ns)
    cast.figures.add("silence at join", who, join.silence_ms)
    cast.figures.add("silence at leave", who, leave.silence_ms)
    await hang_up(stage, cast.citizen, call.citizens)
    ended = (agents_call, call.citizens, cast.target.handset.calls[-1])
    if await stage.bell.until(lambda: all(not one.is_live for one in ended) or None, STEP_LIMIT_S) is None:
        raise StepFailed(f"the {who}'s call did not end for everybody within {STEP_LIMIT_S:g} s")


async def _told(stage: Stage, actor: Actor, fits: Callable[[DeskEvent], bool]) -> DeskEvent:
    """The first event on this desk that fits."""
    assert actor.desk is not None
    events = actor.desk.events
    found = await stage.bell.until(lambda: next(filter(fits, events), None), STEP_LIMIT_S)
    if found is None:
        raise StepFailed(f"{actor.name}'s desk was not told within {STEP_LIMIT_S:g} s")
    return found


def _is_of(event: DeskEvent, call: _Connected) -> bool:
    return event.body.get("call_id") == call.call_id


def _steps(journal: Path, since_ns: int) -> list[list[str]]:
    """The dialplan's own steps since then (asterisk-config/README.md, "Journal")."""
    lines = (line.split(",") for line in journal.read_text(encoding="ascii").splitlines())
    return [cells for cells in lines if float(cells[0]) * 1e9 >= since_ns - NS_PER_MS]


def _ms_between(journal: Path, first: str, second: str, since_ns: int) -> float:
    at = {step: float(moment) for moment, step, *_ in reversed(_steps(journal, since_ns))}
    return (at[second] - at[first]) * 1000


@dataclass(frozen=True, slots=True)
class _Ami:
    """The dialplan's entry by hand: one AMI connection, one action at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def log_in(cls, host: str, port: int, secret: str) -> Self:
        """Connect from the site's own address, which is the only one that is let in."""
        ami = cls(*await asyncio.open_connection(host, port, local_addr=(host, 0)))
        await ami._do(("Action", "Login"), ("Username", "callflow"), ("Secret", secret), ("Events", "off"))
        return ami

    async def invite(self, target: str, caller_channel: str) -> int:
        """Bring `target` to the caller; returns the moment at which the action left (ns)."""
        sent_ns = time.time_ns()
        await self._do(
            ("Action", "Originate"),
            ("Channel", f"Local/{target}@invite/n"),
            ("Context", "trigger"),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Async", "true"),
            ("Timeout", "30000"),
            ("Variable", f"__CALLERCHAN={caller_channel}"),
            ("Variable", f"GROUP(pending)={caller_channel}"),
            ("Variable", f"__ATTEMPT={ULID()}"),
            ("Variable", "__KIND=three_party"),
            ("Variable", "__WAY=phone_key"),
            # It only looks like a signed id: without one the dialplan would ask our program to sign.
            ("Variable", f"__UUI={secrets.token_hex(40)}"),
        )
        return sent_ns

    def close(self) -> None:
        """End the connection. Repeatable."""
        self.writer.close()

    async def _do(self, *headers: tuple[str, str]) -> None:
        async with asyncio.timeout(AMI_LIMIT_S):
            self.writer.write("".join(f"{name}: {value}\r\n" for name, value in headers).encode() + b"\r\n")
            said = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if "Response: Success" not in said:
            raise StepFailed(f"Asterisk refused {headers[0][1]}: {said.strip()}")
