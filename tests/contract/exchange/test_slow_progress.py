"""A line that fails again and again and yet brings something across each time loses no time in growing pauses."""

import asyncio
import itertools
import time

import pytest
from ulid import ULID

from callflow.adapters.exchange_http import Https
from callflow.adapters.exchange_lines import LONGEST_PAUSE_S, ExchangeLines
from callflow.domain import commands as c
from callflow.domain.names import AttemptId, Kind
from callflow.service.exchange import PeerAway
from callflow.service.messages import ExchangeMessage
from callflow.service.ports import FactsAway
from tests.contract.exchange.conftest import POLICE, Platform
from tests.contract.exchange.story import Until, a_call, write

MATTERS = 60
FAILS_EVERY = 4
ALL_IN_S = 12.0
"""About fifteen rounds with the first pause between; with pauses that grow all the same it would be over a minute."""


@pytest.mark.covers("R-049", "X-3")
async def test_a_peer_who_fails_at_every_fourth_message_has_them_all_soon(
    gov: Platform, police: Platform, until: Until
) -> None:
    """As a peer on a machine with far too much to do: his books are away for a moment, again and again."""
    came = itertools.count(1)

    async def now_and_then(_message: ExchangeMessage) -> None:
        if next(came) % FAILS_EVERY == 0:
            raise FactsAway("the database is locked")

    police.fails = now_and_then
    for _ in range(MATTERS):
        call = a_call(gov.id, gov.now)
        about = (call.call_id, call.incident_id, POLICE, AttemptId(str(ULID())))
        await write(gov, call, c.SendHandover(*about, Kind.ONE_KEY, danger=False))
    assert await gov.outgoing.count_unsent(POLICE) == MATTERS
    began_s = time.monotonic()
    gov.start_lines()

    async def all_told() -> bool:
        return await gov.outgoing.count_unsent(POLICE) == 0

    await until(all_told)

    assert time.monotonic() - began_s < ALL_IN_S
    assert len({message.id for message in police.taken}) == MATTERS


ROUNDS = 6


class Line:
    """A carrier whose rounds all fail; those numbered in `brings` have brought something across before."""

    cause: str | None = None

    def __init__(self, brings: frozenset[int]) -> None:
        self.peer, self._brings, self.began_s = POLICE, brings, list[float]()
        self.was_asked_enough = asyncio.Event()

    async def round(self) -> None:
        self.began_s.append(time.monotonic())
        if len(self.began_s) == ROUNDS:
            self.was_asked_enough.set()
        if len(self.began_s) in self._brings:
            self.cause = None
        raise PeerAway("no")

    async def rest(self) -> None:
        raise AssertionError("a round that failed is followed by a pause")


@pytest.mark.covers("R-049")
async def test_pauses_grow_only_while_nothing_gets_through(gov: Platform) -> None:
    line = Line(brings=frozenset({4}))
    running = asyncio.ensure_future(ExchangeLines(Https(gov.client_tls()), (line,)).run())
    async with asyncio.timeout(LONGEST_PAUSE_S):
        await line.was_asked_enough.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    pauses_s = [after - before for before, after in itertools.pairwise(line.began_s)]
    assert pauses_s[2] > 2 * pauses_s[0], "0.2, 0.4, 0.8 s"
    assert pauses_s[3] < pauses_s[2] / 2, "something got through in the fourth"
    assert pauses_s[4] > pauses_s[3]
