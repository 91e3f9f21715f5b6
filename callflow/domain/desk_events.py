"""What our agents do at their desks: the part of `events` that comes from people of this platform."""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.event import Event
from callflow.domain.names import AgentId, AttemptId, Consent, Disposition, Kind, TargetCode


@dataclass(frozen=True, slots=True)
class DeskEvent(Event):
    """What an agent of this platform did at the desk."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class HandoverRequested(DeskEvent):
    """The one key. `attempt_id` was chosen at the door so that a repeated request is the same request."""

    attempt_id: AttemptId
    target: TargetCode
    kind: Kind
    consent: Consent
    note: str
    private: bool = False
    """Our agent first talks with the target alone; the caller hears music meanwhile."""
    contact: int = 0
    """Which of the entry's duty phones; 0 is its own line."""


@dataclass(frozen=True, slots=True)
class JoinRequested(DeskEvent):
    """The private consult is over: the caller is put to our agent and the target."""


@dataclass(frozen=True, slots=True)
class CancelRequested(DeskEvent):
    """Stop the live attempt, before or after the target answered. `target` None = the newest."""

    target: TargetCode | None


@dataclass(frozen=True, slots=True)
class DropRequested(DeskEvent):
    """One named party leaves the talk; everybody else talks on."""

    target: TargetCode


@dataclass(frozen=True, slots=True)
class StayRequested(DeskEvent):
    """Our agent stays: the one-key transfer becomes a three-party call."""


@dataclass(frozen=True, slots=True)
class LeaveRequested(DeskEvent):
    """Our agent leaves; refused while the caller would be left with nobody."""


@dataclass(frozen=True, slots=True)
class OwnerDecided(DeskEvent):
    """An agent accepts or refuses the matter for his platform (requirement R-006)."""

    accept: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DangerRaised(DeskEvent):
    """Danger to life, limb or public safety: overrides everything (requirement R-008)."""


@dataclass(frozen=True, slots=True)
class NuisanceMarked(DeskEvent):
    """The agent marks the call as nuisance or threat (requirement R-015)."""


@dataclass(frozen=True, slots=True)
class Disposed(DeskEvent):
    """The agent says what became of the call; the last word counts (requirement R-092)."""

    disposition: Disposition


@dataclass(frozen=True, slots=True)
class LanguageSaid(DeskEvent):
    """The agent says which language the caller speaks (requirement R-086)."""

    language: str


@dataclass(frozen=True, slots=True)
class NoteWritten(DeskEvent):
    """The agent's note, whole (not a difference)."""

    text: str


@dataclass(frozen=True, slots=True)
class ConsentRecorded(DeskEvent):
    """Consent asked afterwards, for a handover begun by a phone key (requirement R-003)."""

    consent: Consent
    reason: str = ""
