"""Accept, give back, escalate, at both platforms at once, by several programs each: one outcome, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from callflow.adapters.sql import audit
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.tables import ticket_steps
from callflow.domain.limits import Level, Matter
from callflow.domain.names import Channel, SiteId, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Dispatched, Entrusted, Escalated, FedBack, Happening, Responded, Returned, Signed
from callflow.service.messages import ExchangeMessage
from callflow.service.take_in import take_in
from callflow.service.ticket_ports import Given, NewMatter
from callflow.sitefile import Site
from tests.contract.adapters.books import GOV, NOW, POLICE, Books
from tests.contract.adapters.conftest import engines
from tests.contract.exchange.record_corpus import NobodyCalls

PROGRAMS: Final = 3
UNIT: Final = "510104000000"
WEB = NewMatter(Channel.WEB, Judgement(Level.THREE, Matter.HELP), "510104", summary="邻里纠纷")


def give_back(by: str, peer: SiteId) -> tuple[Happening, ...]:
    """What a desk does with a matter that the other platform gave (`web.ticket_steps.give_back`)."""
    back = Returned(NOW, by, reason="不属于本单位"), Entrusted(NOW, by, peer=peer, owes=True)
    return (*back, Dispatched(NOW, by, unit=peer))


ACTIONS: dict[str, Callable[[str, SiteId], tuple[Happening, ...]]] = {
    "accept": lambda by, _peer: (Signed(NOW, by),),
    "respond": lambda by, _peer: (Responded(NOW, by),),
    "give back": give_back,
    "escalate": lambda by, _peer: (Escalated(NOW, by, reason="现场失控"),),
    "feed back": lambda by, _peer: (FedBack(NOW, by, result="已处理"),),
    "to a unit": lambda by, _peer: (Dispatched(NOW, by, unit=UNIT),),
}

Press = tuple[int, int, str]
"""Which platform, which of its programs, what."""

CROSSINGS: Final = ("nothing crosses", "all crosses", "all crosses twice")
ROUNDS = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(0, PROGRAMS - 1), st.sampled_from(sorted(ACTIONS))),
            min_size=2,
            max_size=4,
        ),
        st.sampled_from(CROSSINGS),
    ),
    min_size=1,
    max_size=3,
)


@dataclass
class Side:
    """One platform: several programs on one database."""

    id: SiteId
    programs: list[Books]

    async def take(self, message: ExchangeMessage) -> None:
        facts = self.programs[0].facts
        await take_in(message, facts=facts, controller=NobodyCalls(), site=self.id, believe_identity=True, at=NOW)


class Pair:
    """Both platforms, and whatever was told to whoever pressed."""

    def __init__(self, runner: asyncio.Runner, urls: tuple[str, str], sites: tuple[Site, Site]) -> None:
        self.runner = runner
        self.databases = [[runner.run(Database.open(url)) for _ in range(PROGRAMS)] for url in urls]
        self.sides = [
            Side(SiteId(site.platform.id), [Books(database, site) for database in databases])
            for site, databases in zip(sites, self.databases, strict=True)
        ]
        self.stories = 0

    def close(self) -> None:
        for database in (one for databases in self.databases for one in databases):
            self.runner.run(database.close())

    async def cross(self, times: int) -> None:
        """Every message that waits, each so many times, until nobody has anything to say."""
        said = times > 0
        while said:
            said = False
            for sender, receiver in (self.sides, self.sides[::-1]):
                for unsent in await sender.programs[0].outgoing.unsent(receiver.id, 100):
                    for _ in range(times):
                        await receiver.take(ExchangeMessage.model_validate_json(unsent.payload))
                    await sender.programs[0].outgoing.receipted(unsent.message_id, NOW)
                    said = True

    async def given_across(self) -> tuple[TicketId, TicketId]:
        """A matter that came to the 12345 and is the police's."""
        self.stories += 1
        gov, police = self.sides
        lives = gov.programs[0].lives
        ours = await lives.open(WEB, key=f"story:{self.stories}", at=NOW)
        across = Entrusted(NOW, "8001", peer=POLICE, owes=True), Dispatched(NOW, "8001", unit=POLICE)
        lived = await lives.live_on(ours, *across, key="across", at=NOW, given=Given(POLICE))
        assert lived is not None
        await self.cross(1)
        theirs = await police.programs[0].read.ticket_of(lived.life.incident_id)
        assert theirs is not None
        return ours, theirs.ticket_id

    async def press(self, turn: str, press: Press, tickets: tuple[TicketId, TicketId]) -> tuple[int, tuple[str, ...]]:
        """One press: which side, and the words that it was told."""
        side, program, action = press
        peer = (POLICE, GOV)[side]
        happenings = ACTIONS[action](f"800{program}", peer)
        lives = self.sides[side].programs[program].lives
        lived = await lives.live_on(tickets[side], *happenings, key=turn, at=NOW)
        assert lived is not None
        return side, lived.told

    async def play(self, rounds: list[tuple[list[Press], str]]) -> None:
        tickets = await self.given_across()
        told: list[list[str]] = [[], []]
        for number, (presses, crossing) in enumerate(rounds):
            answers = await asyncio.gather(
                *(self.press(f"{number}:{turn}", press, tickets) for turn, press in enumerate(presses))
            )
            for side, words in answers:
                told[side] += words
            await self.cross(CROSSINGS.index(crossing))
        await self.cross(2)
        for side, ticket_id, words in zip(self.sides, tickets, told, strict=True):
            await self.check(side, ticket_id, words)
        ours, theirs = [
            await side.programs[0].read.ticket(ticket_id) for side, ticket_id in zip(self.sides, tickets, strict=True)
        ]
        assert ours is not None
        assert theirs is not None
        for one, other in ((ours, theirs), (theirs, ours)):  # each knows where the other stands
            assert (one.peer_state or "dispatched") == other.state
        assert ours.owner == theirs.owner

    async def check(self, side: Side, ticket_id: TicketId, told: list[str]) -> None:
        """Versions without a gap; whoever was told "done" is in the books; a matter comes back once at most."""
        books = side.programs[-1]
        ticket = await books.read.ticket(ticket_id)
        assert ticket is not None
        mine = select(ticket_steps).where(ticket_steps.c.ticket_id == ticket_id).order_by(ticket_steps.c.entry)

        async def all_steps(connection: Any) -> Any:
            return (await connection.execute(mine)).all()

        steps = await books.database.read(all_steps)
        assert sorted({row.version for row in steps}) == list(range(2, ticket.version + 1))
        by_us = [row.step for row in steps if row.by.startswith("800")]
        assert not [word for word in told if told.count(word) > by_us.count(word)]
        assert [row.step for row in steps].count("returned") <= 1
        assert await books.database.read(audit.first_break) is None


@pytest.fixture(params=engines())
def pair(
    request: pytest.FixtureRequest,
    empty: Callable[[str], AbstractContextManager[str]],
    tmp_path: Path,
    gov_site: Site,
    police_site: Site,
) -> Iterator[Pair]:
    with ExitStack() as stack, asyncio.Runner() as runner:
        if request.param == "sqlite":
            urls = f"sqlite:///{tmp_path / '12345.db'}", f"sqlite:///{tmp_path / '110.db'}"
        else:
            urls = stack.enter_context(empty(request.param)), stack.enter_context(empty(request.param))
        made = Pair(runner, urls, (gov_site, police_site))
        yield made
        made.close()


@pytest.mark.covers("R-018", "R-043", "C-09")
def test_whatever_is_pressed_at_once_there_is_one_outcome_and_both_platforms_know_it(pair: Pair) -> None:
    @given(ROUNDS)
    @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def play(rounds: list[tuple[list[Press], str]]) -> None:
        pair.runner.run(pair.play(rounds))

    play()
