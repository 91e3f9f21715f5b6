"""Who hears whom: the phase as it follows from the legs that are there."""

from __future__ import annotations

from callflow.domain.calls import Call
from callflow.domain.draft import Draft
from callflow.domain.names import Phase

LOOKED_AFTER = frozenset({Phase.QUEUED, Phase.RECALLING})
"""The caller has nobody yet, but the dialplan is ringing agents for him."""


def there(call: Call) -> Phase | None:
    """Who hears whom, from the legs alone; None when the caller has nobody and nobody is being rung."""
    joined = any(a.is_joined for a in call.attempts)
    ringing = any(a.is_ringing for a in call.attempts)
    if not call.agent_is_in:
        return Phase.HANDED_OVER if joined else Phase.WAITING if ringing else None
    if joined:
        return Phase.THREE_WAY
    if any(a.is_ringing and a.consulting_at is not None for a in call.attempts):
        return Phase.CONSULTING
    return Phase.INVITING if ringing else Phase.TALKING


def place(draft: Draft, at: float) -> bool:
    """Move the call to where its legs say it is. False when the caller has nobody.

    Among agents who talk on without him nothing moves: no leg brings him back.
    """
    if draft.call.phase is Phase.AGENTS_ONLY:
        return True
    phase = there(draft.call)
    if phase is None:
        return False
    if draft.call.alone_since is not None:
        draft.change(alone_since=None)
    if not (phase is Phase.WAITING and draft.call.phase in LOOKED_AFTER):
        draft.move(phase, at)
    return True
