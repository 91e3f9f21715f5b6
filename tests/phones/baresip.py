"""baresip 1.0 as an agent's phone, driven by its own control port (netstrings of JSON)."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from softphone_sim.phone.handset import Bell
from tests.phones.foreign import Account, end, seen, write_tone

CONTROL_PORT = 4444
MODULES = next(Path("/usr/lib").glob("**/baresip/modules"), None)  # Debian has had it in two places
START_LIMIT_S, REGISTER_LIMIT_S, RING_LIMIT_S, END_OF_CALL_LIMIT_S = 10.0, 10.0, 20.0, 10.0
# No stdio.so (it wants a terminal) and no cons.so; net_interface takes an address, but not the name "lo".
CONFIG = """poll_method epoll
sip_listen {address}:5060
net_interface {address}
rtp_ports 17210-17229
audio_source aufile,{tone}
audio_player aubridge,nil
snd_path {place}
ctrl_tcp_listen {address}:{port}
module_path {modules}
module account.so
module uuid.so
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app menu.so
module ctrl_tcp.so
"""
ACCOUNT = "<sip:{user}@{registrar};transport=udp>;auth_user={user};auth_pass={password};regint=300;answermode=manual\n"


class Baresip:
    """Keeps `foreign.ForeignPhone`."""

    def __init__(self, place: Path, account: Account) -> None:
        self._place = place
        self._account = account
        self._bell = Bell()
        self._events: list[dict[str, object]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._control: asyncio.StreamWriter | None = None

    async def start(self) -> None:
        """Come up and register."""
        account, place = self._account, self._place
        tone = write_tone(place / "tone.wav")
        text = CONFIG.format(address=account.address, place=place, tone=tone, port=CONTROL_PORT, modules=MODULES)
        (place / "config").write_text(text)
        fields = {"user": account.user, "password": account.password, "registrar": account.registrar}
        (place / "accounts").write_text(ACCOUNT.format(**fields))
        (place / "contacts").touch()
        with (place / "baresip.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "baresip", "-4", "-f", str(place), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        reader, self._control = await self._connected()
        self._reading = asyncio.create_task(self._read(reader))
        await self._registered()

    async def rings(self, times: int = 1) -> str:
        """Wait until the phone has rung so often; the number that it shows."""
        uri = await self._event(times, "CALL_INCOMING", RING_LIMIT_S)
        shown = re.match(r"sips?:([^@;>]*)@", uri)
        return shown[1] if shown else uri

    async def answer(self) -> None:
        """Take the call that rings."""
        before = self._count("CALL_ESTABLISHED")
        await self._order("accept")
        await self._event(before + 1, "CALL_ESTABLISHED", END_OF_CALL_LIMIT_S)

    async def press(self, keys: str) -> None:
        """Send digits (RFC 4733)."""
        await self._order("sndcode", keys)

    async def transfer(self, code: str) -> None:
        """Send a blind REFER to this code of the phone's own platform."""
        await self._order("transfer", f"sip:{code}@{self._account.registrar}")

    async def hang_up(self) -> None:
        """End the call, or refuse it while it rings."""
        await self._order("hangup")

    async def idle(self) -> None:
        """Wait until the phone has no call."""

        def look() -> str | None:
            return "idle" if self._count("CALL_CLOSED") == self._count("CALL_INCOMING") else None

        await seen(self._bell, "baresip has no call", END_OF_CALL_LIMIT_S, look, self._story)

    def recording(self) -> Path | None:
        """Return the last dump; baresip writes it whole when the call ends."""
        return max(self._place.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime, default=None)

    async def stop(self) -> None:
        """End the phone. Repeatable."""
        if self._reading is not None:
            self._reading.cancel()
        if self._control is not None:
            self._control.close()
        await end(self._process)

    # ---- the control port

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(START_LIMIT_S):
            while True:
                try:
                    return await asyncio.open_connection(self._account.address, CONTROL_PORT)
                except ConnectionRefusedError:
                    assert self._process is not None
                    assert self._process.returncode is None, (self._place / "baresip.log").read_text()
                    await asyncio.sleep(0.05)  # it has no other sign of being up

    async def _registered(self) -> None:
        """Ask until it says so: the event may have come before we were connected."""
        async with asyncio.timeout(REGISTER_LIMIT_S):
            while "OK" not in await self._order("reginfo"):
                await self._bell.until(lambda: None, 0.2)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while length := (await reader.readuntil(b":"))[:-1]:
            self._events.append(json.loads(await reader.readexactly(int(length))))
            await reader.readexactly(1)  # the netstring's comma
            self._bell.ring()

    async def _order(self, command: str, params: str = "") -> str:
        """Give an order; what baresip says to it."""
        assert self._control is not None
        token = f"{command}-{len(self._events)}"
        line = json.dumps({"command": command, "params": params, "token": token}).encode()
        self._control.write(b"%d:%s," % (len(line), line))
        await self._control.drain()

        def look() -> str | None:
            return next((str(event.get("data", "")) for event in self._events if event.get("token") == token), None)

        return await seen(self._bell, f"baresip takes {command}", 5.0, look, self._story)

    async def _event(self, nth: int, kind: str, limit_s: float) -> str:
        """The `nth` event of this kind; the address of the far end, where it has one."""

        def look() -> str | None:
            found = [event for event in self._events if event.get("type") == kind]
            return str(found[nth - 1].get("peeruri", kind)) if len(found) >= nth else None

        return await seen(self._bell, f"baresip tells of {kind}", limit_s, look, self._story)

    def _count(self, kind: str) -> int:
        return sum(event.get("type") == kind for event in self._events)

    def _story(self) -> list[str]:
        return [json.dumps(event) for event in self._events]
