"""The link, the port and the FastAGI jobs on a real Asterisk that the test starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agi.actions import OrderUnsendable
from agi.fastagi import AgiLimits, AgiServer, AgiSession
from agi.journal import JournalLine
from agi.link import AmiLink, AmiLogin, AmiLoginRefused, LinkLimits, LinkLost, LinkUp
from agi.pbx import AmiPbx
from agi.tail import JournalTail
from agi.wire import AmiMessage
from callflow.domain import commands
from callflow.domain.calls import Call
from callflow.domain.names import ChannelName
from callflow.service.ports import AsteriskRefused, LinkDown, LiveChannel, Pbx
from callflow.sitefile import Site, load_site
from tests.contract.agi.conftest import linked
from tests.contract.agi.real_asterisk import RealAsterisk, running_asterisk
from tests.unit.agi.conftest import SITES
from tests.unit.agi.test_actions import CALL_ID, DANGER, INVITE, call_of
from tests.unit.agi.test_routes import NOW, ReadableUui

CALLER_LEG = {"Action": "Originate", "Channel": "Local/s@caller/n", "Context": "trigger", "Exten": "s", "Priority": "1"}
ASK_ROUTE = CALLER_LEG | {"Channel": "Local/s@ask/n", "Async": "true"}
AWKWARD = 'quoted "and" \\slashed, 张三 (hangup)'
INCIDENT = "01K00000000000000000000002"


class HexUui(ReadableUui):
    def sign(self, *_: object) -> str:
        return "ab" * 40


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(SITES / "12345.toml", "127.0.105")


@pytest.fixture
async def asterisk(tmp_path: Path) -> AsyncIterator[RealAsterisk]:
    async with running_asterisk(tmp_path) as found:
        yield found


@asynccontextmanager
async def pbx_with_a_caller(asterisk: RealAsterisk, site: Site) -> AsyncIterator[tuple[AmiLink, AmiPbx, Call]]:
    """A link, the port on it, and a call whose caller's leg is up."""
    async with linked(asterisk.login, LinkLimits()) as link:
        pbx = AmiPbx(link, site, HexUui(), lambda: NOW)
        await link.send(CALLER_LEG | {"Async": "true"})
        yield link, pbx, call_of((await caller_of(pbx)).name)


async def caller_of(pbx: Pbx) -> LiveChannel:
    """The caller's leg, as soon as Asterisk lists it."""
    async with asyncio.timeout(10):
        while True:
            for channel in await pbx.live_channels():
                if channel.is_caller:
                    return channel


async def routed(link: AmiLink) -> AmiMessage:
    """What a caller was told by the route, with the dialplan's default where it was told nothing."""
    await link.send(ASK_ROUTE)
    while True:
        news = await link.news.get()
        if isinstance(news, AmiMessage) and news.first("UserEvent") == "Routed":
            return news


async def variable(link: AmiLink, name: str, channel: str) -> str:
    return (await link.send({"Action": "Getvar", "Channel": channel, "Variable": name})).first("Value")


async def test_an_invitation_runs_its_entry_once_however_often_it_is_ordered(
    asterisk: RealAsterisk, site: Site
) -> None:
    tail = JournalTail(asterisk.journal)
    async with pbx_with_a_caller(asterisk, site) as (link, pbx, call):
        lines = tail.lines(0)
        await pbx.carry_out(INVITE, call)
        first = await anext(lines)
        for _ in range(5):
            await pbx.carry_out(INVITE, call)
        await pbx.carry_out(commands.KeepAgent(CALL_ID), call)
        await until_variable(link, "SHARED(STAY)", call.caller.channel, "1")
        pending = await variable(link, "SHARED(PENDING)", call.caller.channel)
        on_legs = [one for one in await pbx.live_channels() if "@invite-" in one.name]
        await lines.aclose()

    assert isinstance(first, JournalLine)
    assert (first.attempt_id, first.caller_channel) == (INVITE.attempt_id, call.caller.channel)
    assert first.detail == {"target": "110", "kind": "one_key", "way": "desk", "danger": "0", "retry": "0"}
    assert asterisk.journal.read_text().count("inviting") == 1
    assert len(on_legs) == 2  # one Local pair
    assert pending == "1"


async def test_the_journal_line_is_announced_by_a_hint(asterisk: RealAsterisk, site: Site) -> None:
    async with pbx_with_a_caller(asterisk, site) as (link, pbx, call):
        await pbx.carry_out(INVITE, call)
        hint = await link.news.get()

    assert isinstance(hint, AmiMessage)
    assert (hint.name, hint.first("UserEvent")) == ("UserEvent", "Journal")


async def test_every_live_channel_is_listed_with_its_call_in_one_answer(asterisk: RealAsterisk, site: Site) -> None:
    async with pbx_with_a_caller(asterisk, site) as (_, pbx, call):
        found = await pbx.live_channels()

    assert {(one.call_id, one.is_caller, one.bridge_id, one.state) for one in found} == {
        (CALL_ID, True, None, "Up"),
        (None, False, None, "Up"),
    }
    assert [one.name for one in found if one.is_caller] == [call.caller.channel]


async def test_an_order_that_may_not_be_sent_is_refused_like_one_that_asterisk_refuses(
    asterisk: RealAsterisk, site: Site
) -> None:
    async with pbx_with_a_caller(asterisk, site) as (_, pbx, _call):
        for order, call in (
            (DANGER, call_of(ChannelName("PJSIP/x\r\n"))),
            (commands.PopScreen(CALL_ID, "8001"), call_of()),
        ):
            with pytest.raises(AsteriskRefused) as refused:
                await pbx.carry_out(order, call)
            assert isinstance(refused.value, OrderUnsendable)


