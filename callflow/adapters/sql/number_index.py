"""How a caller's number is found in the books: by a keyed digest, so that an index tells nobody a number (R-044)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from callflow.adapters.sql.tables import tickets

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

BATCH: Final = 1000
PURPOSE: Final = b"callflow ticket number index"


@dataclass(frozen=True, slots=True)
class NumberIndex:
    """The digests of one platform. Its key must stay the same as long as the books do."""

    key: bytes = field(repr=False)

    @classmethod
    def of_secret(cls, secret: str) -> NumberIndex:
        """An index key of its own from a secret of the site."""
        return cls(hmac.digest(secret.encode(), PURPOSE, hashlib.sha256))

    def of(self, number: str) -> str:
        """The digest of a number; "" for none."""
        return hmac.digest(self.key, number.encode(), hashlib.sha256).hex() if number else ""

    def fill(self, connection: Connection) -> None:
        """Give a digest to every ticket that was written before there was one. Repeatable."""
        without = (tickets.c.number_hash == "") & (tickets.c.caller_number != "") & tickets.c.number_gone_at.is_(None)
        some = select(tickets.c.ticket_id, tickets.c.caller_number).where(without).limit(BATCH)
        while rows := connection.execute(some).all():
            for row in rows:
                this = tickets.c.ticket_id == row.ticket_id
                connection.execute(update(tickets).where(this).values(number_hash=self.of(row.caller_number)))
