"""How every attempt of an incident went, on its ticket: ours with their cause, the peer's as he told them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from callflow.domain.names import Outcome

if TYPE_CHECKING:
    from callflow.adapters.sql.step import Detail, Step
    from callflow.domain.calls import Attempt, Call
    from callflow.domain.names import IncidentId
    from callflow.service.take_in import KeepPeerAttempt

ATTEMPTS_LIMIT: Final = 50
"""The newest of a ticket; a call that tries more often has them all in the audit."""


async def keep_ours(step: Step, call: Call, before: Call | None) -> None:
    """What this step of the call has decided about its attempts; nothing is written when it decided nothing."""
    old = {} if before is None else {attempt.attempt_id: attempt for attempt in before.attempts}
    told = [_told(step, now) for now in call.attempts if _is_news(old.get(now.attempt_id), now)]
    if told:
        await _keep(step, call.incident_id, told)


async def keep_peers(step: Step, record: KeepPeerAttempt) -> Detail:
    """The handler of the peer's word on an attempt of his, which was to reach us."""
    told = {
        "attempt_id": record.attempt_id,
        "by": record.peer,
        "target": step.site.platform.id,
        "outcome": record.outcome,
        "sip_code": 0,
        "cause": 0,
        "retried": False,
        "at": step.at,
    }
    await _keep(step, record.incident_id, [told])
    return {"attempt_id": record.attempt_id, "outcome": record.outcome, "peer": record.peer}


def _is_news(old: Attempt | None, now: Attempt) -> bool:
    return now.outcome is not None and (old is None or old.outcome is not now.outcome)


def _told(step: Step, attempt: Attempt) -> dict[str, Any]:
    joined = attempt.outcome is Outcome.JOINED
    return {
        "attempt_id": attempt.attempt_id,
        "by": step.site.platform.id,
        "target": attempt.target,
        "outcome": attempt.outcome,
        "sip_code": 0 if joined else attempt.sip_code,  # a retry leaves there why the first number was refused
        "cause": attempt.cause,
        "retried": attempt.retried,
        "at": step.at,
    }


async def _keep(step: Step, incident_id: IncidentId, told: list[dict[str, Any]]) -> None:
    row = await step.ticket_of(incident_id)
    if row is None:
        return
    kept = {one["attempt_id"]: one for one in json.loads(row.attempts)} | {one["attempt_id"]: one for one in told}
    text = json.dumps(list(kept.values())[-ATTEMPTS_LIMIT:], ensure_ascii=False)
    await step.change_ticket(incident_id, attempts=text)
