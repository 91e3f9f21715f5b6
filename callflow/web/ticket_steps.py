"""What may be done to a ticket, a row each: who may, what is asked, and what happens then (R-041 and what follows)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from callflow.domain.confidence import may_see
from callflow.domain.names import TicketId
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.service.ticket_ports import Lived
from callflow.web import ticket_meanings as mean
from callflow.web import ticket_step_schemas as s
from callflow.web.deps import Asker
from callflow.web.errors import Problem
from callflow.web.put_off import PutOffView, waits_for_the_database
from callflow.web.routes import CALL_WORKERS, Handler, Role, Route, Visit, answer
from callflow.web.submit import once
from callflow.web.tickets import TICKET_ID
from callflow.web.views import life_view

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.domain.tickets import Life

EVERY_WRITE = ("facts-away", "idempotency-key-wrong", "idempotency-key-reused")
SUPERVISORS = frozenset({Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: its word in the address, what it asks, what it means, who may, and what it says in the API."""

    word: str
    asks: type[s.StepAsk]
    means: Callable[[mean.Asked], mean.Meant]
    says: str
    roles: frozenset[Role] = CALL_WORKERS
    refuses: tuple[str, ...] = ()
    is_urgent: bool = False
    """Does not wait for the database: who asks must know at once that it was not done."""

    @property
    def every_refusal(self) -> tuple[str, ...]:
        """Each code by which it may be refused."""
        return (*(code.value for code in TicketRefusal), *self.refuses)


STEPS = (
    StepRow("sign", s.StepAsk, mean.sign, "The unit has it (签收)."),
    StepRow("respond", s.TextAsk, mean.respond, "The first response (初步响应)."),
    StepRow("feed-back", s.FeedBackAsk, mean.feed_back, "The result (反馈)."),
    StepRow("citizen-told", s.ToldAsk, mean.citizen_told, "The citizen was told (答复)."),
    StepRow("call-back", s.CallBackAsk, mean.call_back, "The citizen was asked, once per incident (回访)."),
    StepRow("close", s.StepAsk, mean.close, "Done (办结)."),
    StepRow("return", s.TextAsk, mean.give_back, "Not our matter, once, with a reason (退回)."),
    StepRow(
        "dispatch",
        s.DispatchAsk,
        mean.dispatch,
        "To a unit, or to the other platform (派发).",
        refuses=("unit-code-wrong", "platform-unknown"),
    ),
    StepRow("dispute", s.TextAsk, mean.dispute, "A conference shall decide (会商)."),
    StepRow(
        "settle",
        s.SettleAsk,
        mean.settle,
        "The conference has decided.",
        roles=SUPERVISORS,
        refuses=("unit-code-wrong",),
    ),
    StepRow("escalate", s.TextAsk, mean.escalate, "Danger: the police get a linked ticket (升级).", is_urgent=True),
    StepRow(
        "cooperate",
        s.CooperateAsk,
        mean.cooperate,
        "The other platform gets a linked ticket beside ours, with a reason (协同处置).",
        refuses=("platform-unknown",),
    ),
    StepRow("merge", s.MergeAsk, mean.merge, "The same matter as another ticket, which goes on (并单)."),
    StepRow(
        "seal",
        s.SealAsk,
        mean.seal,
        "Confidential: there only for who knows it, its units, supervisors and auditors (保密).",
        refuses=("account-unknown",),
    ),
    StepRow("unseal", s.TextAsk, mean.unseal, "For everybody again, with a reason (解密).", roles=SUPERVISORS),
    StepRow(
        "relevel",
        s.RelevelAsk,
        mean.relevel,
        "A person's level, matter and category, and what the ticket says.",
        refuses=("category-unknown", "region-unknown"),
    ),
)


async def take_step(asker: Asker, word: str, ticket_id: TicketId, ask: Any) -> Lived:
    """Let it happen, once for the asker's key.

    Raises:
        Problem: there is no such ticket, or the step is refused.
        FactsAway: nothing was written.
    """
    deps, row = asker.deps, ROWS[word]
    life = await _life_for(asker, ticket_id)
    if life is None:
        raise Problem("ticket-not-found")
    into = getattr(ask, "into", None)
    if into is not None and await _life_for(asker, TicketId(into)) is None:
        raise Problem(TicketRefusal.MERGE_TARGET_GONE)
    meant = row.means(mean.Asked(deps, life, ask, asker.at, asker.by))
    lived = await deps.lives.live_on(
        ticket_id,
        *meant.happenings,
        key=f"{word}:{asker.by}:{asker.key}",
        at=asker.at,
        text=getattr(ask, "text", ""),
        given=meant.given,
        read_version=ask.version,
    )
    if lived is None:
        raise Problem("ticket-not-found")
    if lived.refused is not None:
        raise Problem(lived.refused)
    if lived.told:
        await deps.controller.ticket_moved(lived.life.incident_id)
    return lived


async def _life_for(asker: Asker, ticket_id: TicketId) -> Life | None:
    """None also of a confidential ticket that is not there for him (R-056)."""
    life = await asker.deps.lives.life(ticket_id)
    viewer = asker.deps.site.viewer(asker.by)
    there = life is not None and may_see(viewer, confidential=life.confidential, insiders=life.knows)
    return life if there else None


ROWS = {row.word: row for row in STEPS}


def _handler(row: StepRow) -> Handler:
    async def take(visit: Visit, ask: s.StepAsk) -> web.Response:
        asker = Asker(visit.deps, visit.who.agent_id, visit.now, visit.request_key)
        lived = await take_step(asker, row.word, TicketId(visit.part("ticket_id")), ask)
        return answer(life_view(lived.life, lived.told))

    waits = waits_for_the_database(row.word, take, is_urgent=lambda _ask: row.is_urgent)

    async def named(visit: Visit, ask: s.StepAsk) -> web.StreamResponse:
        if not TICKET_ID.fullmatch(visit.part("ticket_id")):
            raise Problem("ticket-not-found")
        return await waits(visit, ask)

    return once(named)


ROUTES = tuple(
    Route(
        "POST",
        f"/api/v1/tickets/{{ticket_id}}/{row.word}",
        _handler(row),
        row.says,
        roles=row.roles,
        asks=row.asks,
        answers={200: s.LifeView} if row.is_urgent else {200: s.LifeView, 202: PutOffView},
        refuses=("ticket-not-found", *row.every_refusal, *EVERY_WRITE),
        headers=("Idempotency-Key",),
    )
    for row in STEPS
)
