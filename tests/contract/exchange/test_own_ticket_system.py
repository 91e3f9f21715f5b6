"""Every step of a ticket reaches the platform's own ticket system once, in order, whatever goes wrong between."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import StreamReader, web
from jsonschema_rs import Draft202012Validator

from callflow.adapters.sql.database import Database
from callflow.service.ticket_system import event_text
from callflow.sitefile import Site, load_site
from tests.contract.exchange.conftest import SITES
from tests.contract.exchange.faulty_answers import fails, friendly_page, says_nothing
from tests.contract.exchange.own_system import EXAMPLE, OwnSystem, Telling, beside, whole_way

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
TEMPLATE = EXAMPLE.with_name("ticket_event-1.1.json")
STEPS = ["opened", "dispatched", "signed", "responded", "fed_back"]


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{tmp_path / 'gov.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def site() -> Site:
    return beside(load_site(SITES / "12345.toml", "127.0.106"))


@pytest.fixture
async def gov(books: Database, site: Site) -> AsyncIterator[Telling]:
    made = Telling(site, books)
    yield made
    await made.stop()


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[OwnSystem]:
    made = OwnSystem(tmp_path / "system.db")
    yield made
    await made.close()


async def moved(_request: web.Request) -> web.Response:
    return web.Response(status=307, headers={"Location": "http://127.0.106.40:9/elsewhere"})


def steps_of(system: OwnSystem) -> list[str]:
    ((_, _, _, _, steps),) = system.rows()
    said: list[str] = json.loads(steps)
    return said


def test_the_template_beside_the_example_is_the_model() -> None:
    assert TEMPLATE.read_text("utf-8") == event_text(), "python -m callflow.service.ticket_system >" + TEMPLATE.name


async def test_each_step_arrives_once_in_order_with_the_ticket_as_it_then_was(
    gov: Telling, system: OwnSystem, until: Until
) -> None:
    await system.open()
    gov.start()
    ticket_id = await gov.a_ticket()
    await gov.steps(ticket_id, *whole_way())
    await until(gov.all_told)

    ((number, _, seq, ticket, steps),) = system.rows()
    said, ours = json.loads(ticket), await gov.tickets.ticket(ticket_id)
    assert ours is not None
    assert (json.loads(steps), seq, number, ours.system_number) == (STEPS, 5, "ZTB000001", "ZTB000001")
    assert [one["body"]["ticket"]["state"] for one in system.seen] == [
        *("dispatched", "dispatched", "signed", "in_hand", "fed_back")
    ]
    assert (said["ticket_id"], said["number"], said["summary"]) == (ticket_id, "199****1111", "路灯不亮")
    check = Draft202012Validator(json.loads(TEMPLATE.read_text("utf-8")))
    assert [error.message for one in system.seen for error in check.iter_errors(one)] == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (fails, "it answers 500"),
        (says_nothing, "no answer within 0 s"),
        (friendly_page, "its answer is no receipt: it must name the message in `received`"),
        (moved, "it answers 307"),  # and is not followed
    ],
)
async def test_it_fails_for_a_while_and_nothing_is_lost_or_doubled(
    gov: Telling,
    system: OwnSystem,
    until: Until,
    fault: Callable[[web.Request], Awaitable[web.Response | None]],
    said: str,
) -> None:
    await system.open()
    system.always = fault
    gov.start()
    ticket_id = await gov.a_ticket()
    await gov.steps(ticket_id, *whole_way())

    async def is_known() -> bool:
        return await gov.webhook.trouble() == said

    await until(is_known)
    system.always = None
    await until(gov.all_told)

    assert steps_of(system) == STEPS
    assert await gov.webhook.trouble() is None


async def test_a_receipt_that_comes_in_two_pieces_is_read_whole(
    gov: Telling, system: OwnSystem, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    came, feed = asyncio.Event(), StreamReader.feed_data

    def fed(reader: StreamReader, *data: Any) -> bool:
        came.set()
        return feed(reader, *data)

    monkeypatch.setattr(StreamReader, "feed_data", fed)

    async def in_pieces(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["webhook-id"])
        receipt = json.dumps({"received": asked[-1]}).encode()
        answer = web.StreamResponse()
        await answer.prepare(request)
        for piece in (receipt[:9], receipt[9:]):
            came.clear()
            await answer.write(piece)
            await came.wait()  # the platform has it, before there is more
        return answer

    await system.open()
    system.always = in_pieces
    gov.start()
    await gov.a_ticket()
    await until(gov.all_told)

    assert asked
    assert len(asked) == len(set(asked)), "nothing is sent a second time"


async def test_it_is_down_and_the_program_is_started_anew_between(
    gov: Telling, books: Database, site: Site, system: OwnSystem, until: Until
) -> None:
    gov.start()
    ticket_id = await gov.a_ticket()
    first, *others = whole_way()
    await gov.steps(ticket_id, first)

    async def is_known() -> bool:
        return "ClientConnectorError" in (await gov.webhook.trouble() or "")

    await until(is_known)
    await gov.stop()
    again = Telling(site, books)
    await again.steps(ticket_id, *others)
    await system.open()
    again.start()
    await until(again.all_told)
    await again.stop()

    assert steps_of(system) == STEPS


async def test_one_ticket_that_it_will_not_have_holds_up_no_other(
    gov: Telling, system: OwnSystem, until: Until
) -> None:
    await system.open()
    refused = await gov.a_ticket("refused")

    async def not_this_one(request: web.Request) -> web.Response | None:
        return web.Response(status=422) if (await request.json())["body"]["ticket"]["ticket_id"] == refused else None

    system.always = not_this_one
    gov.start()
    other = await gov.a_ticket("other")
    await gov.steps(other, *whole_way())

    async def only_it_waits() -> bool:
        return steps_in(system) == {other: STEPS} and bool(gov.webhook.refused)

    await until(only_it_waits)
    assert await gov.webhook.trouble() == "it refuses the steps of 1 tickets: it answers 422"
    system.always = None
    await until(gov.all_told)

    assert steps_in(system) == {other: STEPS, refused: ["opened"]}
    assert await gov.webhook.trouble() is None


async def test_with_another_secret_it_believes_nothing_and_has_all_of_it_once_the_secret_is_right(
    gov: Telling, books: Database, site: Site, system: OwnSystem, until: Until
) -> None:
    await system.open()
    forger = Telling(site, books, key="2d" * 24)
    forger.start()
    ticket_id = await forger.a_ticket()

    async def is_refused() -> bool:
        return await forger.webhook.trouble() == "it answers 401"

    await until(is_refused)
    await forger.stop()
    assert system.rows() == []

    gov.start()
    await gov.steps(ticket_id, *whole_way())
    await until(gov.all_told)
    assert steps_of(system) == STEPS


async def test_more_than_the_limit_waits_and_readiness_says_so(books: Database, site: Site) -> None:
    assert site.ticket_system is not None
    gov = Telling(beside(site, waiting_limit=3), books)
    await gov.steps(await gov.a_ticket(), *whole_way())

    assert await gov.webhook.trouble() == "5 steps wait, more than waiting_limit (it is behind)"


async def test_forty_tickets_through_failures_doubles_and_restarts_keep_their_order(
    gov: Telling, books: Database, site: Site, system: OwnSystem, until: Until
) -> None:
    chance = random.Random(9)
    await system.open()
    system.faults.extend(chance.choices([None, fails, says_nothing, friendly_page], [12, 1, 1, 1], k=120))
    gov.start()
    made = [await gov.a_ticket(str(nth)) for nth in range(20)]
    await asyncio.gather(*(gov.steps(one, *whole_way()) for one in made))
    await gov.stop()
    again = Telling(site, books)
    again.start()
    made += [await again.a_ticket(str(nth)) for nth in range(20, 40)]
    await asyncio.gather(*(again.steps(one, *whole_way()) for one in made[20:]))
    await until(again.all_told)
    await again.stop()

    assert steps_in(system) == dict.fromkeys(made, STEPS)
    order = defaultdict[str, list[int]](list)
    for one in system.seen:
        order[one["incident_id"]].append(one["seq"])
    assert all(seqs == sorted(seqs) for seqs in order.values())  # one that came twice comes twice in its place
    assert len({number for number, *_ in system.rows()}) == len(made)


def steps_in(system: OwnSystem) -> dict[str, list[str]]:
    return {json.loads(ticket)["ticket_id"]: json.loads(steps) for _, _, _, ticket, steps in system.rows()}
