"""The append-only audit: each entry holds the digest of the one before, so a changed or missing row shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from callflow.adapters.sql.tables import audit
from callflow.service.messages import FIRST_LINK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.domain.names import CallId, IncidentId

PAGE: Final = 1000
"""How many entries are checked at a time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to a call or an incident. `detail` never holds a number or a text of the caller's."""

    call_id: CallId
    incident_id: IncidentId
    what: str
    detail: Mapping[str, Any]


async def append(
    connection: AsyncConnection,
    entries: Sequence[Entry],
    event_key: str | None,
    at: float,
    homes: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Add entries in order, within the caller's transaction. `homes`: agents of another platform, and which (R-019)."""
    last = await connection.scalar(select(audit.c.hash).order_by(audit.c.entry.desc()).limit(1))
    link, rows = last or FIRST_LINK, []
    for entry in entries:
        row: dict[str, Any] = {
            "at": at,
            "event_key": event_key,
            "call_id": entry.call_id,
            "incident_id": entry.incident_id,
            "what": entry.what,
            "detail": json.dumps(_at_home(entry.detail, homes), ensure_ascii=False, sort_keys=True),
            "prev_hash": link,
        }
        link = _hash(row)
        rows.append(row | {"hash": link})
    if rows:
        await connection.execute(insert(audit), rows)


def _at_home(detail: Mapping[str, Any], homes: Mapping[str, str]) -> Mapping[str, Any]:
    who = detail.get("by") or detail.get("agent_id")
    home = homes.get(who) if isinstance(who, str) else None
    return detail if home is None else {**detail, "organisation": home}


async def first_break(connection: AsyncConnection) -> int | None:
    """The number of the first entry that was changed, or before which one is missing; None when all is whole."""
    link, number = FIRST_LINK, 0
    while True:
        page = select(audit).where(audit.c.entry > number).order_by(audit.c.entry).limit(PAGE)
        rows = (await connection.execute(page)).mappings().all()
        for found in rows:
            row = dict(found)
            number, kept = int(row.pop("entry")), row.pop("hash")
            if row["prev_hash"] != link or _hash(row) != kept:
                return number
            link = kept
        if len(rows) < PAGE:
            return None


def _hash(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
