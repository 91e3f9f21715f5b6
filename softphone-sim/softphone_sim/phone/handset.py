"""The runner's end of one phone: starts the worker, gives orders, remembers what the phone saw."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar

from softphone_sim.phone.messages import SipMessage, from_log, parse_message

START_LIMIT_S = 15.0  # PJSUA2 and its process on a busy machine; 0.3 s on an idle one
ORDER_LIMIT_S = 5.0
END_LIMIT_S = 2.0  # unregister and BYE; after it the worker is killed
LINE_LIMIT_BYTES = 1 << 20
PACKAGE_ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


class PhoneRefused(Exception):  # noqa: N818 - named by blame: the phone said no, or is gone
    """The phone could not carry out an order; the text says why."""


class Bell:
    """Rung whenever anything happens on a stage; whoever waits for something looks again."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def until(self, look: Callable[[], T | None], limit_s: float, every_s: float = 0.5) -> T | None:
        """The first answer of `look` that is neither None nor False, else None; looks again at each ring."""
        deadline = time.monotonic() + limit_s
        while (answer := look()) is None or answer is False:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            try:
                async with asyncio.timeout(min(left_s, every_s)):
                    await self._rung.wait()
            except TimeoutError:
                continue
        return answer


@dataclass(frozen=True, slots=True)
class PhoneSpec:
    """What a phone is: where it stands, what it says, and (if it registers) as whom."""

    name: str
    address: str
    tone_hz: int
    uri: str
    port: int = 0
    codec: str = "alaw"
    registrar: str | None = None
    user: str = ""
    password: str = ""
    poll_ms: int = 5
    """How late its timers and orders may be. Many phones on one machine cost less with more."""


@dataclass(frozen=True, slots=True)
class StateSeen:
    """One step in a call's life, as the phone saw it."""

    time_ns: int
    state: str  # calling, incoming, early, connecting, confirmed, ended
    code: int
    reason: str


@dataclass(slots=True)
class CallSeen:
    """One call of one phone. Fills up as it goes on."""

    name: str
    is_incoming: bool
    began_ns: int
    invite: SipMessage | None = None
    sip_call_id: str = ""
    tape: Path | None = None
    states: list[StateSeen] = field(default_factory=list)
    transfers: list[tuple[int, int, bool]] = field(default_factory=list)  # time, NOTIFY's code, final
    is_held: bool = False

    @property
    def state(self) -> str:
        """The latest state."""
        return self.states[-1].state if self.states else "begun"

    @property
    def is_live(self) -> bool:
        """Not ended yet."""
        return self.state != "ended"

    def first(self, *states: str) -> StateSeen | None:
        """When it first was in one of these states."""
        return next((seen for seen in self.states if seen.state in states), None)

    @property
    def answered_ns(self) -> int | None:
        """When the 200 came or went."""
        seen = self.first("connecting", "confirmed")
        return seen.time_ns if seen else None

    @property
    def ended_ns(self) -> int | None:
        """When it ended."""
        seen = self.first("ended")
        return seen.time_ns if seen else None


def _opened(log: Path) -> BinaryIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("wb")


