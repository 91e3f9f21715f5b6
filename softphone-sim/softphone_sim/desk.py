"""An agent's desk, without a browser: session, API calls, and the event stream kept open."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

LOGIN_LIMIT_S = 5.0
ANSWER_LIMIT_S = 10.0
RECONNECT_S = 0.3  # a site that was restarted is found again soon


class DeskRefused(Exception):  # noqa: N818 - named by blame: the desk's server said no, or is gone
    """The desk could not be used; the text says why."""


@dataclass(frozen=True, slots=True)
class DeskEvent:
    """One event of the stream, stamped when its last byte was here."""

    time_ns: int
    type: str
    id: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """One API call: when the request left, when the answer was here, and what it said."""

    sent_ns: int
    answered_ns: int
    status: int
    body: Any

    @property
    def code(self) -> str | None:
        """The stable `code` of a problem document (RFC 9457), if it is one."""
        return self.body.get("code") if isinstance(self.body, dict) else None


@dataclass(slots=True)
class EventStreamReader:
    """Server-sent events from bytes, without a socket (WHATWG HTML §9.2)."""

    last_id: str | None = None
    _unread: bytes = b""
    _type: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes, now_ns: int) -> list[DeskEvent]:
        """Take bytes split anywhere; return the events they complete."""
        *lines, self._unread = (self._unread + chunk).replace(b"\r\n", b"\n").split(b"\n")
        events = [self._line(line.decode("utf-8", "replace"), now_ns) for line in lines]
        return [event for event in events if event is not None]

    def _line(self, line: str, now_ns: int) -> DeskEvent | None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line:
            if name == "event":
                self._type = value
            elif name == "data":
                self._data.append(value)
            elif name == "id":
                self.last_id = value
            return None
        data, kind = "\n".join(self._data), self._type or "message"
        self._data, self._type = [], ""
        return DeskEvent(now_ns, kind, self.last_id, _as_object(data)) if data else None


def _as_object(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        read = text
    return read if isinstance(read, dict) else {"value": read}


class Desk:
    """One agent logged in at one site."""

    def __init__(self, base_url: str, on_event: Callable[[DeskEvent], None]) -> None:
        self._base = base_url.rstrip("/")
        self._on_event = on_event
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # the lab's hosts are addresses, not names
            timeout=aiohttp.ClientTimeout(total=ANSWER_LIMIT_S),
        )
        self._csrf = ""
        self._listening: asyncio.Task[None] | None = None
        self.events: list[DeskEvent] = []

    async def log_in(self, user: str, password: str, group: asyncio.TaskGroup) -> Self:
        """Open a session and the event stream; returns when the stream's first event is here.

        Raises:
            DeskRefused: wrong password, no answer, or no event stream.
        """
        answer = await self.ask("POST", "/session", {"user": user, "password": password})
        if answer.status not in {200, 201} or not isinstance(answer.body, dict):
            raise DeskRefused(f"{self._base} refused the login of {user}: HTTP {answer.status} {answer.code or ''}")
        self._csrf = str(answer.body.get("csrf", ""))
        first = asyncio.Event()
        self._listening = group.create_task(self._keep_listening(first), name=f"desk events of {user}")
        try:
            async with asyncio.timeout(LOGIN_LIMIT_S):
                await first.wait()
        except TimeoutError as why:
            raise DeskRefused(f"{self._base}/api/v1/events gave {user} nothing within {LOGIN_LIMIT_S:g} s") from why
        return self

    async def ask(self, method: str, path: str, body: object = None) -> ApiAnswer:
        """One API call below /api/v1. Any HTTP status is an answer.

        Raises:
            DeskRefused: no answer came.
        """
        headers = {"X-CSRF-Token": self._csrf} if self._csrf else {}
        sent_ns = time.time_ns()
        try:
            async with self._http.request(method, f"{self._base}/api/v1{path}", json=body, headers=headers) as answer:
                text = await answer.text()
                return ApiAnswer(sent_ns, time.time_ns(), answer.status, json.loads(text) if text else None)
        except ValueError as why:
            raise DeskRefused(f"{method} {self._base}/api/v1{path} answered with something that is no JSON") from why
        except (aiohttp.ClientError, TimeoutError, OSError) as why:
            raise DeskRefused(f"{method} {self._base}/api/v1{path} got no answer: {type(why).__name__} {why}") from why

    async def close(self) -> None:
        """End the event stream and let the connections go. Repeatable."""
        if self._listening is not None:
            self._listening.cancel()
        await self._http.close()

    async def _keep_listening(self, first: asyncio.Event) -> None:
        reader = EventStreamReader()
        while True:
            # The site is down or was restarted: the next round resumes by Last-Event-ID.
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                await self._listen(reader, first)
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self, reader: EventStreamReader, first: asyncio.Event) -> None:
        headers = {"Accept": "text/event-stream"}
        if reader.last_id:
            headers["Last-Event-ID"] = reader.last_id
        no_limit = aiohttp.ClientTimeout(total=None, sock_connect=LOGIN_LIMIT_S)
        async with self._http.get(f"{self._base}/api/v1/events", headers=headers, timeout=no_limit) as stream:
            if stream.status != 200:  # noqa: PLR2004 - HTTP 200 OK
                return
            async for chunk in stream.content.iter_any():
                for event in reader.feed(chunk, time.time_ns()):
                    self.events.append(event)
                    first.set()
                    self._on_event(event)
