"""What a platform's own ticket system is told of every ticket, how both sides sign, and what its receipt is.

Signatures are those of Standard Webhooks (https://www.standardwebhooks.com), for which every language has a library:
HMAC-SHA-256 over "id.timestamp.body", in the header `webhook-signature` as "v1," and base64. Each direction has a
secret of its own, so that nothing we said can be said to us.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import sys
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from callflow.domain.limits import Matter as MatterKind
from callflow.domain.limits import Stage
from callflow.domain.names import Channel, Settled
from callflow.service.message_parts import Part, Site, TicketNumber, Ulid, Word
from callflow.service.messages import NOTE_LIMIT, Body, Matter, TicketStep
from callflow.service.templates import template_of

KIND: Final = "ticket_event"
CLOCK_LIMIT_S: Final = 300.0
ID, MOMENT, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

SystemNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._/-]{1,64}$")]


class Due(Part):
    """What is due and when, in epoch seconds."""

    stage: Stage
    due_at: float


class TicketObject(Matter):
    """A ticket as it stands after the step: what crosses to a peer, and where it is. Moments are epoch seconds.

    `number` is whole, masked or "" as the site file says; of a `confidential` ticket it is "", as is every text.
    `system_number` is the ticket system's own, once it said one.
    """

    call_id: Ulid | None
    channel: Channel
    level: Literal[1, 2, 3]
    matter: MatterKind
    category: Word
    department: Word
    location: Word
    summary: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)]
    state: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")]
    version: Annotated[int, Field(ge=0)]
    unit: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{0,32}$")]
    assisting: tuple[str, ...]
    owner: Site
    settled: Settled | None
    peer: Site | None
    peer_ticket_id: TicketNumber | None
    peer_state: str
    system_number: str
    opened_at: float
    changed_at: float
    deadlines: tuple[Due, ...]


class TicketEvent(Body):
    """One transaction on one ticket: the steps in it (none: only the object has changed), and the ticket after it."""

    steps: tuple[TicketStep, ...]
    ticket: TicketObject


class SystemReceipt(BaseModel):
    """Its answer: that it keeps this message, and under which number of its own it has the ticket."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    received: Ulid
    number: SystemNumber | None = None


def event_text() -> str:
    """The JSON Schema of what is sent, as its file in docs/ticket-system has it."""
    return json.dumps(template_of(KIND, TicketEvent), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def key_of(secret: str) -> bytes:
    """The octets of a secret as Standard Webhooks reads it. Raises ValueError."""
    if not secret:
        raise ValueError("it is not there")
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64 text: {error}") from error


def signature(key: bytes, message_id: str, moment: str, body: bytes) -> str:
    """The value of `webhook-signature`."""
    mac = hmac.digest(key, f"{message_id}.{moment}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac).decode()}"


def signed_headers(key: bytes, message_id: str, now: float, body: bytes) -> dict[str, str]:
    """What goes with one sending."""
    moment = str(int(now))
    return {ID: message_id, MOMENT: moment, SIGNATURE: signature(key, message_id, moment, body)}


def is_signed(key: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of its signatures (a secret may be on its way out) is right; of the clock see `is_of_now`."""
    said = headers.get(SIGNATURE, "").split(" ")
    right = signature(key, headers.get(ID, ""), headers.get(MOMENT, ""), body).encode()
    return bool(headers.get(ID)) and any(hmac.compare_digest(one.encode(), right) for one in said)


def is_of_now(headers: Mapping[str, str], now: float) -> bool:
    """Whether it was signed within the clock limit."""
    moment = headers.get(MOMENT, "")
    return moment.isascii() and moment.isdigit() and abs(now - int(moment[:12])) <= CLOCK_LIMIT_S


def read_receipt(text: str, message_id: str) -> SystemReceipt | None:
    """The receipt for this message, or None: a proxy's friendly page is none."""
    try:
        receipt = SystemReceipt.model_validate(json.loads(text))
    except ValueError:
        return None
    return receipt if receipt.received == message_id else None


if __name__ == "__main__":
    sys.stdout.write(event_text())
