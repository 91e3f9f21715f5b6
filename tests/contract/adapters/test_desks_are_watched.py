"""The stream of those who watch the platform, beside the desks' own."""

from __future__ import annotations

from callflow.domain.watching import WATCH
from tests.contract.adapters.test_desks import (
    ANNA,
    RedisServer,
    begun,
    opened,
    redis_answers,
    redis_program,
    server,
    stored,
    until,
)

__all__ = ["redis_program", "server"]


async def test_who_watches_hears_it_is_no_desk_and_nothing_is_kept_for_him(server: RedisServer) -> None:
    async with opened() as desks:
        await until(redis_answers)
        stream, first = await begun(desks, WATCH)
        await desks.publish([WATCH, ANNA], "call", {"n": 1})

        async def written() -> bool:
            return await stored(ANNA) == 1

        await until(written)
        assert [body for _, _, body in await first] == [{"n": 1}]
        assert await stored(WATCH) == 0
        assert WATCH not in await desks.present()
        await stream.aclose()
    assert server is not None
