"""What Asterisk tells us, joined: the journal with its facts, and the AMI link with its hints and ringing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

import structlog

from agi.journal import BadLine
from agi.link import AmiLink, LinkLost, LinkUp
from agi.tail import JournalTail
from agi.translate import Translator
from agi.trunks import Trunks
from callflow.domain.calls import Call
from callflow.domain.events import Event, TargetRinging
from callflow.service.ports import JournalEntry, LiveChannel

log = structlog.get_logger(__name__)


class SiteJournal:
    """The dialplan's journal as domain events. Keeps `callflow.service.ports.JournalSource`."""

    def __init__(self, tail: JournalTail, translator: Translator) -> None:
        self._tail = tail
        self._translator = translator

    async def entries(self, start: int) -> AsyncGenerator[JournalEntry, None]:
        """Yield every step from this offset on, in order, for ever; a bad line is logged and skipped."""
        async with aclosing(self._tail.lines(start)) as lines:
            async for line in lines:
                if isinstance(line, BadLine):
                    log.error("bad journal line skipped", offset=line.offset, why=line.why)
                    continue
                for number, event in enumerate(self._translator.read_journal(line)):
                    yield JournalEntry(event, f"{line.key}:{number}" if number else line.key, line.next_offset)

    def remember(self, calls: Sequence[Call], channels: Sequence[LiveChannel]) -> list[Event]:
        """See the port."""
        return [*self._translator.remember(calls, channels)]

    async def caught_up(self) -> None:
        """Return when every line written before this call has been yielded by `entries` (or skipped).

        `entries` must be running, in another task.
        """
        await self._tail.caught_up()


class LinkReader(Protocol):
    """Who wants to know what the link tells. Each call is awaited before the next news is read."""

    async def target_rings(self, event: TargetRinging) -> None:
        """A target's phone rings."""

    async def link_up(self) -> None:
        """Connected, or again: compare what is known with the live channels (reconcile)."""

    async def link_lost(self, why: str) -> None:
        """Not connected: orders will fail until `link_up`."""


async def read_link(
    link: AmiLink,
    tail: JournalTail,
    translator: Translator,
    reader: LinkReader,
    clock: Callable[[], float],
    *,
    trunks: Trunks,
) -> None:
    """Take the link's news one by one, for ever. Belongs to the TaskGroup that runs the link."""
    while True:
        news = await link.news.get()
        if isinstance(news, LinkUp):
            tail.hint()
            trunks.hint()
            await reader.link_up()
        elif isinstance(news, LinkLost):
            trunks.forget()
            await reader.link_lost(news.why)
        elif news.name == "UserEvent" and news.first("UserEvent") == "Journal":
            tail.hint()
        elif news.name == "ContactStatus":
            trunks.hint()
        elif (event := translator.read_ami(news, clock())) is not None:
            await reader.target_rings(event)
