"""Matters that come without a call, the disputes between units, and what a form may offer (R-010, R-048, R-052)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.domain.limits import Level
from callflow.domain.names import SiteId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Dispatched, Entrusted, Happening
from callflow.service.ticket_ports import Given, Lived, NewMatter
from callflow.web.errors import Problem
from callflow.web.routes import CALL_WORKERS, READERS, Route, Visit, answer
from callflow.web.submit import once
from callflow.web.ticket_step_schemas import DisputeList, DisputeView, FormsView, LifeView, MatterAsk
from callflow.web.ticket_steps import check_category
from callflow.web.views import life_view

if TYPE_CHECKING:
    from aiohttp import web


async def open_matter(visit: Visit, ask: MatterAsk) -> web.Response:
    """A ticket for a matter from web, SMS or app; `dispatch_to` gives it across at once."""
    lived = await take_matter(visit, ask, key=f"matter:{visit.who.agent_id}:{visit.request_key}")
    return answer(life_view(lived.life, lived.told), 201)


async def take_matter(visit: Visit, ask: MatterAsk, *, key: str) -> Lived:
    """Open its ticket, once for each `key`. Raises Problem."""
    region = ask.region or visit.deps.site.platform.region
    if visit.deps.regions.name(region) is None:
        raise Problem("region-unknown")
    check_category(visit, ask.category)
    if ask.dispatch_to is not None and visit.deps.site.peer_of(ask.dispatch_to) is None:
        raise Problem("platform-unknown")
    by, lives = visit.who.agent_id, visit.deps.lives
    judgement = Judgement(Level.ONE if ask.danger else ask.level, ask.matter, ask.category)
    matter = NewMatter(ask.channel, judgement, region, ask.contact or "", ask.location, ask.summary, danger=ask.danger)
    ticket_id = await lives.open(matter, key=key, at=visit.now)
    happenings: list[Happening] = []
    given = None
    if ask.dispatch_to is not None:
        peer = SiteId(ask.dispatch_to)
        happenings = [Entrusted(visit.now, by, peer=peer, owes=True), Dispatched(visit.now, by, unit=peer)]
        given = Given(peer)
    lived = await lives.live_on(ticket_id, *happenings, key=key, at=visit.now, given=given)
    assert lived is not None  # it was opened just now
    return lived


async def show_disputes(visit: Visit, _ask: None) -> web.Response:
    """Kinds of matters over which units disagree, most frequent first."""
    found = await visit.deps.lives.disputes()
    return answer(
        DisputeList(
            disputes=[
                DisputeView(
                    category=one.category,
                    region=one.region,
                    disputes=one.disputes,
                    waiting=list(one.waiting),
                    precedent=one.precedent,
                )
                for one in found
            ]
        )
    )


async def show_forms(visit: Visit, _ask: None) -> web.Response:
    """What a form may offer."""
    tree = visit.deps.ticket_rules.categories
    return answer(
        FormsView(
            scheme=tree.scheme, version=tree.version, categories=sorted(tree.names), regions=visit.deps.regions.as_of
        )
    )


ROUTES = (
    Route(
        "POST",
        "/api/v1/tickets",
        once(open_matter),
        "A ticket for a matter that came without a call; sent to the other platform at once when asked.",
        roles=CALL_WORKERS,
        asks=MatterAsk,
        answers={201: LifeView},
        refuses=(
            "region-unknown",
            "category-unknown",
            "platform-unknown",
            "facts-away",
            "idempotency-key-wrong",
            "idempotency-key-reused",
        ),
        headers=("Idempotency-Key",),
    ),
    Route(
        "GET",
        "/api/v1/disputes",
        show_disputes,
        "Matters over which units disagree, most frequent first, with the precedent if there is one.",
        roles=READERS,
        answers={200: DisputeList},
        refuses=("facts-away",),
    ),
    Route(
        "GET",
        "/api/v1/ticket-forms",
        show_forms,
        "The category tree in force, its version, and the list of places.",
        roles=READERS,
        answers={200: FormsView},
    ),
)
