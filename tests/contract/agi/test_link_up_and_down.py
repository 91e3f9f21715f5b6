"""Connecting, logging in, losing the link and finding it again.

A1-A19 number the faults of panoramisk 1.4 that the link guards against.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from agi.link import AmiLink, AmiLogin, AmiLoginRefused, LinkLimits, LinkLost, LinkUp
from agi.wire import MESSAGE_LIMIT_BYTES
from callflow.service.ports import LinkDown
from tests.contract.agi.conftest import QUICK, linked, running
from tests.contract.agi.fake_ami import HOST, FakeAmi, fake_ami, refusal, silence, success


async def test_a7_a_link_that_is_half_open_is_dropped_and_made_again(fake: FakeAmi) -> None:
    fake.replies["Ping"] = silence

    async with linked(fake.login, replace(QUICK, ping_every_s=0.1, ping_s=0.1)) as link:
        lost = await link.news.get()
        fake.replies["Ping"] = success
        assert await link.news.get() == LinkUp()

    assert isinstance(lost, LinkLost)
    assert "ping" in lost.why


async def test_a12_a_wrong_password_stops_the_start_and_says_what_to_mend() -> None:
    async with fake_ami(secret="wrong") as fake:
        with pytest.raises(AmiLoginRefused) as refused:
            await AmiLink(fake.login, limits=QUICK).run()

        assert all(
            word in str(refused.value) for word in ("'callflow'", f"{HOST}:", "manager.conf", "Authentication failed")
        )
        assert "wrong" not in str(refused.value)
        assert fake.connections == 1


async def test_a_password_that_turns_wrong_later_is_tried_again_until_it_is_right(fake: FakeAmi) -> None:
    async with linked(fake.login) as link:
        fake.replies["Login"] = refusal
        fake.cut()
        assert isinstance(await link.news.get(), LinkLost)
        await until_connections(fake, 3)
        del fake.replies["Login"]
        assert await link.news.get() == LinkUp()


async def test_a13_a_link_closed_between_two_attempts_connects_no_more(fake: FakeAmi) -> None:
    async with linked(fake.login, LinkLimits(pause_first_s=60)) as link:
        fake.cut()
        assert isinstance(await link.news.get(), LinkLost)

    assert fake.connections == 1


async def test_a_cancelled_link_fails_what_is_waiting(fake: FakeAmi) -> None:
    fake.replies["Slow"] = silence
    link = AmiLink(fake.login)
    run = asyncio.ensure_future(link.run())
    await link.news.get()
    waiting = asyncio.ensure_future(link.send({"Action": "Slow"}))
    await fake.came.wait()

    run.cancel()

    with pytest.raises(LinkDown):
        await waiting
    with pytest.raises(asyncio.CancelledError):
        await run


async def test_a14_an_action_before_the_connection_says_so() -> None:
    link = AmiLink(AmiLogin(HOST, 1, "callflow", "right"))

    with pytest.raises(LinkDown, match=f"not connected to Asterisk at {HOST}:1; the action was not sent"):
        await link.send({"Action": "Originate"})


@pytest.mark.covers("T-14")
async def test_a16_a_message_without_an_end_costs_the_link_one_mebibyte(fake: FakeAmi) -> None:
    async with linked(fake.login) as link:
        fake.say(b"Event: UserEvent\r\nX: " + b"x" * (MESSAGE_LIMIT_BYTES + 1))
        lost = await link.news.get()

    assert isinstance(lost, LinkLost)
    assert "has no end" in lost.why


async def test_a19_an_address_that_does_not_answer_is_given_up_in_time() -> None:
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind((HOST, 0))
        deaf.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(deaf.getsockname())
        link = AmiLink(AmiLogin(*deaf.getsockname(), "callflow", "right"), limits=replace(QUICK, connect_s=0.2))

        async with asyncio.timeout(2), running(link):
            link.close()  # run() can only return when the attempt is given up


async def test_a_port_that_is_not_ami_is_given_up_and_tried_again() -> None:
    async with fake_ami() as fake:
        fake.greeting = b"SSH-2.0-OpenSSH_9.2\r\n"
        fake.replies["Login"] = silence
        async with running(AmiLink(fake.login, limits=replace(QUICK, login_s=0.2))) as link:
            await until_connections(fake, 2)
            assert not link.is_up


async def test_asterisk_that_is_not_there_yet_is_waited_for() -> None:
    with socket.socket() as reserved:
        reserved.bind((HOST, 0))
        port = reserved.getsockname()[1]
    fake = FakeAmi(AmiLogin(HOST, port, "callflow", "right"))

    async with asyncio.timeout(10), running(AmiLink(fake.login, limits=QUICK)) as link:
        server = await asyncio.start_server(fake.serve, HOST, port)
        assert await link.news.get() == LinkUp()
        server.close()


async def until_connections(fake: FakeAmi, count: int) -> None:
    async with asyncio.timeout(10):
        while fake.connections < count:
            fake.came.clear()
            await fake.came.wait()
