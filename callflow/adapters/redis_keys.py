"""Every key that this program has in Redis, and how long each lives. All of it can be lost without losing a fact.

Each site has a Redis of its own, so no key names the site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from callflow.domain.names import AgentId

EVENTS_KEPT: Final = 200
"""Events of one desk, in Redis and in memory: several minutes of the busiest agent's work."""

EVENTS_LIFE_S: Final = 12 * 3600
"""A shift: whoever comes back later begins with a snapshot alone."""

PRESENT: Final = "desks:present"
"""Sorted set: agent -> when his desk's stream was last seen open, epoch seconds."""

PRESENT_LIFE_S: Final = 15
"""So long after its stream closed a desk still counts as there: a page that reloads does not flicker."""


def events(agent_id: AgentId) -> str:
    """Stream: one desk's events, trimmed to about `EVENTS_KEPT`, gone `EVENTS_LIFE_S` after the last one."""
    return f"desk:{agent_id}:events"
