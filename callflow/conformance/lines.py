"""The three ways to put a signed text before a peer and to hear his answer, right or wrong as the text may be."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from ulid import ULID

from callflow.adapters.exchange_files import ANSWERS, MESSAGES, put, read, remove
from callflow.service.exchange import Mode, PeerAway
from callflow.service.signatures import Receipt, Refused, open_answer, open_receipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from callflow.domain.names import SiteId
    from callflow.service.messages import ExchangeMessage
    from callflow.service.signatures import Keyring

OK: Final = 200
LIMIT_S: Final = 60.0
"""A file may wait for the messages before it, and a peer may come to fetch only every half minute."""


class NoAnswer(Exception):  # noqa: N818 - named by what happened
    """The peer said nothing that can be judged; the message says what it did instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the peer said to one text: a receipt for this digest, or a code."""

    receipt: Receipt | None = None
    code: str = ""
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Ends:
    """Who speaks with whom; `keyring` checks the peer's answers."""

    site: SiteId
    peer: SiteId
    keyring: Keyring


class Line(Protocol):
    """One way to the peer."""

    mode: Mode

    async def offer(self, text: str, message: ExchangeMessage | None) -> Answer:
        """Put a text before the peer; `message` None when there is none in it. Raises NoAnswer."""

    async def look(self, path: str) -> str:
        """What his door says at this path, where he has one. Raises NoAnswer."""


class PushLine:
    """To the peer's door."""

    mode = Mode.PUSH

    def __init__(self, ends: Ends, url: str, session: ClientSession) -> None:
        self._ends, self._url, self._session = ends, url.rstrip("/"), session

    async def offer(self, text: str, message: ExchangeMessage | None) -> Answer:  # noqa: ARG002 - he reads it himself
        """See the port."""
        status, said = await self._ask("POST", "/messages", text)
        if status == OK:
            ends = self._ends
            return Answer(open_receipt(said, peer=ends.peer, site=ends.site, keyring=ends.keyring))
        problem = _object(said)
        return Answer(code=str(problem.get("code", f"HTTP {status}")), expected=problem.get("expected"))

    async def look(self, path: str) -> str:
        """See the port."""
        status, said = await self._ask("GET", path, None)
        if status != OK:
            raise NoAnswer(f"GET {path} answers {status} {_object(said).get('code', '')}".rstrip())
        return said

    async def _ask(self, method: str, path: str, text: str | None) -> tuple[int, str]:
        try:
            async with self._session.request(method, self._url + path, data=text) as answer:
                return answer.status, await answer.text()
        except (ClientError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error


class FileLine:
    """Into the folder from which the gateway brings to the peer, and out of the one to which it brings his answers."""

    mode = Mode.FILE

    def __init__(self, ends: Ends, out: Path, into: Path) -> None:
        self._ends, self._out, self._into = ends, out / MESSAGES, into / ANSWERS

    async def offer(self, text: str, message: ExchangeMessage | None) -> Answer:
        """See the port."""
        message_id = str(ULID()) if message is None else message.id
        incident_id, seq = (str(ULID()), 1) if message is None else (message.incident_id, message.seq)
        answer = self._into / f"{message_id}.jws"
        remove(answer)
        put(self._out / f"{incident_id}-{seq:06d}-{message_id}.jws", text)
        try:
            async with asyncio.timeout(LIMIT_S):
                while not answer.exists():  # noqa: ASYNC110 - a folder tells nobody
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise NoAnswer(f"no answer in {self._into} within {LIMIT_S:.0f} s") from error
        return judged(read(answer), self._ends)

    async def look(self, path: str) -> str:
        """See the port."""
        raise NoAnswer(f"{path}: a peer behind a gateway has no door")


class PullLine:
    """At a door of our own, to which the peer comes; he must have been told of it."""

    mode = Mode.PULL

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self._offered: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._answers: asyncio.Queue[str] = asyncio.Queue()

    async def offer(self, text: str, message: ExchangeMessage | None) -> Answer:
        """See the port."""
        await self._offered.put((str(ULID()) if message is None else message.id, text))
        try:
            async with asyncio.timeout(LIMIT_S):
                return judged(await self._answers.get(), self._ends)
        except TimeoutError as error:
            raise NoAnswer(f"the peer did not come and answer within {LIMIT_S:.0f} s") from error

    async def look(self, path: str) -> str:
        """See the port."""
        raise NoAnswer(f"{path}: a peer that pulls has no door")

    def app(self) -> web.Application:
        """What he calls."""

        async def offer(_request: web.Request) -> web.Response:
            try:
                async with asyncio.timeout(1):
                    message_id, envelope = await self._offered.get()
            except TimeoutError:
                return web.json_response({"messages": []})
            return web.json_response({"messages": [{"id": message_id, "envelope": envelope}]})

        async def take(request: web.Request) -> web.Response:
            for token in (await request.json())["answers"]:
                await self._answers.put(token)
            return web.json_response({})

        async def state(_request: web.Request) -> web.Response:
            return web.json_response({"again": 0})

        app = web.Application()
        app.router.add_get("/exchange/v1/messages", offer)
        app.router.add_post("/exchange/v1/answers", take)
        app.router.add_post("/exchange/v1/state", state)
        return app


@asynccontextmanager
async def push_line(ends: Ends, url: str, tls: ssl.SSLContext) -> AsyncIterator[PushLine]:
    """A line to a peer's door, closed with the block."""
    async with ClientSession(connector=TCPConnector(ssl=tls), timeout=ClientTimeout(total=LIMIT_S)) as session:
        yield PushLine(ends, url, session)


@asynccontextmanager
async def pull_line(ends: Ends, host: str, port: int, tls: ssl.SSLContext) -> AsyncIterator[PullLine]:
    """A door at which the peer comes to fetch, closed with the block. Raises OSError."""
    line = PullLine(ends)
    runner = web.AppRunner(line.app(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        yield line
    finally:
        await runner.cleanup()


def judged(token: str, ends: Ends) -> Answer:
    """A signed answer. Raises NoAnswer."""
    try:
        said = open_answer(token, peer=ends.peer, site=ends.site, keyring=ends.keyring)
    except (Refused, PeerAway) as wrong:
        raise NoAnswer(f"its answer is not to be trusted: {wrong}") from wrong
    return Answer(said) if isinstance(said, Receipt) else Answer(code=said.code, expected=said.expected)


def _object(said: str) -> dict[str, Any]:
    try:
        document = json.loads(said)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
