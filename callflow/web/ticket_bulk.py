"""Tickets in bulk (R-044): out as lines, masked like every answer and written into the audit; in once for each ref.

An export streams page by page. Its last line says how many rows it had and the SHA-256 of all lines before; who lacks
it goes on after the `cursor` of the last line that arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from callflow.service.ticket_search import Checksum, Cursor, csv_line, ndjson_line
from callflow.web.deps import Asker
from callflow.web.errors import Problem
from callflow.web.routes import Role, Route, Visit, answer
from callflow.web.ticket_intake import take_matter
from callflow.web.ticket_schemas import ExportAsk, ImportAsk, ImportedView, ImportView
from callflow.web.tickets import place
from callflow.web.views import ticket_in_a_list

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BULK_READERS = frozenset({Role.SUPERVISOR, Role.AUDITOR})
BULK_WRITERS = frozenset({Role.SUPERVISOR})
COLUMNS = (
    *("ticket_id", "incident_id", "state", "level", "matter", "category", "category_version", "department", "region"),
    *("owner", "unit", "first_receiver", "peer", "peer_ticket_id", "peer_state", "channel", "number", "danger"),
    *("consent", "opened_at", "changed_at", "version", "confidential", "location", "summary", "note"),
    *("language", "cursor"),
)
"""Of a line of CSV, in order. A line of NDJSON has the same names."""

MEDIA = {"ndjson": "application/x-ndjson", "csv": "text/csv"}


async def export(visit: Visit, ask: ExportAsk) -> web.StreamResponse:
    """Every ticket that is wanted, line by line."""
    wanted, after, checksum = ask.wanted(visit.viewer), place(ask.after), Checksum()
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{MEDIA[ask.format]}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="tickets.{ask.format}"',
        }
    )
    line = LINES[ask.format]
    rows = aiter(visit.deps.search.every(wanted, after))
    first = await anext(rows, None)  # a database that is away is said before the answer has begun
    await response.prepare(visit.request)
    if ask.format == "csv":
        await response.write(checksum.add(csv_line(COLUMNS), rows=0))
    ticket = first
    while ticket is not None:
        await response.write(checksum.add(line(_row(ticket))))
        ticket = await anext(rows, None)
    await visit.deps.search.exported(visit.who.agent_id, wanted, checksum.rows, checksum.text(), visit.now)
    await response.write(_last(ask.format, checksum))
    await response.write_eof()
    return response


async def take_in(visit: Visit, ask: ImportAsk) -> web.Response:
    """Matters of another system; each stands for itself, so that one that is wrong does not hold up the others."""
    done: list[ImportedView] = []
    asker = Asker(visit.deps, visit.who.agent_id, visit.now, visit.request_key)
    for matter in ask.matters:
        try:
            lived = await take_matter(asker, matter, key=f"import:{ask.source}:{matter.ref}")
            done.append(ImportedView(ref=matter.ref, ticket_id=lived.life.ticket_id, refused=None))
        except Problem as problem:
            done.append(ImportedView(ref=matter.ref, ticket_id=None, refused=problem.code))
    return answer(ImportView(matters=done))


def _row(ticket: Any) -> dict[str, Any]:
    shown = ticket_in_a_list(ticket).model_dump(mode="json")
    shown["cursor"] = Cursor(ticket.opened_at, ticket.ticket_id).text()
    return {name: shown[name] for name in COLUMNS}


def _csv(row: dict[str, Any]) -> bytes:
    return csv_line([row[name] for name in COLUMNS])


def _last(sort: str, checksum: Checksum) -> bytes:
    if sort == "csv":
        return csv_line(["#end", checksum.rows, checksum.text()])
    return ndjson_line({"end": True, "rows": checksum.rows, "sha256": checksum.text()})


LINES: dict[str, Callable[[dict[str, Any]], bytes]] = {"ndjson": ndjson_line, "csv": _csv}

ROUTES: Sequence[Route] = (
    Route(
        "POST",
        "/api/v1/tickets/export",
        export,
        "All tickets that are wanted as NDJSON or CSV: streamed, masked, resumable, with a checksum.",
        roles=BULK_READERS,
        asks=ExportAsk,
        answers={200: ", ".join(MEDIA.values())},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        "/api/v1/tickets/import",
        take_in,
        "Matters of another system, each once for its ref.",
        roles=BULK_WRITERS,
        asks=ImportAsk,
        answers={200: ImportView},
        refuses=("facts-away",),
    ),
)
