"""Records what this version's two platforms say to each other, before the message version is raised.

    python -m tests.contract.exchange.record_corpus VERSION     # writes corpus/VERSION.jsonl, once

The texts are those of the outboxes, octet for octet, so that a later version is held to what really left. A recorded
file is never made anew: it is what sites in service speak.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain.names import SiteId
from callflow.service.messages import ExchangeMessage
from callflow.service.take_in import take_in
from callflow.sitefile import load_site
from tests.contract.exchange import story

CORPUS = Path(__file__).parent / "corpus"
SITES = Path(__file__).parents[3] / "asterisk-config" / "sites"
NOW = 1_795_312_800.0


class Books:
    """One platform without a line: its messages are carried across by hand."""

    def __init__(self, database: Database, site_id: str) -> None:
        self.site, self.id, self.now = load_site(SITES / f"{site_id}.toml", "127.0.106"), SiteId(site_id), NOW
        self.database = database
        self.facts, self.lives = SqlFacts(database, self.site), SqlLives(database, self.site)
        self.tickets, self.outgoing = TicketsRead(database), SqlOutgoing(database)
        self.said: list[str] = []

    async def hear(self, message: ExchangeMessage) -> None:
        await take_in(
            message, facts=self.facts, controller=NobodyCalls(), site=self.id, believe_identity=True, at=self.now
        )


class NobodyCalls:
    """The calls and the desks are not part of this."""

    async def happened(self, event: Any, key: str) -> None:
        """See `take_in.Listener`."""

    async def ticket_moved(self, incident_id: Any) -> None:
        """See `take_in.Listener`."""


async def record() -> list[str]:
    """Every scene in both directions; what was said, in the order in which it left."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        sides = [Books(await Database.open(f"sqlite:///{folder}/{site}.db"), site) for site in ("12345", "110")]

        async def carry() -> None:
            moved = True
            while moved:
                moved = False
                for here, there in (sides, sides[::-1]):
                    for one in await here.outgoing.unsent(there.id, 100):
                        lines.append(one.payload.decode())
                        await there.hear(ExchangeMessage.model_validate_json(one.payload))
                        await here.outgoing.receipted(one.message_id, NOW)
                        moved = True

        async def until(holds: Callable[[], Awaitable[bool]]) -> None:
            await carry()
            assert await holds()

        for here, there in (sides, sides[::-1]):
            for scene in story.SCENES:
                await scene(here, there, until)
            await story.given_across(here, there, until, comes_back=True)
        await carry()
        for side in sides:
            await side.database.close()
    return lines


if __name__ == "__main__":
    target = CORPUS / f"{sys.argv[1]}.jsonl"
    if target.exists():
        sys.exit(f"{target.name} is there: what was said in service is not made anew")
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(asyncio.run(record())) + "\n", encoding="utf-8")
