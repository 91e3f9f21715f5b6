"""The recorded stories again, through everything that stands between Asterisk and a decided call.

AMI's bytes come over a socket from a peer that plays them, the journal's lines grow in a file, and the link, the tail,
the translator, the runner and the machine are the live ones. Only the database and the desks are in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agi.link import AmiLink
from agi.source import SiteJournal, read_link
from agi.tail import JournalTail
from agi.translate import Translator
from agi.trunks import Trunks
from callflow.domain.calls import Call
from callflow.domain.commands import SendHandover
from callflow.domain.names import IncidentId, Outcome, Phase, SiteId
from callflow.service.ports import LiveChannel
from callflow.sitefile import load_site
from tests.contract.agi.conftest import QUICK
from tests.contract.agi.fake_ami import FakeAmi, fake_ami
from tests.replay.test_streams import HERE, SITES, Recorded
from tests.unit.service.site import PlatformInMemory

Bytes = tuple[float, str, bytes]
"""When, by which way ("ami" or "csv"), what."""


def recorded(story: str, site: str) -> list[Bytes]:
    """Both streams, message by message and line by line, in the order of their own clocks."""
    folder, at = HERE / "streams" / story, 0.0
    steps: list[Bytes] = []
    for block in (folder / f"{site}.ami").read_bytes().split(b"\r\n\r\n")[:-1]:
        stamps = [line for line in block.split(b"\r\n") if line.startswith(b"Timestamp: ")]
        at = float(stamps[0].split(b": ")[1]) if stamps else at  # Asterisk stamps events, not its greeting
        steps.append((at, "ami", block + b"\r\n\r\n"))
    lines = (folder / f"{site}.csv").read_bytes().splitlines(keepends=True)
    steps.extend((float(line.split(b",")[0]), "csv", line) for line in lines)
    return sorted(steps, key=lambda step: step[0])


@dataclass
class Site12345:
    """A platform whose neighbours are the recording."""

    house: PlatformInMemory
    ami: FakeAmi
    link: AmiLink
    journal: Path

    async def plays(self, steps: Sequence[Bytes]) -> None:
        """Everything is said in order, and everything that was written is decided."""
        with self.journal.open("ab") as journal:
            for at, way, what in steps:
                self.house.now = max(self.house.now, at)
                if way == "ami":
                    self.ami.say(what)
                    await self.link.send({"Action": "Ping"})  # its answer comes behind what was said
                else:
                    journal.write(what)
                    journal.flush()
                async with asyncio.timeout(10):
                    await self.house.settle()

    def writes(self, lines: bytes) -> None:
        """Asterisk goes on writing, whoever listens."""
        with self.journal.open("ab") as journal:
            journal.write(lines)

    async def is_cut_off(self, meanwhile: Callable[[], None]) -> None:
        """AMI breaks; what happens meanwhile is not told; then it is back and everything was compared."""
        self.ami.cut()
        meanwhile()
        connections = self.ami.connections
        async with asyncio.timeout(10):
            while self.ami.connections == connections or not self.link.is_up:  # noqa: ASYNC110 - no bell for both
                await asyncio.sleep(0.005)
            await self.house.settle()

    @property
    def calls(self) -> list[Call]:
        return sorted(self.house.facts.calls.values(), key=lambda call: call.arrived_at)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site12345]:
    async with _site(tmp_path) as one:
        yield one


@asynccontextmanager
async def _site(tmp_path: Path) -> AsyncIterator[Site12345]:
    journal = tmp_path / "steps.csv"
    journal.touch()
    plan = load_site(SITES / "12345.toml", "127.0.105")
    translator = Translator(plan, Recorded(IncidentId(""), SiteId("12345")))
    tail = JournalTail(journal, look_every_s=0.01)
    house = PlatformInMemory(journal=SiteJournal(tail, translator))  # type: ignore[arg-type]  # the real one
    async with fake_ami() as ami:
        link = AmiLink(ami.login, limits=QUICK)
        async with house.running(), asyncio.TaskGroup() as group:
            trunks = Trunks(link, plan, house.clock)
            reading = group.create_task(read_link(link, tail, translator, house.runner, house.clock, trunks=trunks))
            running = group.create_task(link.run())
            async with asyncio.timeout(10):
                while not link.is_up:  # noqa: ASYNC110 - the link's own news are its reader's
                    await asyncio.sleep(0.005)
            yield Site12345(house, ami, link, journal)
            link.close()
            await running
            reading.cancel()


async def test_a_one_key_transfer_ends_as_it_was_lived(site: Site12345) -> None:
    await site.plays(recorded("one_key_12345_to_110", "12345"))

    (call,) = site.calls
    assert call.phase is Phase.ENDED
    assert [(a.target, a.outcome, a.ringing_at is not None) for a in call.attempts] == [("110", Outcome.JOINED, True)]
    assert len([r for r in site.house.facts.records if isinstance(r, SendHandover)]) == 1


async def test_a_busy_target_and_then_a_three_party_call(site: Site12345) -> None:
    await site.plays(recorded("busy_then_three_party", "12345"))

    assert [a.outcome for call in site.calls for a in call.attempts] == [Outcome.BUSY, Outcome.JOINED]


async def test_our_agent_leaves_while_it_rings_nobody_comes_and_he_is_with_an_agent_again(site: Site12345) -> None:
    steps = recorded("early_leave", "12345")
    left = next(n for n, (_, _, what) in enumerate(steps) if b",waiting," in what)

    await site.plays(steps[: left + 1])
    (call,) = site.calls
    assert (call.phase, call.agent_is_in) == (Phase.WAITING, False)

    again = next(n for n, (_, _, what) in enumerate(steps) if n > left and b",answered," in what)
    await site.plays(steps[left + 1 : again + 1])
    (call,) = site.calls
    assert (call.phase, call.agent_is_in) == (Phase.TALKING, True)
    assert [a.outcome for a in call.attempts] == [Outcome.NO_ANSWER]


async def test_the_target_leaves_a_three_party_call_and_two_talk_on(site: Site12345) -> None:
    steps = recorded("any_of_three_leaves", "12345")
    ended = next(n for n, (_, _, what) in enumerate(steps) if b",ended," in what)

    await site.plays(steps[:ended])
    assert site.calls[0].phase is Phase.TALKING

    await site.plays(steps[ended:])
    assert site.calls[0].phase is Phase.ENDED


async def test_a_recording_that_begins_in_mid_call_makes_no_call_and_breaks_nothing(site: Site12345) -> None:
    steps = recorded("one_key_12345_to_110", "12345")
    begun = next(n for n, (_, _, what) in enumerate(steps) if b",answered," in what)

    await site.plays(steps[begun:])
    assert site.calls == []

    await site.plays(recorded("busy_then_three_party", "12345"))
    assert [call.phase for call in site.calls] == [Phase.ENDED]


@pytest.mark.covers("C-02")
@pytest.mark.parametrize("cut_at", range(2, 26, 4))
async def test_a_cut_at_any_moment_changes_nothing_in_the_end(site: Site12345, cut_at: int) -> None:
    steps = recorded("one_key_12345_to_110", "12345")
    await site.plays(steps[:cut_at])
    missed = steps[cut_at : cut_at + 4]
    channels = {cell for _, way, what in steps if way == "csv" for cell in what.decode().split(",")[6:7]}
    site.house.pbx.channels = [
        LiveChannel(name, None, name.startswith("PJSIP/carrier"), "bridge", "Up") for name in channels
    ]  # type: ignore[arg-type]

    written = b"".join(what for _, way, what in missed if way == "csv")

    await site.is_cut_off(lambda: site.writes(written))
    await site.plays(steps[cut_at + 4 :])

    (call,) = site.calls
    assert call.phase is Phase.ENDED
    assert [a.outcome for a in call.attempts] == [Outcome.JOINED]
    assert site.ami.connections == 2


@pytest.mark.parametrize("story", ["one_key_12345_to_110", "busy_then_three_party", "early_leave"])
@pytest.mark.parametrize("site_id", ["12345", "110"])
def test_a_handover_costs_at_most_25_ami_events_at_either_platform(story: str, site_id: str) -> None:
    said = (HERE / "streams" / story / f"{site_id}.ami").read_bytes()
    calls = (HERE / "streams" / story / f"{site_id}.csv").read_bytes().count(b",arrived,")

    assert 0 < said.count(b"\r\nEvent: ") <= 25 * calls
