"""The pages' files over HTTP: types, policy, packing, and nothing but them."""

from __future__ import annotations

import gzip

import pytest
from aiohttp import ClientSession, DummyCookieJar

from callflow.web.page_files import CONTENT_POLICY, page_files
from tests.contract.web.house import House


async def test_every_file_is_sent_packed_with_its_type_and_policy_and_only_once_while_it_is_the_same(
    house: House,
) -> None:
    async with ClientSession(cookie_jar=DummyCookieJar(), auto_decompress=False) as http:
        for name, file in page_files().items():
            async with http.get(f"{house.url}/pages/{name}", headers={"Accept-Encoding": "gzip"}) as sent:
                body, headers = await sent.read(), sent.headers
            assert gzip.decompress(body) == file.plain
            assert headers["Content-Type"] == file.media_type
            assert headers["Content-Security-Policy"] == CONTENT_POLICY
            assert headers["X-Content-Type-Options"] == "nosniff"
            async with http.get(f"{house.url}/pages/{name}", headers={"If-None-Match": headers["ETag"]}) as again:
                assert (again.status, await again.read()) == (304, b"")


async def test_the_desk_is_at_the_root_and_is_never_kept(house: House) -> None:
    async with ClientSession() as http, http.get(f"{house.url}/") as sent:
        text = await sent.text()

    assert sent.headers["Cache-Control"] == "no-store"
    assert '<html lang="zh-CN">' in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    "path",
    ["/pages/core/none.js", "/pages/../app.py", "/pages/%2e%2e/app.py", "/pages/core%2f..%2f..%2fapp.py/x", "/pages"],
)
async def test_nothing_else_is_served(house: House, path: str) -> None:
    async with ClientSession() as http, http.get(house.url + path) as sent:
        assert sent.status == 404
