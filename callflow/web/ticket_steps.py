"""What may be done to a ticket, a row each: who may, what is asked, and what happens then (R-041 and what follows)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from callflow.domain import tickets as t
from callflow.domain.codes import is_unit_code
from callflow.domain.names import SiteId, TicketId
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.service.site_rules import DANGER_SITE
from callflow.service.ticket_ports import Given, Lived
from callflow.web import ticket_step_schemas as s
from callflow.web.deps import Asker, Deps
from callflow.web.errors import Problem
from callflow.web.put_off import PutOffView, waits_for_the_database
from callflow.web.routes import CALL_WORKERS, Handler, Role, Route, Visit, answer
from callflow.web.submit import once
from callflow.web.tickets import TICKET_ID
from callflow.web.views import life_view

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.domain.tickets import Happening, Life

EVERY_WRITE = ("facts-away", "idempotency-key-wrong", "idempotency-key-reused")
SUPERVISORS = frozenset({Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step is made from."""

    deps: Deps
    life: Life
    ask: Any
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Meant:
    """What shall happen, and to whom the matter is given besides."""

    happenings: Sequence[Happening]
    given: Given | None = None


def sign(asked: Asked) -> Meant:
    """签收."""
    return Meant([t.Signed(asked.at, asked.by)])


def respond(asked: Asked) -> Meant:
    """初步响应, 办理."""
    return Meant([t.Responded(asked.at, asked.by, note=asked.ask.text)])


def feed_back(asked: Asked) -> Meant:
    """反馈."""
    return Meant([t.FedBack(asked.at, asked.by, result=asked.ask.text, told_by=asked.ask.told_by)])


def citizen_told(asked: Asked) -> Meant:
    """答复诉求人."""
    return Meant([t.CitizenTold(asked.at, asked.by, channel=asked.ask.channel)])


def call_back(asked: Asked) -> Meant:
    """回访."""
    return Meant([t.CalledBack(asked.at, asked.by, satisfied=asked.ask.satisfied)])


def close(asked: Asked) -> Meant:
    """办结."""
    return Meant([t.Closed(asked.at, asked.by)])


def give_back(asked: Asked) -> Meant:
    """退回. What the other platform gave us goes back to it, and it has the matter again."""
    returned: list[Happening] = [t.Returned(asked.at, asked.by, reason=asked.ask.text)]
    peer = asked.life.peer
    if peer is not None and asked.life.came_from_peer:
        returned.append(t.Entrusted(asked.at, asked.by, peer=peer, owes=True))
        returned.append(t.Dispatched(asked.at, asked.by, unit=peer))
    return Meant(returned)


def dispatch(asked: Asked) -> Meant:
    """派发: to a unit, or across to the other platform (R-010, R-011, R-013)."""
    ask, life = asked.ask, asked.life
    if ask.platform is not None:
        peer = _peer(asked.deps, ask.platform)
        across = [
            t.Entrusted(asked.at, asked.by, peer=peer, owes=True),
            t.Dispatched(asked.at, asked.by, unit=peer, assisting=ask.assisting),
        ]
        return Meant(across, Given(peer, ask.text))
    unit = ask.unit or (life.unit if life.bound else "")
    _check_units(*filter(None, (ask.unit, *ask.assisting)))
    return Meant([t.Dispatched(asked.at, asked.by, unit=unit, assisting=ask.assisting)])


def dispute(asked: Asked) -> Meant:
    """申请会商."""
    return Meant([t.Disputed(asked.at, asked.by, reason=asked.ask.text)])


def settle(asked: Asked) -> Meant:
    """会商结论."""
    _check_units(asked.ask.unit)
    return Meant([t.Settled(asked.at, asked.by, unit=asked.ask.unit, binds=asked.ask.binds)])


def escalate(asked: Asked) -> Meant:
    """升级: the police get a linked ticket; at the police the danger is marked (R-012)."""
    escalated: list[Happening] = [t.Escalated(asked.at, asked.by, reason=asked.ask.text)]
    police = asked.deps.site.peer_of(DANGER_SITE)
    if police is None:
        return Meant(escalated)
    peer = SiteId(police.id)
    return Meant([*escalated, t.Entrusted(asked.at, asked.by, peer=peer, owes=True)], Given(peer, asked.ask.text))


