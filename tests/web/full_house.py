"""A site with its real web face and real books, and a day's work in them: for pages that look and do not ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ulid import ULID

from callflow.adapters.fakes import FakeOutbox
from callflow.adapters.put_off_file import PutOffFile
from callflow.adapters.sql.confidential import SqlConfidences
from callflow.adapters.sql.diverted import SqlDiverted
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.figures import SqlFigures
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.ticket_search import SqlTicketSearch
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain import events
from callflow.domain.calls import Attempt, Call, Caller, Ownership
from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    Presentation,
    SiteId,
    TargetCode,
    Verified,
    Way,
)
from callflow.domain.working_days import ONE_DAY, day_of
from callflow.service.call_backs import CallBack
from callflow.service.controller import Controller
from callflow.service.deadlines import Deadlines
from callflow.service.messages import FIRST_LINK, ExchangeMessage
from callflow.service.orders import Orders
from callflow.service.put_off import PutOff
from callflow.service.site_rules import rules_of
from callflow.service.take_in import take_in
from tests.contract.web.house import House

if TYPE_CHECKING:
    from pathlib import Path

    from callflow.adapters.sql.database import Database

NUMBER = "13800138053"
HOUR_S = 3600.0
DAY_MIN = 24 * 60
WENT = (Outcome.JOINED, Outcome.JOINED, Outcome.JOINED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.CANCELLED)


class FullHouse(House):
    """`House`, with everything kept in books."""

    def __init__(self, books: Database, place: Path, now: float) -> None:
        super().__init__()
        self.now = now
        self.place = place
        self.keep_books(books)

    def keep_books(self, books: Database) -> None:
        """Everything in these books, by the site file as it is now."""
        self.sql = SqlFacts(books, self.site)
        self.facts: Any = self.sql
        self.lives, self.tickets, self.search = SqlLives(books, self.site), TicketsRead(books), SqlTicketSearch(books)
        self.diverted, self.figures = SqlDiverted(books, SiteId("12345")), SqlFigures(books)
        self.confidence_read = SqlConfidences(books)
        self.put_off = PutOff(PutOffFile(self.place / "later.ndjson"), self.desks)
        rules = rules_of(self.site)
        self.controller = Controller(
            rules=rules,
            orders=Orders(self.facts, self.pbx, self.desks, self.tickets, lambda: self.now),
            outbox=FakeOutbox(),
            deadlines=Deadlines(rules, lambda: self.now),
            unreachable=lambda: self.unreachable,
        )

    async def a_day_of_handovers(self) -> None:
        """Calls of the last hours that are over, with every sort of outcome."""
        us = SiteId("12345")
        for nth in range(36):
            at = self.now - 60 - nth * 1500
            outcome, target = WENT[nth % len(WENT)], ("110", "110", "119", "9601")[nth % 4]
            joined = outcome is Outcome.JOINED
            attempt = Attempt(
                AttemptId(str(ULID.from_timestamp(at))), TargetCode(target), Kind.ONE_KEY, Way.DESK, Consent.AGREED, at,
                ringing_at=at + 0.4 + nth / 50, joined_at=at + 3 + nth / 9 if joined else None, outcome=outcome,
                ended_at=at + 40,
            )  # fmt: skip
            caller = Caller(
                ChannelName("PJSIP/carrier-1"), NUMBER, Presentation.ALLOWED, Verified.NETWORK, None, "12345", 0
            )
            call = Call(
                CallId(str(ULID.from_timestamp(at))), IncidentId(str(ULID())), us, Phase.ENDED, at, at, caller,
                Ownership(us, us), attempts=(attempt,), ended_at=at + 60,
            )  # fmt: skip
            await self.sql.commit(call, [], [], event_key=None, journal_offset=None, at=at)

    async def a_handover(self, agent_id: AgentId, note: str) -> CallId:
        """A caller who talks with this agent; 110 was busy first, then joined and danger was raised."""
        self.now -= 30
        call_id = await self.caller_talks_with(agent_id, NUMBER)
        desk = await self.desk(agent_id)
        await desk.post(f"/api/v1/calls/{call_id}/note", {"text": note})
        for outcome in (Outcome.BUSY, Outcome.JOINED):
            self.now += 4
            handover = {"target": "110", "kind": "three_party", "consent": "agreed"}
            status, body = await desk.post(f"/api/v1/calls/{call_id}/handover", handover)
            assert status == 202, body
            attempt_id = AttemptId(body["attempt_id"])
            await self.target_is_invited(call_id, attempt_id, Kind.THREE_PARTY, Way.DESK)
            self.now += 1
            await self.controller.happened(events.TargetRinging(call_id, self.now, attempt_id))
            self.now += 3
            if outcome is Outcome.JOINED:
                await self.controller.happened(events.TargetJoined(call_id, self.now, attempt_id))
            else:
                await self.controller.happened(events.AttemptFailed(call_id, self.now, attempt_id, outcome, 486, 17))
        await desk.post(f"/api/v1/calls/{call_id}/danger", {})
        self.now += 14
        return call_id

    async def the_peer_says(self, incident_id: IncidentId, step: str, state: str, version: int) -> None:
        """110's ticket of this incident has taken a step, and its message is here."""
        body = {
            "ticket_id": "JD20261122000001",
            "version": version,
            "step": step,
            "state": state,
            "level": 3,
            "unit": "",
        }
        head = {"kind": "step", "issuer": "110", "audience": "12345", "incident_id": incident_id, "seq": version}
        head |= {"id": str(ULID()), "prev_hash": FIRST_LINK, "occurred_at": self.now}
        message = ExchangeMessage.model_validate(head | {"body": body})
        us = SiteId("12345")
        await take_in(message, facts=self.sql, controller=self.controller, site=us, believe_identity=True, at=self.now)

    async def tickets_in_every_trouble(self, summary: str) -> None:
        """One over its limit, one near it, one in dispute."""
        desk = await self.desk(self.agent)
        for level, age_s in ((1, 3 * HOUR_S), (2, HOUR_S), (3, 0.0)):
            self.now -= age_s
            matter = {"summary": summary, "level": level, "region": "510104", "contact": NUMBER}
            desk = await self.desk(self.agent)
            _, made = await desk.post("/api/v1/tickets", matter)
            ticket = f"/api/v1/tickets/{made['ticket_id']}"
            await desk.post(f"{ticket}/dispatch", {"unit": "510104000000"})
            await desk.post(f"{ticket}/sign", {})
            if level == 3:
                await desk.post(f"{ticket}/dispute", {"text": summary})
            self.now += age_s

    async def on_duty_for_an_hour(self, *agent_ids: AgentId) -> None:
        """The plan says that these have been on duty since an hour ago."""
        admin = await self.desk(self.administrator)
        minute = int(self.now + 8 * HOUR_S) // 60 % DAY_MIN  # in China
        hours = {"begins_min": (minute - 60) % DAY_MIN, "ends_min": (minute + 180) % DAY_MIN}
        since = (day_of(self.now) - ONE_DAY).isoformat()
        for agent_id in agent_ids:
            row = {"agent_id": agent_id, "serves": "综合受理", "first_day": since} | hours
            status, body = await admin.post("/api/v1/shifts", row)
            assert status == 201, body

    def somebody_was_lost(self, reason: str) -> None:
        """A caller in danger who is to be called back."""
        one = CallBack(CallId(str(ULID())), IncidentId(str(ULID())), NUMBER, reason, self.now - 95, danger=True)
        self.lost.listed[one.call_id] = one
