"""Where a transcript comes from: any recogniser that is a program of its own, with a model of the operator's.

No Chinese speech model ships in a package (facts), so there is an interface and no recogniser. It stands beside the
call, never in its way: when it dies, hangs or writes nonsense, the words stop and nothing else happens (R-082).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LONGEST_LINE = 64 * 1024
END_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that the recogniser will not change any more."""

    speaker: str  # "caller" or "agent"
    text: str


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A program that is given the model's path and a call's audio source, and writes one JSON object a line.

    Lines: {"speaker": "caller"|"agent", "text": "…", "final": true|false}; unfinished pieces are passed over.
    """

    command: Sequence[str]  # {model} and {audio} stand for the two
    model: Path

    async def listen(self, audio: str, silence_limit_s: float) -> AsyncIterator[Piece]:
        """Yield final pieces until the program ends, is silent for too long, or the caller of this stops listening.

        Never raises for anything that the program does; a program that cannot be started gives no words.
        """
        words = [part.format(model=self.model, audio=audio) for part in self.command]
        try:
            program = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=LONGEST_LINE,
            )
        except OSError:
            return
        assert program.stdout is not None
        try:
            while line := await _line(program.stdout, silence_limit_s):
                if (piece := piece_of(line)) is not None:
                    yield piece
        finally:
            await _end(program)


async def _line(stream: asyncio.StreamReader, limit_s: float) -> bytes:
    """The next line; empty when there is none in time, or one longer than anybody speaks."""
    with suppress(TimeoutError, ValueError):
        return await asyncio.wait_for(stream.readline(), limit_s)
    return b""


def piece_of(line: bytes) -> Piece | None:
    """A final piece, or None for everything else."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("final") is not True:
        return None
    speaker, text = said.get("speaker"), said.get("text")
    if speaker not in {"caller", "agent"} or not isinstance(text, str) or not text.strip():
        return None
    return Piece(speaker, text)


async def _end(program: asyncio.subprocess.Process) -> None:
    """End it, by force if need be. One that has ended already is fine."""
    with suppress(ProcessLookupError):
        program.terminate()
    try:
        await asyncio.wait_for(program.wait(), END_LIMIT_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            program.kill()
        await program.wait()
