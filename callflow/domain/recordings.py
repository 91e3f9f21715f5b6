"""What was recorded of a call: the dialplan begins and ends the files, these rules keep them with the call."""

from __future__ import annotations

from dataclasses import replace

from callflow.domain.calls import Recording
from callflow.domain.commands import KeepRecording
from callflow.domain.draft import Draft
from callflow.domain.events import RecordingBegun, RecordingEnded
from callflow.domain.rules import SiteRules


def begun(draft: Draft, event: RecordingBegun, _rules: SiteRules) -> None:
    """A file is being written."""
    if any(one.recording_id == event.recording_id for one in draft.call.recordings):
        return
    fresh = Recording(event.recording_id, event.kind, event.at)
    draft.change(recordings=(*draft.call.recordings, fresh))
    _keep(draft, fresh)


def ended(draft: Draft, event: RecordingEnded, _rules: SiteRules) -> None:
    """The file is whole."""
    known = draft.call.recordings
    mine = next((one for one in known if one.recording_id == event.recording_id and one.ended_at is None), None)
    if mine is None:
        return
    whole = replace(mine, ended_at=event.at)
    draft.change(recordings=tuple(whole if one == mine else one for one in known))
    _keep(draft, whole)


def _keep(draft: Draft, one: Recording) -> None:
    call = draft.call
    kept = KeepRecording(call.call_id, call.incident_id, one.recording_id, one.kind, one.begun_at, one.ended_at)
    draft.add(kept)