FORBIDDEN = [
    {"Action": "Command", "Command": "core show version"},
    {"Action": "GetConfig", "Filename": "manager.conf"},
    {"Action": "UpdateConfig", "SrcFilename": "extensions.conf", "DstFilename": "extensions.conf"},
    {"Action": "Getvar", "Variable": "SHELL(id)"},
    {"Action": "Originate", "Channel": "Local/s@caller/n", "Application": "System", "Data": "id", "Async": "true"},
    {"Action": "Hangup", "Channel": "Local/s@caller-00000000;1"},
    {"Action": "Setvar", "Variable": "X", "Value": "1"},
]


@pytest.mark.covers("T-04")
async def test_our_own_account_cannot_do_more_than_it_needs(asterisk: RealAsterisk) -> None:
    async with linked(asterisk.login) as link:
        for action in FORBIDDEN:
            with pytest.raises(AsteriskRefused, match=r"Permission denied|Forbidden"):
                await link.send(action)


@pytest.mark.covers("T-04")
async def test_a_wrong_password_is_refused_by_the_real_one_too(asterisk: RealAsterisk) -> None:
    wrong = AmiLogin(asterisk.login.host, asterisk.login.port, "callflow", "wrong")

    with pytest.raises(AmiLoginRefused, match="Authentication failed"):
        await AmiLink(wrong).run()


async def test_a_killed_asterisk_fails_what_waits_and_is_found_again_when_it_is_back(
    tmp_path: Path, site: Site
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    async with asyncio.timeout(60):
        async with running_asterisk(first) as asterisk:
            link = AmiLink(asterisk.login, limits=LinkLimits(pause_most_s=0.2))
            run = asyncio.ensure_future(link.run())
            assert await link.news.get() == LinkUp()
        assert isinstance(await link.news.get(), LinkLost)
        with pytest.raises(LinkDown):
            await AmiPbx(link, site, HexUui(), lambda: NOW).carry_out(INVITE, call_of())
        async with running_asterisk(second, ami_port=asterisk.login.port):
            assert await link.news.get() == LinkUp()
            link.close()
            await run


# ---- FastAGI on the helper channel: the caller goes on, whatever the server does


@asynccontextmanager
async def agi_server(asterisk: RealAsterisk, job: Callable[[AgiSession], Awaitable[None]]) -> AsyncIterator[None]:
    server = AgiServer(asterisk.login.host, asterisk.agi_port, {"intake": job}, limits=AgiLimits(session_s=30))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        yield
        task.cancel()


async def test_a_route_is_answered_on_the_callers_own_channel(asterisk: RealAsterisk) -> None:
    seen: list[tuple[str, ...]] = []

    async def job(session: AgiSession) -> None:
        seen.append(session.request.arguments)
        channel = session.request.arguments[1]
        incident = await session.get_variable("INCIDENT")
        await session.set_variables({f"SHARED(R_INCIDENT,{channel})": incident, f"SHARED(R_HOP,{channel})": "2"})
        await session.set_variable("ECHO", AWKWARD)
        seen.append((await session.get_variable("ECHO"),))

    async with linked(asterisk.login) as link, agi_server(asterisk, job):
        told = await routed(link)

    assert seen[0][2:] == ("carrier", "12345", "13800138000", "")
    assert seen[1] == (AWKWARD,)
    assert (told.first("RouteIncident"), told.first("RouteHop")) == (INCIDENT, "2")


async def test_without_a_server_the_caller_goes_on_with_the_default(asterisk: RealAsterisk) -> None:
    async with linked(asterisk.login) as link:
        told = await routed(link)

    assert told.first("RouteIncident") == ""


async def test_a_server_that_hangs_costs_the_caller_the_limit_and_no_more(asterisk: RealAsterisk) -> None:
    async def job(_session: AgiSession) -> None:
        await asyncio.get_running_loop().create_future()

    async with linked(asterisk.login) as link, agi_server(asterisk, job):
        clock = asyncio.get_running_loop().time
        began = clock()
        told = await routed(link)

    assert told.first("RouteIncident") == ""
    assert clock() - began < 3


async def test_a_server_that_dies_after_its_first_answer_leaves_that_answer(asterisk: RealAsterisk) -> None:
    async def job(session: AgiSession) -> None:
        await session.set_variable(f"SHARED(R_HOP,{session.request.arguments[1]})", "2")
        raise ConnectionResetError

    async with linked(asterisk.login) as link, agi_server(asterisk, job):
        told = await routed(link)

    assert (told.first("RouteHop"), told.first("RouteIncident")) == ("2", "")


STRANGE = [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 100, b'EXEC System "touch hacked"\n', b"x" * 200_000]


@pytest.mark.covers("T-08")
async def test_a_stranger_on_the_servers_port_harms_no_caller(asterisk: RealAsterisk) -> None:
    says = iter(STRANGE)

    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        writer.write(next(says))
        writer.close()

    server = await asyncio.start_server(stranger, asterisk.login.host, asterisk.agi_port)
    async with server, linked(asterisk.login) as link:
        for _ in STRANGE:
            told = await routed(link)
            assert told.first("RouteIncident") == ""
        assert (await link.send({"Action": "Ping"})).first("Ping") == "Pong"

    assert next(says, None) is None


async def until_variable(link: AmiLink, name: str, channel: str, value: str) -> None:
    async with asyncio.timeout(10):
        while await variable(link, name, channel) != value:
            continue
