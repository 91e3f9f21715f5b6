"""A ticket's life in the books: begun with its row, changed only by `ticket_life.live`, each step told three ways.

Whoever writes has read the newest (`version`): the row is locked while it is read, and the write asks for the version
once more. A step goes into the audit and `ticket_steps`, and by the outbox to the peer, in the transaction of its life.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select, update

from callflow.adapters.sql import confidential, crossing, outbox, precedents
from callflow.adapters.sql.audit import Entry
from callflow.adapters.sql.errors import WrittenMeanwhile
from callflow.adapters.sql.frozen import life_of, life_text
from callflow.adapters.sql.tables import outbox as messages
from callflow.adapters.sql.tables import ticket_steps, tickets
from callflow.domain.limits import Level
from callflow.domain.names import CallId, IncidentId, TicketId
from callflow.domain.ticket_life import live
from callflow.domain.ticket_refusals import ticket_refusal
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Described, Sealed
from callflow.service.messages import NOTE_LIMIT, Dispatch, TicketStep
from callflow.service.ticket_ports import Given, Lived

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from callflow.adapters.sql.step import Step
    from callflow.domain.names import SiteId
    from callflow.domain.tickets import Happening, Life

SILENT: Final = frozenset({"peer_fed_back", "peer_called_back", "entrusted", "unsealed"})
"""What the peer himself has said, or is told by a message of its own; and each platform lifts its own mark."""


def judged(suggestion: Mapping[str, Any] | None, *, danger: bool) -> Judgement:
    """The classifier's word on a new matter; a person may change it. Danger is level 1 at once (R-008)."""
    said = suggestion or {}
    level = Level.ONE if danger else Level(said.get("level") or Level.THREE)
    return Judgement(level, category=said.get("category") or "", department=said.get("department") or "")


async def begin(step: Step, row: dict[str, Any], judgement: Judgement) -> dict[str, Any]:
    """The columns of a new ticket's life. Tells the audit."""
    region, category = row["region"], judgement.category
    unit = await precedents.unit_for(step, category, region)
    life = step.rules.begin(
        TicketId(row["ticket_id"]),
        IncidentId(row["incident_id"]),
        step.at,
        judgement,
        peer=row.get("peer"),
        came_from_peer=row["first_receiver"] != step.site.platform.id,
        danger=bool(row.get("danger")),
        precedent=unit or "",
    )
    opened = {"ticket_id": life.ticket_id, "channel": row.get("channel", "phone"), "region": region}
    opened |= {"level": life.level, "matter": life.matter, "category": category, "unit": life.unit}
    opened |= {"limits": life.limits, "deadlines": [asdict(one) for one in life.deadlines]}
    step.entries.append(Entry(CallId(row.get("call_id") or ""), life.incident_id, "ticket.opened", opened))
    step.told.setdefault(life.incident_id, []).append(_said_of(life, "opened", step.site.platform.id, ""))
    tree = step.rules.categories
    in_tree = (tree.scheme, tree.version) if category else ("", "")
    named = dict(zip(("category_scheme", "category_version"), in_tree, strict=True))
    return named | {"department": judgement.department} | _columns(step, life)


async def live_on(step: Step, row: Any, *happenings: Happening, text: str = "") -> Lived:
    """Let all of this happen to the ticket of this row, or nothing: then the first refusal says why.

    `text`: the reason or the result; it goes to the ticket's own steps and to the peer, never into the audit.
    """
    before = life = life_in(step, row)
    words: list[tuple[str, Happening, Life]] = []
    for happening in happenings:
        refused = ticket_refusal(life, happening)
        if refused is not None:
            return Lived(before, refused=refused)
        outcome = live(life, happening)
        life = outcome.life
        words += [(word, happening, life) for word in outcome.told]
    if words:
        await _write(step, row, life, _texts(happenings))
        for said in words:
            await _tell(step, row, said, text)
    return Lived(life, tuple(word for word, _, _ in words))


async def seal(step: Step, row: Any, *, by: str) -> tuple[str, ...]:
    """It is confidential from now on, because `by` says so, an account or the other platform. Repeatable."""
    if row is None or row.confidential:
        return ()
    sealed = Sealed(step.at, by, insiders=(by,))
    return (await live_on(step, row, *await confidential.with_insiders(step, row, [sealed]))).told


async def tell_missed(step: Step, row: Any, peer: SiteId) -> None:
    """The peer has a ticket of the matter from now on: the steps that ours took before are told to him in their order.

    He may have been away for hours, and a step tells more than a view: confidential here is so there, too (R-056).
    Words that were written before our first message to him were not written for him, and stay. Repeatable.
    """
    life = replace(life_in(step, row), peer=peer)
    ours = (messages.c.peer == peer) & (messages.c.incident_id == row.incident_id)
    since = await step.connection.scalar(select(func.min(messages.c.stored_at)).where(ours))
    taken = select(ticket_steps).where(ticket_steps.c.ticket_id == row.ticket_id).order_by(ticket_steps.c.entry)
    for past in (await step.connection.execute(taken)).all():
        text = past.text if since is not None and past.at >= since else ""
        then = replace(life, version=past.version, state=past.state)
        body = _said_of(then, past.step, past.by, confidential.step_text(life, past.step, text))
        await _tell_peer(step, life.incident_id, peer, body)


