"""Messages made by hand, put on the line by hand."""

import json
import os
import ssl
from typing import Any

from aiohttp import ClientSession, TCPConnector
from sqlalchemy import func, select
from structlog.testing import capture_logs
from ulid import ULID

from callflow.adapters.exchange_http import client_tls
from callflow.adapters.sql.tables import inbox, tickets
from callflow.domain.names import SiteId
from callflow.lab.keys import SiteKeys
from callflow.service.messages import FIRST_LINK, ExchangeMessage, OwnerDecision, digest
from callflow.service.signatures import (
    Signer,
)

NOW = 1_795_312_800.0
GOV, POLICE, STRANGER = SiteId("12345"), SiteId("110"), SiteId("028")
NET = os.environ.get("CALLFLOW_TEST_NET", "127.0.106")
DOOR = f"https://{NET}.12:8443/exchange/v1/messages"
Platform = Any
Answer = tuple[int, dict[str, Any] | str]


def a_message(**changes: Any) -> ExchangeMessage:
    fields: dict[str, Any] = {
        "id": str(ULID()),
        "kind": "owner_decision",
        "issuer": GOV,
        "audience": POLICE,
        "incident_id": str(ULID()),
        "seq": 1,
        "prev_hash": FIRST_LINK,
        "occurred_at": NOW,
        "body": OwnerDecision(accept=True),
    }
    return ExchangeMessage(**fields | changes)


def next_after(message: ExchangeMessage, **changes: Any) -> ExchangeMessage:
    follow = {"incident_id": message.incident_id, "seq": message.seq + 1, "prev_hash": digest(message.payload())}
    return a_message(**follow | changes)


def sending(signer: Signer, message: ExchangeMessage, *, at: float = NOW, to: SiteId = POLICE) -> str:
    return signer.envelope(signer.message(message.payload()), to, at)


def tls_of(keys: SiteKeys) -> ssl.SSLContext:
    return client_tls(keys.ca_certificate, keys.tls_certificate, keys.tls_key)


async def post(token: str, tls: ssl.SSLContext) -> Answer:
    async with ClientSession(connector=TCPConnector(ssl=tls)) as session, session.post(DOOR, data=token) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if answer.status != 200 else text


async def refused(token: str, platform: Platform, tls: ssl.SSLContext | None = None) -> str:
    """Post it and return the code of the refusal, after looking that the log has it and the books have nothing."""
    with capture_logs() as logs:
        status, problem = await post(token, tls or platform.gov_tls)
    assert isinstance(problem, dict), "it was taken"
    assert status == problem["status"]
    assert [entry["code"] for entry in logs if entry["event"] == "exchange message refused"] == [problem["code"]]
    assert await kept(platform) == platform.kept_before
    return str(problem["code"])


async def kept(platform: Platform) -> tuple[int, int]:
    async def count(connection: Any) -> tuple[int, int]:
        return (
            await connection.scalar(select(func.count()).select_from(inbox)),
            await connection.scalar(select(func.count()).select_from(tickets)),
        )

    result: tuple[int, int] = await platform.database.read(count)
    return result
