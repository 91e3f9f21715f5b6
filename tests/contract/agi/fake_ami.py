"""A peer that speaks AMI's real bytes on a loopback socket and misbehaves on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agi.link import AmiLogin

HOST = "127.0.105.2"
GREETING = b"Asterisk Call Manager/9.0.0\r\n"

Action = dict[str, list[str]]
Reply = Callable[[Action], bytes | None]
"""What to say to an action; None cuts the connection, b"" says nothing."""


def success(action: Action, message: str = "done") -> bytes:
    return answer(action, "Success", message)


def refusal(action: Action, message: str = "No such channel") -> bytes:
    return answer(action, "Error", message)


def answer(action: Action, response: str, message: str) -> bytes:
    return f"Response: {response}\r\nActionID: {action['ActionID'][0]}\r\nMessage: {message}\r\n\r\n".encode()


def silence(_action: Action) -> bytes:
    return b""


def cut(_action: Action) -> None:
    return None


def log_in(action: Action) -> bytes:
    if action["Secret"] == ["right"]:
        return success(action, "Authentication accepted")
    return refusal(action, "Authentication failed")


@dataclass
class FakeAmi:
    """`replies` by action name; whatever has none is done with success."""

    login: AmiLogin
    greeting: bytes = GREETING
    replies: dict[str, Reply] = field(default_factory=dict)
    seen: list[Action] = field(default_factory=list)
    """Every action but log-ins and pings, in the order they came."""
    connections: int = 0
    pings: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with every action; clear it to wait for the next."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            writer.write(self.greeting)
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                if not await self._answer(read(block), writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, action: Action, writer: asyncio.StreamWriter) -> bool:
        name = action["Action"][0]
        self.pings += name == "Ping"
        if name not in ("Login", "Ping"):
            self.seen.append(action)
        self.came.set()
        said = self.replies.get(name, log_in if name == "Login" else success)(action)
        if said is None:
            writer.transport.abort()
            return False
        writer.write(said)
        await writer.drain()
        return True

    def say(self, text: bytes) -> None:
        """Send bytes to whoever is connected."""
        self.writers[-1].write(text)

    def cut(self) -> None:
        self.writers[-1].transport.abort()


def read(block: bytes) -> Action:
    found: Action = {}
    for line in block.decode().split("\r\n"):
        if line:
            name, _, value = line.partition(": ")
            found.setdefault(name, []).append(value)
    return found


def event(name: str, **headers: str) -> bytes:
    lines = [f"Event: {name}", "Privilege: call,all", *(f"{key}: {value}" for key, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@asynccontextmanager
async def fake_ami(secret: str = "right") -> AsyncIterator[FakeAmi]:
    fake = FakeAmi(AmiLogin(HOST, 0, "callflow", secret))
    server = await asyncio.start_server(fake.serve, HOST, 0)
    fake.login = AmiLogin(HOST, server.sockets[0].getsockname()[1], "callflow", secret)
    try:
        yield fake
    finally:
        server.close()
        for writer in fake.writers:
            writer.transport.abort()
