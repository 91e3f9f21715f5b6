"""Where agents did something else than was suggested: candidates for training, to be read by a person first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.tables import calls, tickets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.domain.calls import Call

PLATFORMS = ("12345", "110")
AT_MOST = 5_000


async def candidates(database: Database, site_id: str) -> list[dict[str, Any]]:
    """Tickets whose suggestion and outcome differ, newest first: text, what was suggested, chosen, and came of it.

    Nothing here trains by itself: `reviewed` is false until a person has read the text, taken out what tells who the
    caller was, and set the labels. No number and no id of a caller is in it. Raises FactsAway.
    """
    wanted = (
        select(tickets, calls.c.whole)
        .join(calls, calls.c.call_id == tickets.c.call_id)
        .where(tickets.c.suggestion.is_not(None), tickets.c.note != "", ~tickets.c.confidential)
        .order_by(tickets.c.opened_at.desc())
        .limit(AT_MOST)
    )

    async def work(connection: AsyncConnection) -> Sequence[Any]:
        return (await connection.execute(wanted)).all()

    found = []
    for row in await database.read(work):
        suggested, call = json.loads(row.suggestion), call_of(row.whole)
        chosen = {"danger": bool(row.danger), "targets": _targets(call), "consent": row.consent}
        if why := _overridden(suggested, chosen, site_id):
            found.append(
                {
                    "text": row.note,
                    "overridden": why,
                    "suggested": suggested,
                    "chosen": chosen,
                    "outcome": {"owner": row.owner, "settled": row.settled, "first_receiver": row.first_receiver},
                    "reviewed": False,
                }
            )
    return found


def _targets(call: Call) -> list[dict[str, str | None]]:
    return [{"target": attempt.target, "kind": attempt.kind, "outcome": attempt.outcome} for attempt in call.attempts]


def _overridden(suggested: dict[str, Any], chosen: dict[str, Any], site_id: str) -> list[str]:
    """In which respects the agent did not follow; empty when he did."""
    why = []
    if chosen["danger"] != suggested.get("danger"):
        why.append("danger")
    rung = {attempt["target"] for attempt in chosen["targets"]}
    other = next(platform for platform in PLATFORMS if platform != site_id)
    advised = suggested.get("action") in {f"one_key_{other}", "three_party"}
    if advised != (other in rung):
        why.append("platform")
    return why
