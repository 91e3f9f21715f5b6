"""How a receiver of webhooks answers that is not well."""

from __future__ import annotations

import asyncio

from aiohttp import web

LATE_S = 0.5
"""Later than the platform waits in these stories (`answer_limit_s` 0.3)."""


async def fails(_request: web.Request) -> web.Response:
    """An error of its own."""
    return web.Response(status=500)


async def says_nothing(_request: web.Request) -> None:
    """He is late, and then takes it after all: the next sending is a double."""
    await asyncio.sleep(LATE_S)


async def friendly_page(_request: web.Request) -> web.Response:
    """Something that is no receipt."""
    return web.Response(text="<html>Welcome</html>", content_type="text/html")
