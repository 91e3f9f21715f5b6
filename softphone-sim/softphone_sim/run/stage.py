"""The stage: phones and desks of one scene, and what they have seen so far.

`async with Stage(lab) as stage:` is the library's front door; scripts, the demo and the bench all stand on
it. Whatever happens inside, every phone is gone when the block is left.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from softphone_sim.desk import Desk, DeskEvent
from softphone_sim.ears.listen import (
    MUSIC,
    PARTY_TONES_HZ,
    RINGBACK,
    TONE_OF_MUSIC_HZ,
    TONE_OF_RINGBACK_HZ,
    Heard,
    listen,
)
from softphone_sim.ears.tape import PACKET, read_tape
from softphone_sim.lab import Lab, LabError, can_bind, host_of, own_address_towards
from softphone_sim.phone.handset import Bell, Handset, PhoneSpec
from softphone_sim.run.actor import Actor, Entry

SIP_PORT = 5060  # where a carrier connects to
__all__ = ["Actor", "Entry", "Stage"]

FIRST_PHONE_OCTET, LAST_PHONE_OCTET = 41, 79  # the lab's share of its loopback block for agents' phones


class Stage:
    """Brings actors up, keeps the timeline, lends ears."""

    def __init__(
        self,
        lab: Lab | None = None,
        *,
        addresses: tuple[str, ...] = (),
        on_entry: Callable[[Entry], None] = lambda _entry: None,
        tapes: Path | None = None,
        poll_ms: int = 5,
    ) -> None:
        """`addresses`: where agents' phones stand; by default the lab's own block. `poll_ms`: see `PhoneSpec`."""
        self._poll_ms = poll_ms
        self.lab = lab
        self.bell = Bell()
        self.actors: dict[str, Actor] = {}
        self.timeline: list[Entry] = []
        self.began_ns = time.time_ns()
        self.tones_hz: dict[str, int] = {MUSIC: TONE_OF_MUSIC_HZ, RINGBACK: TONE_OF_RINGBACK_HZ}
        self._addresses = addresses
        self._on_entry = on_entry
        self._tapes = tapes
        self._stack = AsyncExitStack()
        self._group = asyncio.TaskGroup()
        self._heard_of: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        if self._tapes is None:
            scratch = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="softphones-"))
            self._tapes = Path(scratch)
        await self._stack.enter_async_context(self._group)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            await self._clear()
        finally:
            for actor in self.actors.values():
                for phone in (*actor.past, actor.handset):
                    phone.kill()
        # A body's own error passes through as it is; only a cancellation is the group's business (a task of ours
        # failed, or we are being ended): an ExceptionGroup then means that a phone's or desk's reader broke.
        told = (kind, error, trace) if isinstance(error, asyncio.CancelledError) else (None, None, None)
        await self._stack.__aexit__(*told)
        return None

    async def _clear(self) -> None:
        for actor in self.actors.values():
            if actor.desk:
                await actor.desk.close()
        await asyncio.gather(*(actor.handset.stop() for actor in self.actors.values()))

    # ---- actors -------------------------------------------------------------------------------------

    async def caller(
        self,
        name: str,
        *,
        number: str,
        carrier: str = "trusted",
        address: str | None = None,
        tone_hz: int | None = None,
    ) -> Actor:
        """A citizen behind the carrier: no registration, the carrier's address, this From number.

        Raises:
            LabError: there is no lab, or none of the carrier's addresses is this machine's.
            PhoneRefused: the phone did not start.
        """
        address = address or self._carrier_address(carrier)
        uri = f"sip:{number}@{address}"
        return await self._add(name, number=number, address=address, uri=uri, tone_hz=tone_hz)

    async def agent(
        self,
        name: str,
        *,
        platform: str,
        seat: int,
        desk: bool = True,
        address: str | None = None,
        tone_hz: int | None = None,
    ) -> Actor:
        """An agent's phone, registered at its platform; with `desk`, logged in and listening to its events.

        Raises:
            LabError: there is no lab, no such platform or seat.
            PhoneRefused: the phone did not start or could not register.
            DeskRefused: the desk did not let the agent in.
        """
        if self.lab is None:
            raise LabError(f"agent {name} needs a lab: give --lab STATUS.json")
        site, account = self.lab.site(platform), self.lab.seat(platform, seat)
        actor = await self._add(
            name,
            number=account.sip_user,
            platform=platform,
            address=address or self._next_address(site.sip),
            uri=f"sip:{account.sip_user}@{site.sip}",
            tone_hz=tone_hz,
            registrar=f"sip:{site.sip}",
            user=account.sip_user,
            password=account.sip_password,
        )
        if desk:
            fresh = Desk(site.http, lambda event: self._desk_event(actor, event))
            actor.desk = fresh
            await fresh.log_in(account.desk_user, account.desk_password, self._group)
        return actor

    async def phone(
        self,
        name: str,
        *,
        number: str,
        address: str | None = None,
        carrier: int | None = None,
        port: int = 0,
        tone_hz: int | None = None,
    ) -> Actor:
        """A plain phone that registers nowhere: behind the n-th trusted carrier, or one of two that call directly.

        Raises:
            LabError: the lab has no such carrier.
            PhoneRefused: the address or port cannot be bound.
        """
        if carrier is not None:
            address, port = self._behind(carrier), port or SIP_PORT
        assert address is not None, "the language lets exactly one place through"
        uri = f"sip:{number}@{address}"
        return await self._add(name, number=number, address=address, port=port, uri=uri, tone_hz=tone_hz)

    async def replace_phone(self, actor: Actor) -> None:
        """A new phone for one that was killed: same account, place and voice.

        Raises:
            PhoneRefused: it did not start or could not register.
        """
        actor.handset.kill()
        fresh = Handset(actor.handset.spec, self.bell, self._phone_event)
        assert self._tapes is not None, "a stage is entered before it is used"
        folder = self._tapes / f"{actor.name}.{len(actor.past) + 1}"
        try:
            await fresh.start(folder, list(self.actors).index(actor.name) + 1, self._group)
        except BaseException:
            fresh.kill()  # nobody else knows of it
            raise
        actor.past.append(actor.handset)
        actor.handset = fresh

    def place_of(self, actor: Actor) -> str:
        """The SIP URI under which a phone is reached directly."""
        return f"sip:{actor.number}@{actor.handset.spec.address}:{actor.handset.port}"

    async def _add(
        self, name: str, *, number: str, tone_hz: int | None, platform: str | None = None, **spec: Any
    ) -> Actor:
        if name in self.actors:
            raise LabError(f"two actors are called {name}: give one another name")
        free = (hz for hz in PARTY_TONES_HZ if hz not in self.tones_hz.values())
        chosen = tone_hz or next(free, None)
        if chosen is None:
            raise LabError(f"no tone is left for {name}: at most {len(PARTY_TONES_HZ)} phones in one scene")
        self.tones_hz[name] = chosen
        handset = Handset(
            PhoneSpec(name=name, tone_hz=chosen, poll_ms=self._poll_ms, **spec), self.bell, self._phone_event
        )
        actor = self.actors[name] = Actor(name, handset, number, platform)
        assert self._tapes is not None, "a stage is entered before it is used"
        await handset.start(self._tapes / name, len(self.actors), self._group)
        return actor

    def _behind(self, carrier: int) -> str:
        places = self.lab.carrier.trusted if self.lab else ()
        if carrier > len(places):
            raise LabError(f"a phone behind carrier {carrier} needs a lab with that many trusted carriers")
        return places[carrier - 1]

    def _carrier_address(self, carrier: str) -> str:
        if self.lab is None:
            raise LabError("a caller needs a lab: give --lab STATUS.json")
        places = self.lab.carrier.trusted if carrier == "trusted" else self.lab.carrier.untrusted
        found = next((place for place in reversed(places) if can_bind(place)), None)
        if found is None:
            raise LabError(f"none of the carrier's {carrier} addresses ({', '.join(places)}) is this machine's")
        return found

    def _next_address(self, sip: str) -> str:
        count = sum(1 for actor in self.actors.values() if actor.platform)
        if self._addresses:
            return self._addresses[count % len(self._addresses)]
        host = host_of(sip)
        if not host.startswith("127."):
            return own_address_towards(host)
        octet = FIRST_PHONE_OCTET + count % (LAST_PHONE_OCTET - FIRST_PHONE_OCTET + 1)
        return f"{host.rsplit('.', 1)[0]}.{octet}"

    # ---- ears ---------------------------------------------------------------------------------------

    def heard_by(self, actor: Actor, since_ns: int = 0, *, living_at_ns: int = 0) -> Heard:
        """What this phone was sent since then, in order of arrival, over all its calls that lived at that moment."""
        calls = [call for call in actor.handset.calls if (call.ended_ns or living_at_ns) >= living_at_ns]
        tapes = [read_tape(call.tape) for call in calls if call.tape]
        packets = np.concatenate([np.empty(0, PACKET), *(tape[tape["time_ns"] >= since_ns] for tape in tapes)])
        return listen(packets[np.argsort(packets["time_ns"], kind="stable")], self.tones_hz)

    # ---- timeline -----------------------------------------------------------------------------------

    def note(self, who: str, what: str, kind: str, *, time_ns: int | None = None) -> None:
        """Add a line to the timeline; it is shown at once."""
        entry = Entry(time_ns or time.time_ns(), who, what, kind)
        self.timeline.append(entry)
        self._on_entry(entry)

    def _phone_event(self, handset: Handset, event: dict[str, Any]) -> None:
        name = handset.spec.name
        match event["event"]:
            case "incoming":
                call = handset.calls[-1]
                shown = call.invite.shown_number if call.invite else None
                self.note(name, f"rings, shows {shown}", "sip", time_ns=event["t"])
            case "call" if event["state"] in {"connecting", "confirmed"}:
                if not self._told(name, event, "answered"):
                    self.note(name, "is connected", "sip", time_ns=event["t"])
            case "call" if event["state"] == "early" and event["code"] in {180, 183}:
                call_seen = handset.call_named(event["call"])
                if call_seen and not call_seen.is_incoming:
                    self.note(name, f"hears that it rings ({event['code']})", "sip", time_ns=event["t"])
            case "call" if event["state"] == "ended":
                self.note(name, f"call ended ({event['code']} {event['reason']})", "sip", time_ns=event["t"])
            case "transfer":
                self.note(
                    name, f"is told of its transfer: {event['code']} {event['reason']}", "sip", time_ns=event["t"]
                )
            case "log" | "media_error" | "failed":
                self.note(
                    name, str(event.get("text") or event.get("why") or "media error"), "fault", time_ns=event["t"]
                )

    def _told(self, name: str, event: dict[str, Any], what: str) -> bool:
        key = f"{name} {event['call']} {what}"
        was_told = key in self._heard_of
        self._heard_of[key] = what
        return was_told

    def _desk_event(self, actor: Actor, event: DeskEvent) -> None:
        self.bell.ring()
        if event.type != "snapshot":
            said = {
                key: event.body[key] for key in ("phase", "outcome", "cause", "number", "owner") if event.body.get(key)
            }
            shown = ", ".join(f"{key} {value}" for key, value in said.items() if not isinstance(value, dict | list))
            self.note(actor.name, f"desk: {event.type} {shown}".rstrip(), "desk", time_ns=event.time_ns)
