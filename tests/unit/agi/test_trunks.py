"""When a trunk is known to be dead, and when it is not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from agi.link import AmiLink, AmiLogin
from agi.trunks import DEAD_AFTER_S, Trunks
from agi.wire import AmiMessage
from callflow.domain.names import TargetCode
from callflow.sitefile import Site

POLICE, FIRE = TargetCode("110"), TargetCode("119")


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trunks(site: Site, clock: Clock) -> Trunks:
    return Trunks(AmiLink(AmiLogin("127.0.0.1", 1, "nobody", "unused")), site, clock)


@pytest.mark.covers("R-005")
def test_a_trunk_that_stays_silent_is_dead_and_comes_back_with_its_first_answer(trunks: Trunks, clock: Clock) -> None:
    trunks.note("110", answers=False)
    clock.now += DEAD_AFTER_S
    trunks.note("110", answers=False)
    assert (trunks.unreachable(), trunks.is_reachable(POLICE)) == ({POLICE}, False)

    trunks.note("110", answers=True)

    assert (trunks.unreachable(), trunks.is_reachable(POLICE)) == (frozenset(), True)


def test_one_question_without_an_answer_is_not_death(trunks: Trunks, clock: Clock) -> None:
    trunks.note("110", answers=False)
    clock.now += DEAD_AFTER_S / 2

    assert (trunks.unreachable(), trunks.is_reachable(POLICE)) == (frozenset(), None)


def test_what_nobody_knows_is_never_called_dead(trunks: Trunks, clock: Clock) -> None:
    assert trunks.is_reachable(POLICE) is None

    trunks.note("110", answers=False)
    clock.now += DEAD_AFTER_S
    trunks.forget()  # the link was cut

    assert (trunks.unreachable(), trunks.is_reachable(POLICE), trunks.is_reachable(FIRE)) == (frozenset(), None, None)


def test_a_word_that_says_nothing_ends_the_silence(trunks: Trunks, clock: Clock) -> None:
    trunks.note("110", answers=False)
    clock.now += DEAD_AFTER_S
    trunks.note("110", answers=None)

    assert trunks.unreachable() == frozenset()


@dataclass
class AsteriskThatSays:
    """A link to an Asterisk with one contact a trunk, whose status is what the test sets."""

    status: str = "Reachable"
    is_up: bool = True
    asked_again: list[str] = field(default_factory=list)

    async def send(self, action: dict[str, str]) -> AmiMessage:
        if action["Action"] == "PJSIPQualify":
            self.asked_again.append(action["Endpoint"])
        value = self.status if "PJSIP_CONTACT" in action.get("Variable", "") else "contact-1"
        return AmiMessage({"Response": ("Success",), "Value": (value,)})


def test_the_first_silence_is_asked_about_once_more_and_a_long_one_is_left_to_asterisk(
    site: Site, clock: Clock
) -> None:
    asterisk = AsteriskThatSays()
    trunks = Trunks(cast("AmiLink", asterisk), site, clock)

    async def looks(*statuses: str) -> None:
        for asterisk.status in statuses:
            task = asyncio.create_task(trunks.run())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(looks("Reachable", "Unreachable", "Unreachable", "Reachable", "Unreachable"))

    assert asterisk.asked_again == ["peer-110", "peer-110"]
