"""A matter without a call, from 12345's web form to the police and back, over the real exchange of the lab."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from callflow.lab.plan import Plan
from softphone_sim.lab import Lab

LIMIT_S = 15.0
PUSH_LIMIT_S = 1.0


class Seat:
    """One agent's desk, by HTTP alone."""

    def __init__(self, http: ClientSession, url: str) -> None:
        self._http, self._url, self._csrf = http, f"{url}/api/v1", ""

    async def sign_in(self, user: str, password: str) -> None:
        status, body = await self.ask("POST", "/session", {"user": user, "password": password})
        assert status == 200, body
        self._csrf = body["csrf"]

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"X-CSRF-Token": self._csrf}
        async with self._http.request(method, self._url + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def step(self, ticket_id: str, word: str, **ask: Any) -> Any:
        status, body = await self.ask("POST", f"/tickets/{ticket_id}/{word}", ask)
        assert status == 200, body
        return body

    async def ticket_of(self, incident_id: str) -> Any:
        _, body = await self.ask("POST", "/tickets/search", {"incident_id": incident_id})
        return next(iter(body["tickets"]), None)


async def eventually(look: Callable[[], Awaitable[Any]], is_so: Callable[[Any], bool]) -> tuple[Any, float]:
    """What was seen, and after how many seconds."""
    began = time.monotonic()
    async with asyncio.timeout(LIMIT_S):
        while not is_so(seen := await look()):  # noqa: ASYNC110 - asks another program, which tells nobody
            await asyncio.sleep(0.02)
    return seen, time.monotonic() - began


@pytest.mark.covers("R-010", "R-011", "R-041", "R-043", "T-16")
async def test_a_web_matter_is_lived_through_at_both_platforms(lab: Lab, running: Plan) -> None:
    jars = [CookieJar(unsafe=True), CookieJar(unsafe=True)]
    async with ClientSession(cookie_jar=jars[0]) as at_gov, ClientSession(cookie_jar=jars[1]) as at_police:
        seats = [Seat(http, site.http) for http, site in zip((at_gov, at_police), lab.sites, strict=True)]
        for seat, site in zip(seats, lab.sites, strict=True):
            await seat.sign_in(site.agents[0].desk_user, site.agents[0].desk_password)
        gov, police = seats

        matter = {"summary": "广场有人斗殴", "location": "天府广场", "contact": "19900001111", "dispatch_to": "110"}
        status, ours = await gov.ask("POST", "/tickets", matter | {"channel": "app", "category": "违法犯罪行为"})
        assert (status, ours["unit"]) == (201, "110")
        theirs, lag_s = await eventually(lambda: police.ticket_of(ours["incident_id"]), lambda found: found is not None)
        assert (theirs["ticket_id"][:2], theirs["peer_ticket_id"], lag_s < PUSH_LIMIT_S) == (
            "JD",
            ours["ticket_id"],
            True,
        )

        for word, ask, state in (
            ("sign", {}, "signed"),
            ("respond", {}, "in_hand"),
            ("feed-back", {"text": "已到场处置"}, "fed_back"),
        ):
            await police.step(theirs["ticket_id"], word, **ask)
            mirrored, lag_s = await eventually(
                lambda: gov.ticket_of(ours["incident_id"]), lambda found, state=state: found["state"] == state
            )
            assert lag_s < PUSH_LIMIT_S, word
        await gov.step(ours["ticket_id"], "citizen-told", channel="app")
        closed = await gov.step(ours["ticket_id"], "close")

        assert (mirrored["number"], closed["state"], closed["peer_fed_back"]) == ("199****1111", "closed", True)
        for http, site, at in zip((at_gov, at_police), lab.sites, running.sites, strict=True):
            async with http.get(f"{site.http}/metrics") as answer:
                assert "19900001111" not in await answer.text()
            for log in at.place.log.glob("*.out"):
                assert "19900001111" not in log.read_text(encoding="utf-8", errors="replace"), log.name
