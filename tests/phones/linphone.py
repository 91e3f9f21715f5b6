"""linphonec 5 as an agent's phone, driven by its own prompt.

By a pipe and not by `linphonecsh`, whose socket there is only one of for a user of the machine.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from softphone_sim.phone.handset import Bell
from tests.phones.foreign import Account, end, seen, write_tone

START_LIMIT_S, RING_LIMIT_S, END_OF_CALL_LIMIT_S = 20.0, 20.0, 10.0
CONFIG = """[sip]
sip_port=5060
sip_tcp_port=0
sip_tls_port=0
bind_address={address}
use_ipv6=0
guess_hostname=0
contact=sip:{user}@{address}
default_proxy=0
inc_timeout=60
[rtp]
audio_rtp_port=7078
[sound]
echocancellation=0
[video]
enabled=0
[auth_info_0]
username={user}
userid={user}
passwd={password}
realm=asterisk
[proxy_0]
reg_proxy=sip:{registrar}
reg_identity=sip:{user}@{host}
reg_expires=300
reg_sendregister=1
publish=0
"""
RINGS = re.compile(r"new incoming call from .*?sips?:([^@;>]*)@", re.IGNORECASE)
CONNECTED = re.compile(r"Call \d+ with .* connected", re.IGNORECASE)
ENDED = re.compile(r"Call \d+ with .* ended|Call \d+ with .* error", re.IGNORECASE)


class Linphone:
    """Keeps `foreign.ForeignPhone`."""

    def __init__(self, place: Path, account: Account) -> None:
        self._place = place
        self._account = account
        self._bell = Bell()
        self._lines: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Come up and register."""
        place, account = self._place, self._account
        # Without this folder the core stays half started: it registers, yet answers every INVITE with 503.
        (place / ".local" / "share" / "linphone").mkdir(parents=True)
        (place / ".config" / "linphone").mkdir(parents=True)
        fields = {"user": account.user, "password": account.password, "address": account.address}
        host = account.registrar.partition(":")[0]
        (place / "rc").write_text(CONFIG.format(**fields, registrar=account.registrar, host=host))
        tone = write_tone(place / "tone.wav")
        self._process = await asyncio.create_subprocess_exec(
            "linphonec", "-c", str(place / "rc"), "-d", "1", "-l", str(place / "linphone.log"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": str(place)},
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        # ALSA's own "null" device makes linphonec spin; files in place of a sound card do not.
        await self._order("soundcard use files", f"play {tone}", f"record {place / 'heard.wav'}")
        await self._registered()

    async def rings(self, times: int = 1) -> str:
        """Wait until the phone has rung so often; the number that it shows."""
        return await self._line(times, RINGS, "linphonec rings", RING_LIMIT_S)

    async def answer(self) -> None:
        """Take the call that rings."""
        before = self._count(CONNECTED)
        await self._order("answer")
        await self._line(before + 1, CONNECTED, "linphonec is connected", END_OF_CALL_LIMIT_S)

    async def press(self, keys: str) -> None:
        """Send digits (RFC 4733)."""
        await self._order(*keys)

    async def transfer(self, code: str) -> None:
        """Send a blind REFER to this code of the phone's own platform."""
        await self._order(f"transfer sip:{code}@{self._account.registrar}")

    async def hang_up(self) -> None:
        """End the call, or refuse it while it rings."""
        await self._order("terminate")

    async def idle(self) -> None:
        """Wait until the phone has no call."""

        def look() -> str | None:
            return "idle" if self._count(ENDED) == self._count(RINGS) else None

        await seen(self._bell, "linphonec has no call", END_OF_CALL_LIMIT_S, look, lambda: self._lines)

    def recording(self) -> Path | None:
        """Return the file that linphonec was told to record into."""
        found = self._place / "heard.wav"
        return found if found.exists() else None

    async def stop(self) -> None:
        """End the phone. Repeatable."""
        if self._reading is not None:
            self._reading.cancel()
        await end(self._process)

    # ---- the prompt

    async def _registered(self) -> None:
        """Ask until it says so: linphonec tells of a registration only when asked."""
        async with asyncio.timeout(START_LIMIT_S):
            while not any("registered, identity=" in line for line in self._lines):
                await self._order("status register")
                await self._bell.until(lambda: True if "identity=" in "".join(self._lines[-1:]) else None, 0.3, 0.1)

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._lines.append(line.decode("utf-8", "replace").rstrip())
            self._bell.ring()

    async def _order(self, *commands: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{command}\n" for command in commands).encode())
        await self._process.stdin.drain()

    async def _line(self, nth: int, pattern: re.Pattern[str], what: str, limit_s: float) -> str:
        def look() -> str | None:
            found = [match for line in self._lines if (match := pattern.search(line))]
            return found[nth - 1][found[nth - 1].lastindex or 0] if len(found) >= nth else None

        return await seen(self._bell, what, limit_s, look, lambda: self._lines)

    def _count(self, pattern: re.Pattern[str]) -> int:
        return sum(bool(pattern.search(line)) for line in self._lines)
