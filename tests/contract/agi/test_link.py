"""Actions and events over the guarded link, against a peer that misbehaves.

A1-A19 number the faults of panoramisk 1.4 that the link guards against.
"""

from __future__ import annotations

import asyncio

import pytest

from agi.link import LinkLimits, LinkLost, LinkUp
from agi.wire import AmiMessage, UnsendableValue
from callflow.service.ports import AsteriskRefused, LinkDown
from tests.contract.agi.conftest import linked
from tests.contract.agi.fake_ami import Action, FakeAmi, cut, event, refusal, silence, success

INVITE = {"Action": "Originate", "Channel": "Local/110@invite/n", "Async": "true"}
JOURNAL = event("UserEvent", UserEvent="Journal")


async def test_an_action_is_answered_once_and_its_own_answer_comes_back(fake: FakeAmi) -> None:
    async with linked(fake.login) as link:
        both = await asyncio.gather(link.send({"Action": "One"}), link.send({"Action": "Two"}))

    assert [message.first("Message") for message in both] == ["done", "done"]
    assert [action["Action"] for action in fake.seen] == [["One"], ["Two"]]
    assert all(len(action["ActionID"]) == 1 and "CommandID" not in action for action in fake.seen)  # A2


async def test_an_originate_is_done_when_it_is_queued_whatever_happens_to_its_response(fake: FakeAmi) -> None:
    fake.replies["Originate"] = lambda action: success(action, "Originate successfully queued")

    async with linked(fake.login) as link:
        answer = await link.send(INVITE)

    assert answer.first("Message") == "Originate successfully queued"


async def test_an_error_is_asterisks_refusal_in_its_own_words(fake: FakeAmi) -> None:
    fake.replies["Originate"] = lambda action: refusal(action, "Extension does not exist.")

    async with linked(fake.login) as link:
        with pytest.raises(AsteriskRefused, match=r"Originate: Extension does not exist\."):
            await link.send(INVITE)


async def test_a1_a3_an_action_cut_off_is_failed_and_never_sent_again(fake: FakeAmi) -> None:
    fake.replies["Originate"] = cut

    async with linked(fake.login) as link:
        with pytest.raises(LinkDown, match="may or may not have been carried out"):
            await link.send(INVITE)
        assert [type(await link.news.get()) for _ in range(2)] == [LinkLost, LinkUp]
        fake.say(event("FullyBooted", Status="Fully Booted"))  # what makes panoramisk send again
        await link.send({"Action": "After"})

    assert [action["Action"] for action in fake.seen] == [["Originate"], ["After"]]


async def test_a_thousand_cuts_in_mid_action_double_nothing_and_leave_nobody_waiting(fake: FakeAmi) -> None:
    fake.replies["Originate"] = cut
    resolved = 0

    async with linked(fake.login) as link:
        for number in range(1000):
            with pytest.raises(LinkDown):
                await link.send(INVITE | {"ChannelId": str(number)})
            resolved += 1
            assert [type(await link.news.get()) for _ in range(2)] == [LinkLost, LinkUp]

    assert resolved == 1000
    assert [action["ChannelId"] for action in fake.seen] == [[str(number)] for number in range(1000)]


async def test_a4_a_list_cut_in_the_middle_fails(fake: FakeAmi) -> None:
    fake.replies["Status"] = lambda action: success(action) + item(action, "PJSIP/8001-00000001")

    async with linked(fake.login) as link:
        waiting = asyncio.ensure_future(link.collect({"Action": "Status"}))
        await fake.came.wait()
        fake.cut()
        with pytest.raises(LinkDown):
            await waiting


async def test_a5_a_refused_list_ends(fake: FakeAmi) -> None:
    fake.replies["Status"] = refusal

    async with linked(fake.login) as link:
        with pytest.raises(AsteriskRefused, match="No such channel"):
            await link.collect({"Action": "Status"})


