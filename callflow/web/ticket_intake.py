"""Matters that come without a call, the disputes between units, and what a form may offer (R-010, R-048, R-052)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import ValidationError

from callflow.domain.limits import Level
from callflow.domain.names import AgentId, CallId, Channel, SiteId, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Dispatched, Entrusted, Happening
from callflow.service.put_off import Apply, Wish
from callflow.service.ticket_form import ticket_form
from callflow.service.ticket_ports import Given, Lived, NewMatter
from callflow.web.deps import Asker, Deps
from callflow.web.errors import Problem
from callflow.web.put_off import PutOffView, waits_for_the_database
from callflow.web.routes import CALL_WORKERS, READERS, Route, Visit, answer
from callflow.web.submit import once
from callflow.web.ticket_meanings import check_category, check_region
from callflow.web.ticket_step_schemas import DisputeList, DisputeView, FormFieldView, FormsView, LifeView, MatterAsk
from callflow.web.ticket_steps import ROWS, take_step
from callflow.web.views import is_agents_own, life_view

if TYPE_CHECKING:
    from aiohttp import web

OPEN = "open"
"""What a matter that waits for the database is called; the other words are those of the steps."""


async def open_matter(visit: Visit, ask: MatterAsk) -> web.Response:
    """A ticket for a matter from web, SMS or app; `dispatch_to` gives it across at once."""
    lived = await take_matter(Asker(visit.deps, visit.who.agent_id, visit.now, visit.request_key), ask)
    return answer(life_view(lived.life, lived.told), 201)


async def take_matter(asker: Asker, ask: MatterAsk, *, key: str | None = None) -> Lived:
    """Open its ticket, once for the asker's key, or for this one whoever asks. Raises Problem, FactsAway."""
    deps, by, at = asker.deps, asker.by, asker.at
    key = key or f"matter:{by}:{asker.key}"
    region = ask.region or deps.site.platform.region
    check_region(deps, region)
    check_category(deps, ask.category)
    call = None if ask.call_id is None else await _own(deps, CallId(ask.call_id), AgentId(by))
    if ask.dispatch_to is not None and deps.site.peer_of(ask.dispatch_to) is None:
        raise Problem("platform-unknown")
    judgement = Judgement(Level.ONE if ask.danger else ask.level, ask.matter, ask.category)
    channel, contact = (ask.channel, ask.contact or "") if call is None else (Channel.PHONE, "")
    texts = (region, contact, ask.location, ask.summary)
    matter = NewMatter(
        channel, judgement, *texts, danger=ask.danger, call=call, sealed_by=by if ask.confidential else ""
    )
    ticket_id = await deps.lives.open(matter, key=key, at=at)
    happenings: list[Happening] = []
    given = None
    if ask.dispatch_to is not None:
        peer = SiteId(ask.dispatch_to)
        happenings = [Entrusted(at, by, peer=peer, owes=True), Dispatched(at, by, unit=peer)]
        given = Given(peer)
    lived = await deps.lives.live_on(ticket_id, *happenings, key=key, at=at, given=given)
    assert lived is not None  # it was opened just now
    if call is not None:
        await deps.controller.ticket_moved(lived.life.incident_id)
    return lived


async def _own(deps: Deps, call_id: CallId, by: AgentId) -> CallId:
    call = await deps.facts.call(call_id)
    if call is None:
        raise Problem("call-not-found")
    if not is_agents_own(call, by):
        raise Problem("not-your-call")
    return call_id


def applier(deps: Deps) -> Apply:
    """What becomes of a wish that waited for the database."""

    async def apply(wish: Wish) -> str:
        asker = Asker(deps, wish.by, wish.at, wish.key)
        try:
            if wish.what == OPEN:
                await take_matter(asker, MatterAsk.model_validate_json(wish.ask))
            else:
                ask = ROWS[wish.what].asks.model_validate_json(wish.ask)
                await take_step(asker, wish.what, TicketId(wish.ticket_id), ask)
        except Problem as problem:
            return problem.code
        except (KeyError, ValidationError):  # kept by another version of this program
            return "invalid-request"
        return ""

    return apply


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
    tree, form = visit.deps.ticket_rules.categories, ticket_form()
    return answer(
        FormsView(
            scheme=tree.scheme,
            version=tree.version,
            categories=sorted(tree.names),
            regions=visit.deps.regions.as_of,
            template=form.template,
            fields=[FormFieldView.model_validate(asdict(one)) for one in form.fields],
        )
    )


ROUTES = (
    Route(
        "POST",
        "/api/v1/tickets",
        once(waits_for_the_database(OPEN, open_matter, is_urgent=lambda ask: ask.danger)),
        "A ticket for a matter that came without a call; sent to the other platform at once when asked.",
        roles=CALL_WORKERS,
        asks=MatterAsk,
        answers={201: LifeView, 202: PutOffView},
        refuses=(
            "region-unknown",
            "category-unknown",
            "platform-unknown",
            "call-not-found",
            "not-your-call",
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