class Handset:
    """A phone on the stage. All times are wall clock nanoseconds of the phone's own process."""

    def __init__(self, spec: PhoneSpec, bell: Bell, on_event: Callable[["Handset", dict[str, Any]], None]) -> None:
        self.spec = spec
        self.calls: list[CallSeen] = []
        self.messages: list[SipMessage] = []
        self.registration_code: int | None = None
        self.port = spec.port
        self.is_dead = False
        self._bell = bell
        self._on_event = on_event
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._orders = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, tapes: Path, index: int, group: asyncio.TaskGroup) -> Self:
        """Bring the worker up and, when it has a registrar, register.

        Raises:
            PhoneRefused: the address cannot be bound, or the registrar said no or nothing.
        """
        paths = [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
        with _opened(tapes / "worker.log") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "softphone_sim.phone.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LINE_LIMIT_BYTES,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            )
        group.create_task(self._read_events(), name=f"phone {self.spec.name}")
        spec = self.spec
        opened = await self.order(
            "open", START_LIMIT_S, address=spec.address, port=spec.port, tone_hz=spec.tone_hz, tapes=str(tapes),
            codec=spec.codec, index=index, poll_ms=spec.poll_ms,
        )  # fmt: skip
        self.port = opened["port"]
        await self.order("account", uri=spec.uri, registrar=spec.registrar, user=spec.user, password=spec.password)
        if spec.registrar:
            await self._registered()
        return self

    async def order(self, do: str, limit_s: float = ORDER_LIMIT_S, **fields: object) -> Any:
        """Carry out one of the worker's orders (`Engine.do_…`) and return its answer.

        Raises:
            PhoneRefused: the worker said no, is gone, or did not answer in time.
        """
        if self._process is None or self._process.stdin is None or self.is_dead:
            raise PhoneRefused(f"phone {self.spec.name} is dead: it was killed or has ended")
        self._orders += 1
        answer = self._answers[self._orders] = asyncio.get_running_loop().create_future()
        line = json.dumps({"do": do, "id": self._orders, **fields})
        try:
            self._process.stdin.write(line.encode() + b"\n")
            async with asyncio.timeout(limit_s):
                return await answer
        except (TimeoutError, ConnectionError) as why:
            raise PhoneRefused(f"phone {self.spec.name} did not answer `{do}` within {limit_s:g} s") from why

    def call_named(self, name: str | None = None) -> CallSeen | None:
        """The call of that name, else the latest live one, else the latest."""
        if name is not None:
            return next((call for call in self.calls if call.name == name), None)
        live = [call for call in self.calls if call.is_live]
        chosen = live or self.calls
        return chosen[-1] if chosen else None

    def kill(self) -> None:
        """End the process with -9: no BYE, no unregister, no more audio. Repeatable."""
        self.is_dead = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """End the phone decently (BYE, unregister), or with -9 when it does not. Repeatable."""
        if self._process is None:
            return
        if self._process.returncode is None and self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_LIMIT_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    # ---- what the worker tells ----------------------------------------------------------------------

    async def _registered(self) -> None:
        code = await self._bell.until(lambda: self.registration_code, ORDER_LIMIT_S)
        if code != 200:  # noqa: PLR2004 - SIP 200 OK
            said = f"the registrar said {code}" if code else "the registrar did not answer"
            cure = "check that the site is up and that sip_user and sip_password are those of status.json"
            whom = f"{self.spec.user} at {self.spec.registrar}"
            raise PhoneRefused(f"phone {self.spec.name} could not register as {whom}: {said}; {cure}")

    async def _read_events(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            event = json.loads(line)
            self._take(event)
            self._on_event(self, event)
            self._bell.ring()
        self.is_dead = True
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(PhoneRefused(f"phone {self.spec.name} ended; its worker.log may say why"))
                answer.exception()  # looked at here, so that an answer nobody waits for is no warning
        self._bell.ring()

    def _take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "done" | "failed":
                self._settle(event)
            case "sip":
                if message := from_log(event["text"], event["t"]):
                    self.messages.append(message)
            case "registration":
                self.registration_code = event["code"]
            case "incoming":
                invite = parse_message(event["text"], time_ns=event["t"], is_sent=False, peer="")
                self._call(event["call"], event["t"], is_incoming=True).invite = invite
            case "tape":
                self._call(event["call"], event["t"]).tape = Path(event["path"])
            case "call":
                call = self._call(event["call"], event["t"])
                call.sip_call_id = event["sip_call_id"]
                call.states.append(StateSeen(event["t"], event["state"], event["code"], event["reason"]))
            case "transfer":
                self._call(event["call"], event["t"]).transfers.append((event["t"], event["code"], event["final"]))

    def _call(self, name: str, time_ns: int, *, is_incoming: bool = False) -> CallSeen:
        known = self.call_named(name)
        if known is None:
            known = CallSeen(name, is_incoming, time_ns)
            self.calls.append(known)
        return known

    def _settle(self, event: dict[str, Any]) -> None:
        answer = self._answers.pop(event["id"], None)
        if answer is None or answer.done():
            return
        if event["event"] == "done":
            answer.set_result(event["answer"])
        else:
            answer.set_exception(PhoneRefused(f"phone {self.spec.name}: {event['why']}"))
