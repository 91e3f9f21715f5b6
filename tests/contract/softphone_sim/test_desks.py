"""An agent's desk, against a tiny server that keeps the desk API's promises (architecture §6)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from softphone_sim.bench import joined, key_at_desk, key_to_ring_ms, talking
from softphone_sim.desk import Desk, DeskRefused
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, dial, rings_at
from softphone_sim.run.stage import Stage

ADDRESS = "127.0.102.11"


@dataclass
class FakeSite:
    """One desk server and one registrar's worth of nothing: just enough of a site for a desk to work with."""

    http: str = ""
    drops_first_stream: bool = False
    streams: int = 0
    resumed_from: str | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    told: asyncio.Queue[tuple[str, dict[str, Any]]] = field(default_factory=asyncio.Queue)

    async def sign_in(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked["password"] != "secret":
            return web.json_response({"code": "wrong-password"}, status=401)
        response = web.json_response({"csrf": "token"})
        response.set_cookie("session", asked["user"], path="/api", httponly=True, samesite="Strict")
        return response

    async def events(self, request: web.Request) -> web.StreamResponse:
        assert request.cookies["session"] == "8001"
        self.streams += 1
        self.resumed_from = request.headers.get("Last-Event-ID")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"id: 41\nevent: snapshot\ndata: {}\n\n")
        if self.drops_first_stream and self.streams == 1:
            return response
        while True:
            kind, body = await self.told.get()
            await response.write(f"event: {kind}\ndata: {json.dumps(body)}\n\n".encode())

    async def handover(self, request: web.Request) -> web.Response:
        assert request.headers["X-CSRF-Token"] == "token"
        body = await request.json()
        self.asked.append((request.match_info["call_id"], body))
        if "consent" not in body:
            return web.json_response({"code": "consent-missing"}, status=409)
        return web.json_response({"attempt_id": "A1", "target": body["target"]}, status=202)

    async def call(self, _request: web.Request) -> web.Response:
        return web.json_response({"phase": "handed_over", "ownership": {"owner": "110"}})


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    fake = FakeSite()
    app = web.Application()
    app.add_routes(
        [
            web.post("/api/v1/session", fake.sign_in),
            web.get("/api/v1/events", fake.events),
            web.post("/api/v1/calls/{call_id}/handover", fake.handover),
            web.get("/api/v1/calls/{call_id}", fake.call),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    server = web.TCPSite(runner, ADDRESS, 0)
    await server.start()
    fake.http = f"http://{ADDRESS}:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - other programs ring no event here
            await asyncio.sleep(0.01)


async def test_a_wrong_password_is_refused_with_the_server_s_reason(site: FakeSite) -> None:
    desk = Desk(site.http, lambda _event: None)
    async with asyncio.TaskGroup() as group:
        with pytest.raises(DeskRefused, match="refused the login of 8001: HTTP 401 wrong-password"):
            await desk.log_in("8001", "wrong", group)
    await desk.close()


async def test_a_stream_that_breaks_is_resumed_from_the_last_event(site: FakeSite) -> None:
    site.drops_first_stream = True
    desk = Desk(site.http, lambda _event: None)
    async with asyncio.TaskGroup() as group:
        await desk.log_in("8001", "secret", group)
        await until(lambda: site.streams == 2)
        await site.told.put(("call", {"call_id": "C1"}))
        await until(lambda: any(event.type == "call" for event in desk.events))
        await desk.close()

    assert site.resumed_from == "41"


async def test_a_server_that_is_not_there_is_said_so() -> None:
    desk = Desk(f"http://{ADDRESS}:9", lambda _event: None)

    with pytest.raises(DeskRefused, match="got no answer"):
        await desk.ask("GET", "/calls")

    await desk.close()


class FakeRegistrar(asyncio.DatagramProtocol):
    """Says 200 to every REGISTER."""

    def __init__(self) -> None:
        self.registered: list[str] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, datagram: bytes, peer: tuple[str, int]) -> None:
        kept = ("via:", "from:", "to:", "call-id:", "cseq:", "contact:", "expires:")
        lines = [line for line in datagram.decode().split("\r\n") if line.lower().startswith(kept)]
        self.registered.append(next(line for line in lines if line.lower().startswith("to:")))
        answer = "\r\n".join(["SIP/2.0 200 OK", *lines, "Content-Length: 0", "", ""])
        self.transport.sendto(answer.encode(), peer)


@pytest.fixture
async def lab(site: FakeSite) -> AsyncIterator[Lab]:
    loop = asyncio.get_running_loop()
    transport, _registrar = await loop.create_datagram_endpoint(FakeRegistrar, local_addr=(ADDRESS, 0))
    seat = {"id": "8001", "sip_user": "8001", "sip_password": "x", "desk_user": "8001", "desk_password": "secret"}
    sip = "{}:{}".format(*transport.get_extra_info("sockname"))
    yield Lab.model_validate(
        {
            "sites": [{"id": "12345", "sip": sip, "http": site.http, "agents": [seat]}],
            "carrier": {"trusted": ["127.0.102.30"], "dial": {"12345": f"sip:8001@{sip}"}},
        }
    )
    transport.close()


STORY = """
name: a desk
actors:
  citizen: {caller: {number: "13800138000"}}
  anna: {agent: {platform: "12345"}}
steps:
  - call: {from: citizen, to: anna}
  - expect: {ringing: anna}
"""


async def test_a_story_with_a_desk_asks_the_api_and_judges_its_events(
    site: FakeSite, lab: Lab, play_text: Callable[..., Awaitable[Any]]
) -> None:
    pop = {"call_id": "C1", "incident_id": "I1", "number": "13800138000", "presentation": "allowed"}
    await site.told.put(("pop", pop))
    await site.told.put(("ticket", {"call_id": "C1", "linked": {"platform": "110"}}))
    result = await play_text(
        STORY
        + """
  - expect: {pop: {at: anna, number: citizen, before: answer, where: {presentation: allowed}}}
  - answer: anna
  - api: {who: anna, do: "POST /calls/{anna.call_id}/handover", body: {target: "110"}, code: consent-missing}
  - api:
      who: anna
      do: POST /calls/{anna.call_id}/handover
      body: {target: "110", consent: agreed, note: "{citizen.number} in {anna.incident_id}"}
      status: 202
      where: {target: 110}
      capture: {attempt: attempt_id}
  - api: {who: anna, do: "GET /calls/{attempt}", where: {phase: handed_over}}
  - expect: {phase: {at: anna, is: HANDED_OVER}}
  - expect: {owner: {at: anna, is: "110"}}
  - expect: {ticket: {at: anna, where: {linked.platform: "110"}}}
  - expect: {event: {at: anna, type: pop, count: 1}}
  - expect: {pop: {at: anna, number: citizen}}
  - mark: now
  - expect: {pop: {at: anna, since: now, within: 100ms}}
""",
        lab,
    )

    assert "no pop at anna's desk since now" in result.failure
    assert site.asked[1] == ("C1", {"target": "110", "consent": "agreed", "note": "13800138000 in I1"})


async def test_a_pop_that_comes_after_the_answer_is_reported(
    site: FakeSite, lab: Lab, play_text: Callable[..., Awaitable[Any]]
) -> None:
    async def late() -> Any:
        steps = "  - answer: anna\n  - talk: 300ms\n  - expect: {pop: {at: anna, before: answer, within: 1s}}\n"
        return await play_text(STORY + steps, lab)

    async with asyncio.TaskGroup() as group:
        playing = group.create_task(late())
        await until(lambda: site.streams == 1)
        group.create_task(_tell_later(site))

    assert "after the answer, expected before" in playing.result().failure


async def _tell_later(site: FakeSite) -> None:
    await asyncio.sleep(1.0)
    await site.told.put(("pop", {"call_id": "C1", "number": "13800138000"}))


async def test_the_bench_measures_key_to_ring_and_the_silence_at_a_join(site: FakeSite, lab: Lab) -> None:
    await site.told.put(("pop", {"call_id": "C1", "number": "13800138000"}))
    async with Stage(lab) as stage:
        citizen = await stage.caller("citizen", number="13800138000")
        anna = await stage.agent("anna", platform="12345", seat=1)
        bo = await stage.phone("bo", number="9001", address="127.0.102.42")
        await talking(stage, citizen, anna, "anna")

        key_ns = await key_at_desk(anna, target="110", kind="one_key", consent="agreed")
        await dial(stage, citizen, "bo")
        ring_ms = await key_to_ring_ms(stage, bo, key_ns)
        await answer(stage, bo, await rings_at(stage, bo, 5))
        change = await joined(stage, citizen, "bo", key_ns)

    assert 0 < ring_ms < 1000
    assert change.silence_ms < 100
    assert change.music_ms == 0