def cooperate(asked: Asked) -> Meant:
    """协同处置: the other platform gets a linked ticket for its part; ours and its clocks go on (R-013, R-014)."""
    if not asked.ask.text.strip():
        raise Problem("reason-missing")
    peer = _peer(asked.deps, asked.ask.platform)
    if asked.life.unit == peer:
        raise Problem("step-not-now")
    beside = t.Entrusted(asked.at, asked.by, peer=peer, owes=True, beside=True)
    return Meant([beside], Given(peer, asked.ask.text))


def merge(asked: Asked) -> Meant:
    """并单."""
    return Meant([t.Merged(asked.at, asked.by, into=TicketId(asked.ask.into))])


def relevel(asked: Asked) -> Meant:
    """A person's level, kind of matter and category instead of the classifier's, and what the ticket says."""
    ask, life, rules = asked.ask, asked.life, asked.deps.ticket_rules
    check_category(asked.deps, ask.category)
    check_region(asked.deps, ask.region)
    level, matter = ask.level or life.level, ask.matter or life.matter
    due = rules.deadlines(life, level, matter)
    judged = t.Relevelled(asked.at, asked.by, level, matter, ask.category, due)
    texts = (ask.location, ask.region, ask.summary)
    written = [] if texts == (None, None, None) else [t.Described(asked.at, asked.by, *texts)]
    return Meant([judged, *written])


def check_region(deps: Deps, region: str | None) -> None:
    """A place is one of GB/T 2260, or none."""
    if region is not None and deps.regions.name(region) is None:
        raise Problem("region-unknown")


def check_category(deps: Deps, category: str | None) -> None:
    """A category is one of the tree in force, or none."""
    if category and category not in deps.ticket_rules.categories.names:
        raise Problem("category-unknown")


def _check_units(*codes: str) -> None:
    if not all(is_unit_code(code) for code in codes):
        raise Problem("unit-code-wrong")


def _peer(deps: Deps, platform: str) -> SiteId:
    if deps.site.peer_of(platform) is None:
        raise Problem("platform-unknown")
    return SiteId(platform)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: its word in the address, what it asks, what it means, who may, and what it says in the API."""

    word: str
    asks: type[s.StepAsk]
    means: Callable[[Asked], Meant]
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
    StepRow("sign", s.StepAsk, sign, "The unit has it (签收)."),
    StepRow("respond", s.TextAsk, respond, "The first response (初步响应)."),
    StepRow("feed-back", s.FeedBackAsk, feed_back, "The result (反馈)."),
    StepRow("citizen-told", s.ToldAsk, citizen_told, "The citizen was told (答复)."),
    StepRow("call-back", s.CallBackAsk, call_back, "The citizen was asked, once per incident (回访)."),
    StepRow("close", s.StepAsk, close, "Done (办结)."),
    StepRow("return", s.TextAsk, give_back, "Not our matter, once, with a reason (退回)."),
    StepRow(
        "dispatch",
        s.DispatchAsk,
        dispatch,
        "To a unit, or to the other platform (派发).",
        refuses=("unit-code-wrong", "platform-unknown"),
    ),
    StepRow("dispute", s.TextAsk, dispute, "A conference shall decide (会商)."),
    StepRow(
        "settle", s.SettleAsk, settle, "The conference has decided.", roles=SUPERVISORS, refuses=("unit-code-wrong",)
    ),
    StepRow("escalate", s.TextAsk, escalate, "Danger: the police get a linked ticket (升级).", is_urgent=True),
    StepRow(
        "cooperate",
        s.CooperateAsk,
        cooperate,
        "The other platform gets a linked ticket beside ours, with a reason (协同处置).",
        refuses=("platform-unknown",),
    ),
    StepRow("merge", s.MergeAsk, merge, "The same matter as another ticket, which goes on (并单)."),
    StepRow(
        "relevel",
        s.RelevelAsk,
        relevel,
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
    life = await deps.lives.life(ticket_id)
    if life is None:
        raise Problem("ticket-not-found")
    meant = row.means(Asked(deps, life, ask, asker.at, asker.by))
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
    return lived


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
