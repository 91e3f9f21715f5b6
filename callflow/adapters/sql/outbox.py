"""Our messages until their receipt is in, and the peers' messages as taken. Both sides of `service.exchange`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select, update
from ulid import ULID

from callflow.adapters.sql.tables import inbox, nonces, outbox
from callflow.domain.names import IncidentId, SiteId
from callflow.service.exchange import ChainEnd, Link, Unsent
from callflow.service.messages import FIRST_LINK, MINOR, Body, ExchangeMessage, digest, octets
from callflow.service.signatures import CLOCK_LIMIT_S, Opened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.adapters.sql.step import Detail, Step

NONCE_LIFE_S: Final = 2 * CLOCK_LIMIT_S
"""A sending may be that much older than the oldest one that is still taken: ahead by the limit, then behind by it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message to be; its place in the chain is found when it is put down. The same `once` is put down once."""

    incident_id: IncidentId
    peer: SiteId
    kind: str
    body: Body
    once: str | None = None


async def put(step: Step, written: Written) -> Detail:
    """Add a message to the end of its chain, within the open transaction; what the audit keeps of it."""
    kept: dict[str, Any] = {"peer": written.peer, "kind": written.kind}
    peer = step.site.peer_of(written.peer)
    if peer is None and not step.site.hears(written.peer):
        return kept | {"sent": False, "why": "not in the trust table"}
    if written.once is not None:
        there = await step.connection.scalar(select(outbox.c.entry).where(outbox.c.once == written.once))
        if there is not None:
            return kept | {"sent": False, "why": "sent before"}
    chain = (outbox.c.peer == written.peer) & (outbox.c.incident_id == written.incident_id)
    last = select(outbox.c.seq, outbox.c.digest).where(chain).order_by(outbox.c.seq.desc()).limit(1)
    end = (await step.connection.execute(last)).one_or_none()
    seq, link = (0, FIRST_LINK) if end is None else (end.seq, end.digest)
    message = ExchangeMessage(
        minor=MINOR,
        id=str(ULID()),
        kind=written.kind,
        issuer=step.site.platform.id,
        audience=written.peer,
        incident_id=written.incident_id,
        seq=seq + 1,
        prev_hash=link,
        occurred_at=step.at,
        body=written.body,
    )
    payload = message.payload(None if peer is None else peer.profile)
    row = {
        "message_id": message.id,
        "once": written.once,
        "peer": written.peer,
        "incident_id": written.incident_id,
        "seq": message.seq,
        "kind": written.kind,
        "payload": payload.decode(),
        "digest": digest(payload),
        "stored_at": step.at,
    }
    await step.connection.execute(insert(outbox).values(row))
    step.written_to.add(written.peer)
    return kept | {"sent": True, "message_id": message.id, "seq": message.seq}


_UNSENT: Final = (outbox.c.message_id, outbox.c.incident_id, outbox.c.seq, outbox.c.payload, outbox.c.digest)


def _unsent(row: Any) -> Unsent:
    return Unsent(row.message_id, IncidentId(row.incident_id), row.seq, row.payload.encode(), row.digest)


class SqlOutgoing:
    """`exchange.Outgoing` on the outbox table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def when_stored(self, wake: Callable[[SiteId], None]) -> None:
        """See the port."""
        self._database.outgoing_stored = wake

    async def unsent(self, peer: SiteId, limit: int, leave_out: Collection[IncidentId] = ()) -> list[Unsent]:
        """See the port."""
        waiting = (
            select(*_UNSENT)
            .where(outbox.c.peer == peer, outbox.c.receipted_at.is_(None))
            .where(outbox.c.incident_id.not_in(leave_out))
            .order_by(outbox.c.entry)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: _all(connection, waiting))
        return [_unsent(row) for row in rows]

    async def count_unsent(self, peer: SiteId) -> int:
        """See the port."""
        waiting = select(func.count()).where(outbox.c.peer == peer, outbox.c.receipted_at.is_(None))
        return await self._database.read(lambda connection: connection.scalar(waiting)) or 0

    async def message(self, peer: SiteId, message_id: str) -> Unsent | None:
        """See the port."""
        mine = select(*_UNSENT).where(outbox.c.peer == peer, outbox.c.message_id == message_id)
        rows = await self._database.read(lambda connection: _all(connection, mine))
        return _unsent(rows[0]) if rows else None

    async def chains(self, peer: SiteId, after: str, until: str | None) -> Sequence[Link]:
        """See the port."""
        wanted = (outbox.c.peer == peer) & (outbox.c.incident_id > after)
        if until is not None:
            wanted &= outbox.c.incident_id <= until
        links = select(outbox.c.incident_id, outbox.c.seq, outbox.c.digest, outbox.c.receipted_at).where(wanted)
        rows = await self._database.read(lambda connection: _all(connection, links))
        return [Link(IncidentId(r.incident_id), r.seq, r.digest, r.receipted_at is not None) for r in rows]

    async def receipted(self, message_id: str, now: float) -> None:
        """See the port."""
        done = update(outbox).where(outbox.c.message_id == message_id).values(receipted_at=now)
        await self._database.write(lambda connection: connection.execute(done))

    async def send_again(self, peer: SiteId, incident_id: IncidentId, from_seq: int) -> int:
        """See the port."""
        lost = (
            update(outbox)
            .where(outbox.c.peer == peer, outbox.c.incident_id == incident_id, outbox.c.seq >= from_seq)
            .where(outbox.c.payload != "")  # what had its time is not there any more (retention)
            .values(receipted_at=None)
        )
        return (await self._database.write(lambda connection: connection.execute(lost))).rowcount

    async def join_chain(self, peer: SiteId, incident_id: IncidentId, seq: int, link: str) -> int:
        """See the port. Their places are new, what they say is not."""
        chain = (outbox.c.peer == peer) & (outbox.c.incident_id == incident_id)
        waiting = select(outbox).where(chain, outbox.c.receipted_at.is_(None)).order_by(outbox.c.seq)

        async def work(connection: AsyncConnection) -> int:
            rows = (await connection.execute(waiting.with_for_update())).all()
            end, moved = link, []
            for place, row in enumerate(rows, seq):
                payload = octets(json.loads(row.payload) | {"seq": place, "prev_hash": end})
                end = digest(payload)
                moved.append({"seq": place, "payload": payload.decode(), "digest": end})
            for row, changes in reversed(list(zip(rows, moved, strict=True))):  # from behind: no place is taken twice
                await connection.execute(update(outbox).where(outbox.c.entry == row.entry).values(changes))
            return len(rows)

        return await self._database.write(work)


