"""What a story needs of a softphone that is not ours, whoever wrote it."""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from softphone_sim.phone.handset import Bell

TONE_HZ = 2050  # what a foreign phone says: one of the tones that the simulator's ears know
TONE_SECONDS = 60
SAMPLES_A_SECOND = 8000
END_LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Account:
    """Where the phone stands and as whom it registers."""

    address: str
    user: str
    password: str
    registrar: str  # ip:port


class ForeignPhone(Protocol):
    """An agent's phone. Every wait has a limit; `TimeoutError` names the phone, what it waited for and what it saw."""

    async def start(self) -> None:
        """Come up and register."""

    async def rings(self, times: int = 1) -> str:
        """Wait until the phone has rung so often; the number that it shows."""

    async def answer(self) -> None:
        """Take the call that rings."""

    async def press(self, keys: str) -> None:
        """Send digits (RFC 4733)."""

    async def transfer(self, code: str) -> None:
        """Send a blind REFER to this code of the phone's own platform."""

    async def hang_up(self) -> None:
        """End the call, or refuse it while it rings."""

    async def idle(self) -> None:
        """Wait until the phone has no call."""

    def recording(self) -> Path | None:
        """What it heard so far, when the phone can record."""

    async def stop(self) -> None:
        """End the phone. Repeatable."""


async def seen(
    bell: Bell, what: str, limit_s: float, look: Callable[[], str | None], story: Callable[[], list[str]]
) -> str:
    """Wait for `look()` to answer something.

    Raises:
        TimeoutError: it did not in time; the text holds the phone's last words.
    """
    found = await bell.until(look, limit_s, 0.1)
    if found is None:
        raise TimeoutError(f"{what}: not within {limit_s:g} s; the phone's last words:\n" + "\n".join(story()[-15:]))
    return found


async def end(process: asyncio.subprocess.Process | None) -> None:
    """End a phone's process, by force when it does not listen (linphonec is known not to)."""
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(END_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def write_tone(path: Path) -> Path:
    """What the phone says, as the file that both of them play instead of a microphone."""
    samples = (int(8000 * math.sin(2 * math.pi * TONE_HZ * i / SAMPLES_A_SECOND)) for i in range(SAMPLES_A_SECOND))
    second = b"".join(struct.pack("<h", sample) for sample in samples)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLES_A_SECOND)
        file.writeframes(second * TONE_SECONDS)
    return path


def loudest_tone_hz(path: Path) -> float:
    """The strongest tone of a recording."""
    with wave.open(str(path), "rb") as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")[::channels].astype(float)
    power = np.abs(np.fft.rfft(samples))
    return float(np.argmax(power[1:]) + 1) * rate / len(samples)
