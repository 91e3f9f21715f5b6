"""Our own FastAGI server: two short jobs, asked by a helper channel while the caller waits at most a second.

Whatever a peer does, it costs at most its own session: a port probe, a header without end, an Asterisk that
hangs, a hundred connections at once. A job that fails leaves no answer, and the dialplan goes on with its
default.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from agi.agi_wire import (
    HEADER_LIMIT_BYTES,
    AgiAnswer,
    AgiBroken,
    AgiRefused,
    AgiRequest,
    AgiUnsendable,
    command_line,
    read_answer,
    read_header,
)

log = structlog.get_logger(__name__)

USAGE_LINES_LIMIT = 100
"""The longest usage text of Asterisk 22 has about 40 lines."""

_PLAIN = re.compile(r"[0-9A-Za-z]*")


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """Seconds, and sessions at once. The dialplan waits one second for the whole (`Dial(Local/s@agi-…,1)`)."""

    header_s: float = 1.0
    command_s: float = 1.0
    session_s: float = 3.0
    sessions: int = 64


class AgiPortTaken(Exception):  # noqa: N818 - named by what happened
    """The server cannot listen where the site file says."""


class AgiHungUp(Exception):  # noqa: N818 - named by what happened
    """The peer closed the connection."""


class AgiSession:
    """One open session. Commands go one at a time and each is answered before the next."""

    def __init__(
        self,
        request: AgiRequest,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: AgiLimits,
    ) -> None:
        self.request = request
        self.is_hung_up = False
        """Asterisk said HANGUP: the helper channel ends. Commands are still answered."""
        self._reader = reader
        self._writer = writer
        self._limits = limits

    async def greet(self) -> None:
        """Ask for nothing, once, before the first real command.

        What is left of a header that a caller ended early (requirement T-08) is read as the answer, and is
        none.
        """
        await self._command("NOOP")

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable or dialplan function, such as `SHARED(R_HOP,<channel>)`. Repeatable.

        Raises:
            AgiRefused: Asterisk did not do it.
            AgiHungUp, AgiBroken, TimeoutError: the session is over.
            AgiUnsendable: a CR, LF or NUL in the name or the value; nothing was sent.
        """
        await self._command("SET VARIABLE", name, value)

    async def set_variables(self, values: Mapping[str, str]) -> None:
        """Set several at once, all or none: one way there and back, for which a caller waits. Repeatable.

        Raises:
            AgiUnsendable: a value that is more than letters and digits; nothing was sent.
            Others as `set_variable` does.
        """
        if not all(_PLAIN.fullmatch(value) for value in values.values()):
            raise AgiUnsendable("a value that MSet might read as two; nothing was sent")
        await self._command("EXEC MSet", ",".join(f"{name}={value}" for name, value in values.items()))

    async def get_variable(self, name: str) -> str:
        """Return a variable of the helper channel, "" when it is not set. Raises as `set_variable` does."""
        return await self._command("GET VARIABLE", name)

    async def _command(self, *words: str) -> str:
        self._writer.write(command_line(*words))
        async with asyncio.timeout(self._limits.command_s):
            await self._writer.drain()
            answer = await self._answer()
        return answer.value()

    async def _answer(self) -> AgiAnswer:
        while (answer := read_answer(await self._line())) is None:
            self.is_hung_up = True
        if answer.has_more:
            await self._skip_usage(answer.code)
        return answer

    async def _skip_usage(self, code: int) -> None:
        for _ in range(USAGE_LINES_LIMIT):
            if (await self._line()).startswith(b"%d " % code):
                return
        raise AgiBroken(f"a usage text of more than {USAGE_LINES_LIMIT} lines")

    async def _line(self) -> bytes:
        try:
            return (await self._reader.readuntil(b"\n"))[:-1]
        except asyncio.IncompleteReadError as error:
            raise AgiHungUp("the connection ended in the middle of a command") from error
        except asyncio.LimitOverrunError as error:
            raise AgiBroken("an answer without an end") from error


Job = Callable[[AgiSession], Awaitable[None]]


class AgiServer:
    """Serves `jobs` by name. `run` belongs to a TaskGroup; it owns every session and ends all with itself."""

    def __init__(self, host: str, port: int, jobs: Mapping[str, Job], *, limits: AgiLimits | None = None) -> None:
        self.address = (host, port)
        """Where it listens; with port 0, where it really listens once `ready` is set."""
        self.ready = asyncio.Event()
        self._jobs = jobs
        self._limits = limits or AgiLimits()
        self._open = 0

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            AgiPortTaken: as its name says.
        """
        sessions = asyncio.TaskGroup()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sessions.create_task(self._serve(reader, writer))

        host, port = self.address
        try:
            server = await asyncio.start_server(accept, host, port, limit=HEADER_LIMIT_BYTES, start_serving=False)
        except OSError as error:
            raise AgiPortTaken(
                f"FastAGI cannot listen on {host}:{port} ({error.strerror});"
                " end the program that has it, or change agi_port in the site file"
            ) from error
        try:
            async with sessions:
                await server.start_serving()
                self.address = server.sockets[0].getsockname()[:2]
                self.ready.set()
                await asyncio.get_running_loop().create_future()  # until cancelled; sessions come by accept
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > self._limits.sessions:
                log.warning("FastAGI session turned away", limit=self._limits.sessions)
                return
            async with asyncio.timeout(self._limits.session_s):
                await self._session(reader, writer)
        except (AgiBroken, AgiRefused, AgiUnsendable) as error:
            log.warning("FastAGI session refused", why=str(error))
        except (AgiHungUp, OSError, TimeoutError) as error:
            log.info("FastAGI session ended early", why=str(error) or "too slow")
        except Exception:
            # A job is ours: its fault is logged whole, and costs this session only; the dialplan has a
            # default.
            log.exception("FastAGI job failed")
        finally:
            self._open -= 1
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._limits.header_s):
                header = (await reader.readuntil(b"\n\n"))[:-2]
        except asyncio.IncompleteReadError as error:
            raise AgiHungUp("the connection ended within the header: a port probe") from error
        except asyncio.LimitOverrunError as error:
            raise AgiBroken(f"a header of more than {HEADER_LIMIT_BYTES} bytes") from error
        request = read_header(header)
        job = self._jobs.get(request.job)
        if job is None:
            raise AgiBroken("no such job; compare AGI() in the dialplan with agi/routes.py")
        session = AgiSession(request, reader, writer, self._limits)
        await session.greet()
        await job(session)
