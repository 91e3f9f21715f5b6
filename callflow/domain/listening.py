"""Who listens to a call: a supervisor, by a leg that is none of the call's. Nothing of the call depends on it."""

from __future__ import annotations

from callflow.domain.calls import Listener
from callflow.domain.commands import KeepListening
from callflow.domain.draft import Draft
from callflow.domain.events import ListenerCame, ListenerLeft
from callflow.domain.rules import SiteRules


def came(draft: Draft, event: ListenerCame, _rules: SiteRules) -> None:
    """He hears it; once for each leg."""
    call = draft.call
    if any(one.leg == event.leg for one in call.listeners):
        return
    draft.change(listeners=(*call.listeners, Listener(event.agent_id, event.leg, event.at, event.shown)))
    draft.add(KeepListening(call.call_id, call.incident_id, event.agent_id, begins=True))


def left(draft: Draft, event: ListenerLeft, _rules: SiteRules) -> None:
    """He hears it no more."""
    call = draft.call
    gone = next((one for one in call.listeners if one.leg == event.leg), None)
    if gone is not None:
        draft.change(listeners=tuple(one for one in call.listeners if one != gone))
        draft.add(KeepListening(call.call_id, call.incident_id, gone.agent_id, begins=False))