class SqlInbox:
    """`exchange.Inbox` on the inbox and nonces tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim_nonce(self, issuer: SiteId, nonce: str, now: float) -> bool:
        """See the port."""

        async def claim(connection: AsyncConnection) -> bool:
            await connection.execute(delete(nonces).where(nonces.c.seen_at < now - NONCE_LIFE_S))
            seen = select(nonces.c.seen_at).where(nonces.c.issuer == issuer, nonces.c.nonce == nonce)
            if await connection.scalar(seen) is not None:
                return False
            await connection.execute(insert(nonces).values(issuer=issuer, nonce=nonce, seen_at=now))
            return True

        return await self._database.write(claim)

    async def chain_end(self, issuer: SiteId, incident_id: IncidentId) -> ChainEnd:
        """See the port."""
        last = (
            select(inbox.c.seq, inbox.c.digest)
            .where(inbox.c.issuer == issuer, inbox.c.incident_id == incident_id)
            .order_by(inbox.c.seq.desc())
            .limit(1)
        )
        rows = await self._database.read(lambda connection: _all(connection, last))
        return ChainEnd(rows[0].seq, rows[0].digest) if rows else ChainEnd()

    async def chain_ends(self, issuer: SiteId, after: str, limit: int) -> Sequence[tuple[IncidentId, ChainEnd]]:
        """See the port."""
        mine = (inbox.c.issuer == issuer) & (inbox.c.incident_id > after)
        last = select(inbox.c.incident_id, func.max(inbox.c.seq).label("seq")).where(mine)
        last_of = last.group_by(inbox.c.incident_id).order_by(inbox.c.incident_id).limit(limit).subquery()
        there = (inbox.c.incident_id == last_of.c.incident_id) & (inbox.c.seq == last_of.c.seq)
        ends = (
            select(inbox.c.incident_id, inbox.c.seq, inbox.c.digest)
            .join(last_of, there & (inbox.c.issuer == issuer))
            .order_by(inbox.c.incident_id)
        )
        rows = await self._database.read(lambda connection: _all(connection, ends))
        return [(IncidentId(row.incident_id), ChainEnd(row.seq, row.digest)) for row in rows]

    async def kept_digest(self, issuer: SiteId, incident_id: IncidentId, seq: int) -> str | None:
        """See the port."""
        place = (inbox.c.issuer == issuer) & (inbox.c.incident_id == incident_id) & (inbox.c.seq == seq)
        rows = await self._database.read(lambda connection: _all(connection, select(inbox.c.digest).where(place)))
        return rows[0].digest if rows else None

    async def keep(self, opened: Opened, now: float) -> None:
        """See the port."""
        message = opened.message
        key = {"issuer": message.issuer, "incident_id": message.incident_id, "seq": message.seq}
        row = {
            "message_id": message.id,
            "kind": message.kind,
            "digest": opened.digest,
            "token": opened.token,
            "received_at": now,
        }

        async def store(connection: AsyncConnection) -> None:
            if await connection.scalar(select(inbox.c.digest).filter_by(**key)) is None:
                await connection.execute(insert(inbox).values(**key, **row))

        await self._database.write(store)


async def _all(connection: AsyncConnection, statement: Any) -> list[Any]:
    return list((await connection.execute(statement)).all())
