"""Our own FastAGI server: two short jobs, asked by a helper channel while the caller waits at most a second.

Whatever a peer does, it costs at most its own session: a port probe, a header without end, an Asterisk that
hangs, a hundred connections at once. A job that fails leaves no answer, and the dialplan goes on with its
default.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping

import structlog

from agi.agi_peer import AgiHungUp, AgiLimits, AgiPeer, AgiTooSlow
from agi.agi_wire import (
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

LOOKS_A_LIMIT = 8
"""How often within a limit the server looks who is overdue: a limit is kept to an eighth."""

_PLAIN = re.compile(r"[0-9A-Za-z/_.@+*#-]*")


class AgiPortTaken(Exception):  # noqa: N818 - named by what happened
    """The server cannot listen where the site file says."""


class AgiSession:
    """One open session. Commands go one at a time and each is answered before the next."""

    def __init__(
        self,
        request: AgiRequest,
        peer: AgiPeer,
    ) -> None:
        self.request = request
        self.is_hung_up = False
        """Asterisk said HANGUP: the helper channel ends. Commands are still answered."""
        self._peer = peer

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
            AgiHungUp, AgiBroken, AgiTooSlow: the session is over.
            AgiUnsendable: a CR, LF or NUL in the name or the value; nothing was sent.
        """
        await self._command("SET VARIABLE", name, value)

    async def set_variables(self, values: Mapping[str, str]) -> None:
        """Set several at once, all or none: one way there and back, for which a caller waits. Repeatable.

        Raises:
            AgiUnsendable: a value that is more than a word or a channel's name; nothing was sent.
            Others as `set_variable` does.
        """
        if not all(_PLAIN.fullmatch(value) for value in values.values()):
            raise AgiUnsendable("a value that MSet might read as two; nothing was sent")
        await self._command("EXEC MSet", ",".join(f"{name}={value}" for name, value in values.items()))

    async def get_variable(self, name: str) -> str:
        """Return a variable of the helper channel, "" when it is not set. Raises as `set_variable` does."""
        return await self._command("GET VARIABLE", name)

    async def _command(self, *words: str) -> str:
        self._peer.send(command_line(*words))
        return (await self._answer()).value()

    async def _answer(self) -> AgiAnswer:
        while (answer := read_answer(await self._peer.line())) is None:
            self.is_hung_up = True
        if answer.has_more:
            await self._skip_usage(answer.code)
        return answer

    async def _skip_usage(self, code: int) -> None:
        for _ in range(USAGE_LINES_LIMIT):
            if (await self._peer.line()).startswith(b"%d " % code):
                return
        raise AgiBroken(f"a usage text of more than {USAGE_LINES_LIMIT} lines")


Job = Callable[[AgiSession], Awaitable[None]]


class AgiServer:
    """Serves `jobs` by name. `run` belongs to a TaskGroup; it owns every session and ends all with itself."""

    def __init__(self, host: str, port: int, jobs: Mapping[str, Job], *, limits: AgiLimits | None = None) -> None:
        self.address = (host, port)
        """Where it listens; with port 0, where it really listens once `ready` is set."""
        self.ready = asyncio.Event()
        self._jobs = jobs
        self._limits = limits or AgiLimits()
        self._open: set[AgiPeer] = set()

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            AgiPortTaken: as its name says.
        """
        sessions = asyncio.TaskGroup()

        def opened(peer: AgiPeer, header: bytes) -> None:
            peer.task = sessions.create_task(self._serve(peer, header))

        def connect() -> AgiPeer:
            peer = AgiPeer(self._limits, opened, self._open.discard)
            self._open.add(peer)
            return peer

        host, port = self.address
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(connect, host, port, start_serving=False)
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
                await self._watch()  # until cancelled; sessions come by `opened`
        finally:
            server.close()
            for peer in self._open:
                peer.close()

    async def _watch(self) -> None:
        every_s = min(self._limits.header_s, self._limits.command_s) / LOOKS_A_LIMIT
        while True:
            await asyncio.sleep(every_s)
            now = asyncio.get_running_loop().time()
            for peer in list(self._open):
                peer.look(now)

    async def _serve(self, peer: AgiPeer, header: bytes) -> None:
        try:
            if len(self._open) > self._limits.sessions:
                log.warning("FastAGI session turned away", limit=self._limits.sessions)
                return
            await self._session(peer, header)
        except (AgiBroken, AgiRefused, AgiUnsendable) as error:
            log.warning("FastAGI session refused", why=str(error))
        except (AgiHungUp, AgiTooSlow, TimeoutError) as error:
            log.info("FastAGI session ended early", why=str(error) or "too slow")
        except asyncio.CancelledError:
            if not peer.is_overdue:
                raise
            log.info("FastAGI session ended early", why="too slow")
        except Exception:
            # A job is ours: its fault is logged whole, and costs this session only; the dialplan has a
            # default.
            log.exception("FastAGI job failed")
        finally:
            peer.close()

    async def _session(self, peer: AgiPeer, header: bytes) -> None:
        request = read_header(header)
        job = self._jobs.get(request.job)
        if job is None:
            raise AgiBroken("no such job; compare AGI() in the dialplan with agi/routes.py")
        session = AgiSession(request, peer)
        await session.greet()
        await job(session)
