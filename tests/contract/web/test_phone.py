"""The pump between the page's phone and Asterisk: who may, what passes, and what happens when the page is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError, web
from prometheus_client import CollectorRegistry

from callflow.domain.names import AgentId
from tests.contract.web.desk import Desk, until
from tests.contract.web.house import House

PASSWORD = "made-up"
REGISTER = "REGISTER sip:127.0.0.1 SIP/2.0\r\n\r\n"


@pytest.fixture
async def far_end() -> AsyncIterator[web.AppRunner]:
    """Where Asterisk would be: says back what it hears. The real one is in tests/web."""

    async def echo(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse(protocols=("sip",))
        await line.prepare(request)
        async for frame in line:
            await line.send_str(f"{line.ws_protocol}: {frame.data}")
        return line

    app = web.Application()
    app.router.add_get("/ws", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
async def wang(house: House, far_end: web.AppRunner) -> Desk:
    """An agent whose phone is in the page."""
    house.phones[house.agent] = PASSWORD
    house.site = house.site.model_copy(update={"addresses": house.site.addresses.model_copy(update={
        "host": "127.0.0.1", "socket_port": far_end.addresses[0][1]})})  # fmt: skip
    await house.runner.cleanup()
    house.registry = CollectorRegistry()
    await house.open()
    return await house.desk(house.agent)


async def test_the_account_is_given_to_its_own_agent_only(house: House, wang: Desk) -> None:
    other = await house.desk(house.colleague)

    assert await wang.get("/api/v1/phone") == (
        200,
        {"kind": "browser", "uri": f"sip:{house.agent}@127.0.0.1", "password": PASSWORD},
    )
    assert await other.get("/api/v1/phone") == (200, {"kind": "sip", "uri": "", "password": ""})


async def test_frames_pass_both_ways_unchanged(wang: Desk) -> None:
    async with wang.http.ws_connect(f"{wang.url}/api/v1/sip", protocols=("sip",)) as line:
        await line.send_str(REGISTER)
        heard = await line.receive(5)

    assert (heard.type, heard.data) == (WSMsgType.TEXT, f"sip: {REGISTER}")


@pytest.mark.parametrize(("who", "headers", "status"), [
    ("nobody", {}, 401),
    ("agent", {"Origin": "http://evil.example"}, 403),
    ("colleague", {}, 403),
])  # fmt: skip
async def test_strangers_foreign_pages_and_agents_with_a_phone_of_their_own_are_refused_before_the_upgrade(
    house: House, wang: Desk, who: str, headers: dict[str, str], status: int
) -> None:
    http = house.browser() if who == "nobody" else (await house.desk(AgentId(getattr(house, who)))).http

    with pytest.raises(WSServerHandshakeError) as refused:
        await http.ws_connect(f"{wang.url}/api/v1/sip", protocols=("sip",), headers=headers)

    assert refused.value.status == status


async def test_a_page_that_goes_in_a_call_has_its_agents_leg_ended_and_nobody_elses(house: House, wang: Desk) -> None:
    line = await wang.http.ws_connect(f"{wang.url}/api/v1/sip", protocols=("sip",))
    await house.caller_talks_with(house.colleague, "13900139002")
    call_id = await house.caller_talks_with(house.agent)
    await line.close(code=1001)
    await until(lambda: house.phones_lost == [call_id])


async def test_signing_out_takes_the_phone_along(wang: Desk) -> None:
    async with wang.http.ws_connect(f"{wang.url}/api/v1/sip", protocols=("sip",)) as line:
        await wang.delete("/api/v1/session")
        heard = await line.receive(5)

    assert heard.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING)


async def test_without_asterisk_the_page_is_told_so(house: House, wang: Desk, far_end: web.AppRunner) -> None:
    await far_end.cleanup()

    with pytest.raises(WSServerHandshakeError) as refused:
        await wang.http.ws_connect(f"{wang.url}/api/v1/sip", protocols=("sip",))

    assert (refused.value.status, house.phones_lost) == (503, [])
