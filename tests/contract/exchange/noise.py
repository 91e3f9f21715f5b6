"""A line on which things go wrong, and platforms that are ended and come back in the middle of their stories."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from callflow.service.exchange import PeerAway
from callflow.service.ports import FactsAway
from callflow.service.profiles import Profile
from callflow.site_trunks import Names
from tests.contract.exchange import version_1_0

Platform = Any
SHARE = 0.1


class NoisyLine:
    """Takes the place of a platform's way to ask: a tenth of the messages is dropped, unanswered, doubled or late."""

    is_cut = False
    """For all of them: there is one link."""

    def __init__(self, platform: Platform, dice: random.Random, seen: Counter[str]) -> None:
        self._https, self._dice, self._seen = platform.lines._https, dice, seen
        self._ask = self._https.ask
        self._held: list[tuple[Any, ...]] = []
        self._https.ask = self.ask

    async def ask(self, method: str, url: str, **said: Any) -> tuple[int, str]:
        if NoisyLine.is_cut:
            self._seen["cut"] += 1
            raise PeerAway("the data link is cut")
        if "text" not in said or self._dice.random() >= SHARE:
            answer = await self._ask(method, url, **said)
            await self._let_go()
            return answer
        what = self._dice.choice(("dropped", "answer lost", "doubled", "late"))
        self._seen[what] += 1
        if what == "dropped":
            raise PeerAway("the message was lost")
        if what == "late":
            self._held.append((method, url, said))
            raise PeerAway("the message takes its time")
        answer = await self._ask(method, url, **said)
        if what == "answer lost":
            raise PeerAway("the answer was lost")
        await self._ask(method, url, **said)  # the very same once more
        return answer

    async def _let_go(self) -> None:
        """What was held arrives after what came later."""
        held, self._held = self._held, []
        for method, url, said in held:
            await self._ask(method, url, **said)


class Before(Names):
    """A site that was rolled back to message version 1.0: it writes and reads only the fields of that time."""

    @property
    def profile(self) -> Profile:
        return _Of10()


class _Of10(Profile):
    def outward(self, body: Any) -> dict[str, Any]:
        return _known(body)

    def inward(self, body: Any) -> dict[str, Any]:
        return _known(body)


FIELDS_OF_1_0 = {name for body in version_1_0.KINDS.values() for name in body.model_fields}


def _known(body: Any) -> dict[str, Any]:
    if not FIELDS_OF_1_0 & set(body):  # a kind that came later: he sends none, and lets one pass
        return dict(body)
    return {name: said for name, said in body.items() if name in FIELDS_OF_1_0}


class House:
    """One platform through its restarts. What a story asks of it meanwhile waits until it is back."""

    def __init__(self, start: Callable[..., Awaitable[Platform]]) -> None:
        self._start = start
        self._up, self._idle = asyncio.Event(), asyncio.Condition()
        self._asked = 0
        self.platform: Platform = None
        self.taken: list[str] = []
        self.facts, self.lives, self.tickets = (_Through(self, name) for name in ("facts", "lives", "tickets"))

    @property
    def id(self) -> Any:
        return self.platform.id

    @property
    def site(self) -> Any:
        return self.platform.site

    @property
    def now(self) -> float:
        now: float = self.platform.now
        return now

    async def begin(self, now: float, **how: Any) -> None:
        self.platform = await self._start(**how)
        self.platform.now = now
        await self.platform.open_door()
        self.platform.start_lines()
        self._up.set()

    async def end(self) -> None:
        """The program is ended: what was under way is finished or given up, nothing new begins."""
        self._up.clear()
        async with self._idle:
            await self._idle.wait_for(lambda: self._asked == 0)
        await self.platform.close()
        self.taken += [message.id for message in self.platform.taken]
        self.platform.taken.clear()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        await self._up.wait()
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1
            async with self._idle:
                self._idle.notify_all()


class _Through:
    """A port of whichever program runs now."""

    def __init__(self, house: House, name: str) -> None:
        self._house, self._name = house, name

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            while True:
                async with self._house.asking():
                    port = getattr(self._house.platform, self._name)
                    try:
                        return await getattr(port, method)(*arguments, **named)
                    except FactsAway:  # nothing was written: the service asks again, and so do we
                        await asyncio.sleep(0.1)

        return call
