"""A platform's books with less to type, and what a peer states in a handover."""

import json
from collections.abc import Callable
from typing import Any

from ulid import ULID

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.ticket_search import SqlTicketSearch
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain import commands as c
from callflow.domain.calls import Attempt, Call
from callflow.domain.names import (
    Consent,
    IncidentId,
    Kind,
    Presentation,
    SiteId,
    Verified,
)
from callflow.service.messages import Matter
from callflow.sitefile import Site

NOW = 1_795_312_800.0
DAY_S = 86_400
GOV, POLICE = SiteId("12345"), SiteId("110")
SUGGESTION = {
    "platform": "110",
    "hotlines": [],
    "category": "治安",
    "categories": [{"name": "治安", "p": 0.9}],
    "department": None,
    "level": 1,
    "danger": False,
    "confidence": 0.9,
    "action": "one_key_110",
    "evidence": [{"start": 0, "end": 2, "text": "打架", "rule": "fight"}],
    "version": "1",
}
MakeCall = Callable[..., Call]
MakeAttempt = Callable[..., Attempt]


class Books:
    """Facts, tickets and outgoing messages of one platform, with less to type."""

    def __init__(self, database: Database, site: Site) -> None:
        self.facts, self.read = SqlFacts(database, site), TicketsRead(database)
        self.search = SqlTicketSearch(database)
        self.lives, self.site = SqlLives(database, site), site
        self.outgoing, self.database = SqlOutgoing(database), database

    async def write(self, call: Call | None, *records: c.Record, at: float = NOW, key: str | None = None) -> None:
        await self.facts.commit(call, records, (), event_key=key, journal_offset=None, at=at)

    async def messages(self, peer: SiteId) -> list[dict[str, Any]]:
        return [json.loads(each.payload) for each in await self.outgoing.unsent(peer, 100)]


def opening(call: Call) -> c.OpenTicket:
    return c.OpenTicket(call.call_id, call.incident_id)


def matter(**changes: Any) -> Matter:
    stated = {
        "number": "19900001111",
        "presentation": Presentation.ALLOWED,
        "verified": Verified.NETWORK,
        "note": "楼上有人打架",
        "suggestion": SUGGESTION,
        "ticket_id": "GD20261122000001",
        "first_receiver": GOV,
        "region": "510100",
        "consent": Consent.AGREED,
        "danger": False,
    }
    return Matter.model_validate(stated | changes)


def incident() -> IncidentId:
    return IncidentId(str(ULID()))


def sending(call: Call, attempt: Attempt) -> c.SendHandover:
    return c.SendHandover(
        call.call_id, call.incident_id, POLICE, attempt.attempt_id, Kind.ONE_KEY, danger=attempt.danger
    )
