"""What tickets are searched by, how a search goes on, and how tickets leave in bulk (R-044). Plain data and lines."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from callflow.domain.confidence import Viewer


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is given must be so. Moments are epoch seconds; `opened_to` is the first moment that is too late."""

    number: str | None = None
    ticket_id: str | None = None
    incident_id: str | None = None
    opened_from: float | None = None
    opened_to: float | None = None
    region: str | None = None
    category: str | None = None
    level: int | None = None
    state: str | None = None
    owner: str | None = None
    unit: str | None = None
    channel: str | None = None
    viewer: Viewer | None = None
    """For whom; None finds what is confidential for nobody (`domain.confidence`)."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of a row in the order of a search."""

    opened_at: float
    ticket_id: str

    def text(self) -> str:
        """As it is handed out; it names no person."""
        return base64.urlsafe_b64encode(json.dumps([self.opened_at, self.ticket_id]).encode()).decode().rstrip("=")

    @classmethod
    def of_text(cls, text: str) -> Cursor:
        """Raises ValueError for what was never handed out."""
        try:
            opened_at, ticket_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(float(opened_at), str(ticket_id))
        except (ValueError, TypeError) as error:
            raise ValueError("not a cursor") from error


@dataclass(frozen=True, slots=True)
class Page:
    """One page, newest first. `after`: where the next one begins; None when there is none."""

    tickets: Sequence[Any]
    after: Cursor | None


class Search(Protocol):
    """The tickets of one platform, to be found. May raise ports.FactsAway."""

    async def page(self, wanted: Wanted, limit: int, after: Cursor | None = None) -> Page:
        """At most `limit` tickets after this place."""

    async def queue(self, wanted: Wanted, limit: int, now: float) -> Sequence[Any]:
        """What waits to be begun, in the order in which it is taken (`domain.queue`)."""

    def every(self, wanted: Wanted, after: Cursor | None = None) -> AsyncIterator[Any]:
        """All of them, one after the other, with a page of them in memory."""


class BulkSearch(Search, Protocol):
    """Also in bulk, which is audited."""

    async def exported(self, by: str, wanted: Wanted, rows: int, checksum: str, at: float) -> None:
        """Write down who took how many tickets along, found by what (never by which number)."""


# ---- bulk

STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs what begins so (CSV injection, CWE-1236)."""


def ndjson_line(row: Mapping[str, Any]) -> bytes:
    """One ticket, one line."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def csv_line(cells: Sequence[Any]) -> bytes:
    """One line of RFC 4180 that no spreadsheet takes for a formula: such a text gets an apostrophe before it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return out.getvalue().encode()


def _harmless(cell: Any) -> Any:
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(STARTS_A_FORMULA) else cell


class Checksum:
    """SHA-256 over the lines as sent, so that who has them all can tell."""

    def __init__(self) -> None:
        self._digest, self.rows = hashlib.sha256(), 0

    def add(self, line: bytes, rows: int = 1) -> bytes:
        """The same line."""
        self._digest.update(line)
        self.rows += rows
        return line

    def text(self) -> str:
        """64 hexadecimal digits."""
        return self._digest.hexdigest()
