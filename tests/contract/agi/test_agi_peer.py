"""One peer of the FastAGI server, on the event loop that the program runs on."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from agi.agi_peer import AgiHungUp, AgiLimits, AgiPeer

HOST = "127.0.105.3"


def test_who_speaks_after_the_end_is_told_that_it_is_over() -> None:
    """Of uvloop, whose closed transport would raise an error of its own."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[AgiPeer] = loop.create_future()
        server = await loop.create_server(lambda: AgiPeer(AgiLimits(), lambda *_: None, over.set_result), HOST, 0)
        async with server, asyncio.timeout(5):
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.transport.abort()
            peer = await over
            with pytest.raises(AgiHungUp):
                peer.send(b"NOOP\n")

    uvloop.run(play())
