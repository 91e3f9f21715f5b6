"""SIP over WebSocket (RFC 7118) between a page and an Asterisk on loopback: whole frames, and nothing rewritten."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import aiohttp
from aiohttp import ClientSession, ClientWebSocketResponse, web

SIP = "sip"  # the WebSocket subprotocol
FRAME_LIMIT_BYTES = 64 * 1024
CONNECT_LIMIT_S = 3.0
HEARTBEAT_S = 5.0  # a page whose network went without a word is missed after one and a half of these


class PumpEnded(Exception):  # noqa: N818 - ends the task group; not an error
    """Nothing more is to be carried."""


def page_socket() -> web.WebSocketResponse:
    """The page's end, not prepared yet."""
    return web.WebSocketResponse(protocols=(SIP,), heartbeat=HEARTBEAT_S, max_msg_size=FRAME_LIMIT_BYTES)


async def connect(http: ClientSession, host: str, port: int) -> ClientWebSocketResponse:
    """Asterisk's end, open.

    Raises:
        aiohttp.ClientError, TimeoutError, OSError: it is not there.
    """
    async with asyncio.timeout(CONNECT_LIMIT_S):
        return await http.ws_connect(f"ws://{host}:{port}/ws", protocols=(SIP,), max_msg_size=FRAME_LIMIT_BYTES)


async def carry(
    page: web.WebSocketResponse, asterisk: ClientWebSocketResponse, *beside: Coroutine[None, None, None]
) -> None:
    """Carry both ways until one end goes, or one of `beside` raises `PumpEnded`."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(page, asterisk))
            group.create_task(_pump(asterisk, page))
            for task in beside:
                group.create_task(task)
    except* (PumpEnded, ConnectionError):
        pass


async def _pump(
    source: web.WebSocketResponse | ClientWebSocketResponse, sink: web.WebSocketResponse | ClientWebSocketResponse
) -> None:
    async for frame in source:
        if frame.type is aiohttp.WSMsgType.TEXT:
            await sink.send_str(frame.data)
        elif frame.type is aiohttp.WSMsgType.BINARY:
            await sink.send_bytes(frame.data)
    raise PumpEnded
