"""What those who watch the whole platform are told: every call, whoever has it, never with a whole number. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from callflow.domain.calls import Call
from callflow.domain.commands import QueueCallBack, Record
from callflow.domain.names import AgentId
from callflow.domain.screenpop import Body, DeskNews, call_body

WATCH: Final = AgentId("watch")
"""The stream of the supervisors' pages among those of the desks; no account has letters in its id. It is not kept:
its readers begin with a snapshot that has everything, and an event from before it could only be older."""


def watched(call: Call) -> Body:
    """The call as a supervisor's page shows it; the number masked, also when the supervisor himself has the call."""
    return call_body(call, WATCH)


def news(before: Call | None, after: Call, records: Sequence[Record]) -> Iterator[DeskNews]:
    """What one decision changes on the supervisors' pages. The call-back list is read anew, so it is only named."""
    if before is None or watched(before) != watched(after):
        yield DeskNews((WATCH,), "call", watched(after))
    if any(isinstance(record, QueueCallBack) for record in records):
        yield DeskNews((WATCH,), "callback", {"call_id": after.call_id})
