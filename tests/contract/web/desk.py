"""An agent's browser: a session, its cookie, its token, its event stream."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientResponse, ClientSession

    from callflow.domain.names import AgentId


@dataclass
class Desk:
    """One signed-in account in its own browser."""

    http: ClientSession
    url: str
    agent_id: AgentId
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.http.get(self.url + path, headers=headers) as response:
            return response.status, await _body_of(response)

    async def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = {"X-CSRF-Token": self.csrf} | headers
        async with self.http.post(self.url + path, json=body, headers=sent) as response:
            return response.status, await _body_of(response)

    async def delete(self, path: str) -> tuple[int, Any]:
        async with self.http.delete(self.url + path, headers={"X-CSRF-Token": self.csrf}) as response:
            return response.status, await _body_of(response)

    def events(self, **headers: str) -> Any:
        return self.http.get(f"{self.url}/api/v1/events", headers=headers)


async def _body_of(response: ClientResponse) -> Any:
    text = await response.text()
    return json.loads(text) if response.content_type.endswith("json") else text


async def next_event(response: ClientResponse) -> tuple[str | None, str, Any]:
    """The next event of a stream: (id, name, body). Comments and `retry` are passed over."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(5):
        while True:
            line = (await response.content.readline()).decode()
            if not line:
                raise EOFError("the stream ended")
            if line == "\n":
                if "event" in fields:
                    return fields.get("id"), fields["event"], json.loads(fields["data"])
                fields = {}
                continue
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for the thing itself, with a limit; for what no event tells."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - a count inside the server has no event to wait for
            await asyncio.sleep(0.01)
