"""Recordings in memory, with real files: what the web face reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from callflow.adapters.recordings import RecordingFiles
from callflow.service.recordings import KeptRecording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from callflow.domain.names import AgentId, CallId, RecordingId


@dataclass
class MemoryRecordings:
    """The books, and what the audit would hold."""

    kept: dict[RecordingId, KeptRecording] = field(default_factory=dict)
    audited: list[tuple[RecordingId, AgentId, str, str]] = field(default_factory=list)

    async def of_call(self, call_id: CallId) -> Sequence[KeptRecording]:
        return [one for one in self.kept.values() if one.call_id == call_id]

    async def recording(self, recording_id: RecordingId) -> KeptRecording | None:
        return self.kept.get(recording_id)

    async def heard(self, recording: KeptRecording, *, by: AgentId, role: str, reason: str, at: float) -> None:  # noqa: ARG002 - the port's shape
        self.audited.append((recording.recording_id, by, role, reason))

    async def expired(self, before: float) -> Sequence[RecordingId]:
        return [i for i, one in self.kept.items() if one.begun_at < before and one.deleted_at is None]

    async def deleted(self, gone: Sequence[RecordingId], at: float) -> None:
        self.kept |= {one: replace(self.kept[one], deleted_at=at) for one in gone}


def files_in(folder: Path) -> RecordingFiles:
    """The real files' adapter; its disk is never too full."""
    return RecordingFiles(folder, min_free_mb=0)
