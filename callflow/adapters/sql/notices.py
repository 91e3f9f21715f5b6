"""Notices of urgent matters, put into the outbox with the transaction that makes or changes the ticket (R-028)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from callflow.adapters.sql import lives, outbox
from callflow.adapters.sql.tables import outbox as messages
from callflow.domain.names import Presentation, SiteId, Verified
from callflow.domain.screenpop import masked
from callflow.service.messages import NOTE_LIMIT
from callflow.service.notices import KIND, Notice

if TYPE_CHECKING:
    from callflow.adapters.sql.step import Step
    from callflow.site_ticket_system import NoticeReceiver


async def put_notices(step: Step) -> None:
    """One message for each receiver who is to hear of a ticket of this transaction, if it says something new."""
    for incident_id in step.told if step.site.notices else ():
        row = await step.ticket_of(incident_id)
        for receiver in step.site.notices if row is not None else ():
            if receiver.hears_of(row.level, row.category, danger=row.danger):
                told = outbox.Written(incident_id, SiteId(receiver.id), KIND, _notice(step, row, receiver))
                if await _is_news(step, told):
                    await outbox.put(step, told)


async def _is_news(step: Step, told: outbox.Written) -> bool:
    """Whether it says something else than the last one to this receiver about this incident."""
    mine = (messages.c.peer == told.peer) & (messages.c.incident_id == told.incident_id)
    last = select(messages.c.payload).where(mine).order_by(messages.c.seq.desc()).limit(1)
    payload = await step.connection.scalar(last)
    return not payload or json.loads(payload)["body"] != told.body.model_dump(mode="json")


def _notice(step: Step, row: Any, receiver: NoticeReceiver) -> Notice:
    life = lives.life_in(step, row)
    shown = {"whole": row.caller_number, "masked": masked(row.caller_number), "none": ""}
    hides = row.presentation != Presentation.ALLOWED and not row.danger
    number = "" if hides or row.confidential or row.number_gone_at is not None else shown[receiver.numbers]
    text = "" if row.confidential else row.summary or row.note or row.peer_note
    return Notice(
        ticket_id=row.ticket_id,
        level=life.level.value,
        danger=row.danger,
        matter=life.matter,
        category=row.category,
        region=row.region,
        location=row.location,
        text=text[:NOTE_LIMIT],
        number=number,
        verified=Verified(row.verified) if number else Verified.NONE,
        confidential=row.confidential,
        is_over=life.is_over,
        opened_at=row.opened_at,
    )