async def test_a_list_has_its_items_and_nothing_else(fake: FakeAmi) -> None:
    fake.replies["Status"] = lambda action: (
        success(action)
        + item(action, "PJSIP/8001-00000001")
        + JOURNAL
        + item(action, "PJSIP/9001-00000002")
        + end(action)
    )

    async with linked(fake.login) as link:
        found = await link.collect({"Action": "Status"})

    assert [one.first("Channel") for one in found] == ["PJSIP/8001-00000001", "PJSIP/9001-00000002"]


async def test_a_list_without_items_is_empty(fake: FakeAmi) -> None:
    fake.replies["Status"] = lambda action: success(action) + end(action)

    async with linked(fake.login) as link:
        assert await link.collect({"Action": "Status"}) == []


async def test_a6_an_action_without_an_answer_ends_in_time_and_its_late_answer_harms_nobody(fake: FakeAmi) -> None:
    fake.replies["Slow"] = silence

    async with linked(fake.login) as link:
        with pytest.raises(LinkDown, match=r"no answer to Slow within 0\.05 s"):
            await link.send({"Action": "Slow"}, limit_s=0.05)
        fake.say(success(fake.seen[0]))
        assert (await link.send({"Action": "Next"})).first("Message") == "done"
        assert link.is_up


@pytest.mark.covers("T-14")
async def test_a8_a15_a_reader_that_sleeps_costs_hints_but_neither_memory_nor_the_news_that_counts(
    fake: FakeAmi,
) -> None:
    limits = LinkLimits(news=10, pause_first_s=0.001, ping_every_s=0.2)

    async with linked(fake.login, limits) as link:
        fake.say(JOURNAL * 5000)
        await link.send({"Action": "After"})
        assert (link.news.qsize(), link.dropped_events) == (10, 4990)
        fake.cut()
        await until_pings(fake, fake.pings + 1)  # only a link that is up again pings
        found = [link.news.get_nowait() for _ in range(link.news.qsize())]

    assert [type(one) for one in found] == [AmiMessage] * 8 + [LinkLost, LinkUp]


async def test_events_arrive_in_the_order_they_were_sent(fake: FakeAmi) -> None:
    async with linked(fake.login) as link:
        for number in range(200):
            fake.say(event("UserEvent", UserEvent="Journal", Number=str(number)))
        found = [await link.news.get() for _ in range(200)]

    assert [one.first("Number") for one in found if isinstance(one, AmiMessage)] == [str(n) for n in range(200)]


@pytest.mark.covers("T-05")
@pytest.mark.parametrize("poison", ["a\r\nAction: Hangup", "a\nb", "a\rb", "a\0b", "x" * 2000, "\ud800"])
async def test_a11_a_value_that_would_end_its_line_never_reaches_the_wire(fake: FakeAmi, poison: str) -> None:
    async with linked(fake.login) as link:
        for action in (
            {"Action": "Originate", "Channel": poison},
            {"Action": "Originate", "Variable": ["good=1", poison]},
        ):
            with pytest.raises(UnsendableValue):
                await link.send(action)
        await link.send({"Action": "After"})

    assert [action["Action"] for action in fake.seen] == [["After"]]


async def test_a9_a_name_cut_in_two_by_the_network_arrives_whole(fake: FakeAmi) -> None:
    name = "张三丰".encode()

    async with linked(fake.login) as link:
        fake.say(b"Event: UserEvent\r\nPrivilege: user,all\r\nName: " + name[:4])
        fake.say(name[4:] + b"\r\nValue: \r\n\r\n")
        found = await link.news.get()

    assert isinstance(found, AmiMessage)
    assert (found.first("Name"), found.headers["Value"], found.first("Missing", "none")) == ("张三丰", ("",), "none")


def item(action: Action, channel: str) -> bytes:
    return (
        f"Event: Status\r\nPrivilege: Call\r\nChannel: {channel}\r\nActionID: {action['ActionID'][0]}\r\n\r\n".encode()
    )


def end(action: Action) -> bytes:
    return f"Event: StatusComplete\r\nActionID: {action['ActionID'][0]}\r\nEventList: Complete\r\n\r\n".encode()


async def until_pings(fake: FakeAmi, count: int) -> None:
    async with asyncio.timeout(10):
        while fake.pings < count:
            fake.came.clear()
            await fake.came.wait()