def life_in(step: Step, row: Any) -> Life:
    """The life as written; a ticket of a time before there were lives begins now, with the limits of its day."""
    if row.life:
        return confidential.as_marked(row, replace(life_of(row.life), peer=row.peer))
    said = json.loads(row.suggestion) if row.suggestion else None
    judgement = judged(said, danger=row.danger)
    return step.rules.begin(
        TicketId(row.ticket_id),
        IncidentId(row.incident_id),
        row.opened_at,
        judgement,
        peer=row.peer,
        came_from_peer=row.first_receiver != step.site.platform.id,
        danger=row.danger,
    )


async def locked(step: Step, ticket_id: str) -> Any:
    """The row of a ticket, which nobody else writes until the transaction ends; None when there is none."""
    mine = select(tickets).where(tickets.c.ticket_id == ticket_id).with_for_update()
    return (await step.connection.execute(mine)).one_or_none()


def _columns(step: Step, life: Life) -> dict[str, Any]:
    return {
        "life": life_text(life),
        "version": life.version,
        "state": life.state,
        "level": life.level,
        "matter": life.matter,
        "category": life.category,
        "unit": life.unit,
        "next_chase_at": step.rules.next_chase_at(life),
        **confidential.columns_of(life),
    }


def _texts(happenings: Sequence[Happening]) -> dict[str, str]:
    """The columns that a person has written anew."""
    said = [asdict(one) for one in happenings if isinstance(one, Described)]
    return {name: one[name] for one in said for name in ("location", "region", "summary") if one[name] is not None}


async def _write(step: Step, row: Any, life: Life, texts: Mapping[str, str]) -> None:
    newest = (tickets.c.ticket_id == row.ticket_id) & (tickets.c.version == row.version)
    columns: dict[str, Any] = _columns(step, life) | {"changed_at": step.at, **texts}
    columns |= {"danger": True} if life.danger else {}
    if life.peer is not None and row.peer is None:
        columns["peer"] = life.peer
    done = await step.connection.execute(update(tickets).where(newest).values(columns))
    if done.rowcount != 1:
        raise WrittenMeanwhile(row.ticket_id)


async def _tell(step: Step, row: Any, said: tuple[str, Happening, Life], text: str) -> None:
    word, happening, life = said
    if isinstance(happening, Described):
        text = "\n".join(filter(None, (happening.location, happening.summary)))
    kept: dict[str, Any] = {"ticket_id": life.ticket_id, "version": life.version, "by": happening.by}
    kept |= {"state": life.state, "unit": life.unit, "level": life.level} | _said(happening)
    if word == "relevelled":
        kept |= {"category": life.category, "deadlines": [asdict(one) for one in life.deadlines]}
    step.entries.append(Entry(CallId(row.call_id or ""), life.incident_id, f"ticket.{word}", kept))
    by = step.site.signature(happening.by)
    line = {"ticket_id": life.ticket_id, "version": life.version, "at": happening.at, "by": by}
    line |= {"step": word, "state": life.state, "text": text}
    await step.connection.execute(insert(ticket_steps).values(line))
    body = _said_of(life, word, by, confidential.step_text(life, word, text))
    step.told.setdefault(life.incident_id, []).append(body)
    if life.peer is not None:
        await _tell_peer(step, life.incident_id, life.peer, body)


async def _tell_peer(step: Step, incident_id: IncidentId, peer: SiteId, body: TicketStep) -> None:
    if body.step not in SILENT:
        once = f"step:{body.ticket_id}:{body.version}:{body.step}"
        await outbox.put(step, outbox.Written(incident_id, peer, "step", body, once))


def _said(happening: Happening) -> dict[str, Any]:
    """What of the event is no free text: a channel, an answer, a name of a chase."""
    names = ("channel", "told_by", "satisfied", "key", "into", "binds", "owes", "peer")
    return {name: getattr(happening, name) for name in names if hasattr(happening, name)}


def _said_of(life: Life, word: str, by: str, text: str) -> TicketStep:
    return TicketStep(
        ticket_id=life.ticket_id,
        version=life.version,
        step=word,
        state=life.state,
        level=life.level,
        unit=life.unit,
        text=text[:NOTE_LIMIT],
        satisfied=life.satisfied if word == "called_back" else None,
        by=by,
    )


async def dispatch(step: Step, ticket_id: str, given: Given) -> outbox.Written:
    """The message that gives the matter to the other platform, with the caller as the trust table lets him cross."""
    row = await locked(step, ticket_id)
    life = life_in(step, row)
    body = Dispatch.model_validate(
        crossing.matter_body(step, row, given.peer)
        | {"danger": life.danger, "channel": row.channel, "level": life.level, "matter": life.matter}
        | {"category": life.category, "location": row.location, "summary": row.summary[:NOTE_LIMIT]}
        | {"reason": given.reason[:NOTE_LIMIT], "beside": life.unit != given.peer}
    )
    once = f"dispatch:{ticket_id}:{given.peer}:{life.version}"
    return outbox.Written(life.incident_id, given.peer, "dispatch", body, once)
