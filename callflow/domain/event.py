"""What every event has: its call and its moment."""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.names import CallId


@dataclass(frozen=True, slots=True)
class Event:
    """A fact about one call at one moment (`at`: epoch seconds)."""

    call_id: CallId
    at: float
