"""Who is first in the queue: the rule that a site is given (`agi.routes`)."""

from __future__ import annotations

from dataclasses import dataclass

PEER_PRIORITY = 8
"""Who is handed over by a platform has told his story once already, and its agent waits with him (R-081)."""


@dataclass(frozen=True, slots=True)
class PlatformFirst:
    """Callers handed over by a platform go before the others."""

    peers: frozenset[str]

    async def priority(self, *, number: str, via: str) -> int:  # noqa: ARG002 - the job's shape
        """Return 0 (ordinary) to 10 (first)."""
        return PEER_PRIORITY if via in self.peers else 0
