"""The citizen's page over HTTP: its own files and the shared ones, no desk, and SIP for nobody else's page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from callflow.lab.citizen.server import make_app
from callflow.web.page_files import CONTENT_POLICY
from callflow.web.pump import SIP


@pytest.fixture
async def url() -> AsyncIterator[str]:
    server = TestServer(make_app("127.0.0.1", ("12345", "110")))
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


async def test_the_page_has_its_policy_and_offers_lines_and_platforms(url: str) -> None:
    async with ClientSession() as http:
        async with http.get(f"{url}/") as page:
            assert (page.status, page.headers["Content-Security-Policy"]) == (200, CONTENT_POLICY)
            assert page.headers["Cache-Control"] == "no-store"
        async with http.get(f"{url}/api/v1/lines") as lines:
            offer = await lines.json()

    assert offer["platforms"] == ["12345", "110"]
    assert [one["withheld"] for one in offer["lines"]].count(True) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [("citizen/line.js", 200), ("core/sound.js", 200), ("vendor/jssip.min.mjs", 200), ("desk/main.js", 404)],
)
async def test_it_serves_its_own_files_and_the_shared_ones_and_no_desk(url: str, path: str, status: int) -> None:
    async with ClientSession() as http, http.get(f"{url}/pages/{path}") as file:
        assert file.status == status


async def test_another_sites_page_gets_no_line(url: str) -> None:
    async with ClientSession() as http:
        with pytest.raises(WSServerHandshakeError) as refused:
            await http.ws_connect(f"{url}/api/v1/sip", protocols=(SIP,), origin="http://evil.example")
    assert refused.value.status == 403
