"""What can happen to a call: facts, in the past tense. The only input of `handover.decide`.

Where they come from: the dialplan's journal (every step of a live call), AMI (ringing only), the desk, the
peer's signed messages, the clock. An event names its call; it never says what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.desk_events import (
    CancelRequested,
    ConsentRecorded,
    DangerRaised,
    DeskEvent,
    Disposed,
    DropRequested,
    HandoverRequested,
    JoinRequested,
    LanguageSaid,
    LeaveRequested,
    NoteWritten,
    NuisanceMarked,
    OwnerDecided,
    StayRequested,
)
from callflow.domain.event import Event
from callflow.domain.names import (
    AgentId,
    AttemptId,
    ChannelName,
    IncidentId,
    Kind,
    Outcome,
    Presentation,
    Recorded,
    RecordingId,
    Role,
    SiteId,
    TargetCode,
    Verified,
    Way,
)
from callflow.domain.peer_events import (
    PeerDanger,
    PeerEvent,
    PeerNoteWritten,
    PeerOwnerDecided,
    PeerOwnerSettled,
    PeerTicketOpened,
)

__all__ = [
    "AgentAnswered",
    "AgentOffered",
    "AttemptFailed",
    "CallerArrived",
    "CallerEnded",
    "CallerRecalled",
    "CallerWaiting",
    "CancelRequested",
    "ConsentRecorded",
    "ConsultStarted",
    "DangerRaised",
    "DeadlinePassed",
    "DeskEvent",
    "Disposed",
    "DropRequested",
    "Event",
    "HandoverRequested",
    "JoinRequested",
    "KeyPressed",
    "LanguageSaid",
    "LeaveRequested",
    "LegLeft",
    "ListenerCame",
    "ListenerLeft",
    "NoteWritten",
    "NuisanceMarked",
    "NumberRefused",
    "OwnerDecided",
    "PeerDanger",
    "PeerEvent",
    "PeerNoteWritten",
    "PeerOwnerDecided",
    "PeerOwnerSettled",
    "PeerTicketOpened",
    "RecordingBegun",
    "RecordingEnded",
    "StayRequested",
    "TargetInvited",
    "TargetJoined",
    "TargetRinging",
]

# ---- from the dialplan's journal: the caller and our agent


@dataclass(frozen=True, slots=True)
class CallerArrived(Event):
    """A caller's leg entered this PBX, from a carrier or from the other platform's trunk.

    `number` is "" when the network gave none. `from_site` is set when a peer handed him over; `signed` says that
    the peer's signed incident id was present and right (architecture §6, Signalling).
    """

    incident_id: IncidentId
    caller_channel: ChannelName
    dialled: str
    number: str
    presentation: Presentation
    verified: Verified
    from_site: SiteId | None
    signed: bool
    hop: int
    said: bool = False
    """Not signed, but named by the peer over the authenticated trunk: nobody over there could sign (Call-Info)."""
    first_receiver: SiteId | None = None
    """Set by the controller when this platform already knows the incident; None = who brings him first now."""
    handed_by: str = ""
    """Set by the controller when the peer's word on the handover came before the caller."""
    language: str = ""
    """What the site file says of the line he came by."""


@dataclass(frozen=True, slots=True)
class AgentOffered(Event):
    """An agent's phone is about to ring for this caller."""

    agent_id: AgentId
    agent_channel: ChannelName


@dataclass(frozen=True, slots=True)
class AgentAnswered(Event):
    """An agent answered and now talks with the caller."""

    agent_id: AgentId
    agent_channel: ChannelName


@dataclass(frozen=True, slots=True)
class CallerWaiting(Event):
    """The caller came out of a bridge while an attempt was still ringing: he hears music."""


@dataclass(frozen=True, slots=True)
class CallerRecalled(Event):
    """The caller had nobody; an agent, then the head of the queue, is being rung for him."""


@dataclass(frozen=True, slots=True)
class CallerReturned(Event):
    """A platform handed back a caller whom we still had: our agent is in his live bridge, its new leg is released.

    `hop`: how often the incident has been handed on, this time included.
    """

    from_site: SiteId
    hop: int


@dataclass(frozen=True, slots=True)
class LegLeft(Event):
    """An agent's or a target's leg ended. `cause` is its Q.850 hang-up cause."""

    role: Role
    channel: ChannelName
    cause: int
    attempt_id: AttemptId | None = None
    by_himself: bool = True
    """This leg hung up; else it was ended from our side."""


@dataclass(frozen=True, slots=True)
class CallerEnded(Event):
    """The caller's leg ended.

    `by_fault`: it was cut, not hung up (a cause of the network or of a dead phone, or found gone).
    """

    cause: int
    by_fault: bool


# ---- from the dialplan's journal and AMI: attempts


@dataclass(frozen=True, slots=True)
class KeyPressed(Event):
    """Our agent pressed an in-call key or the phone's transfer key; the dialplan has already begun to act on it.

    `verb`: "one_key", "three_party", "cancel", "danger".
    """

    verb: str
    way: Way
    target: TargetCode | None


@dataclass(frozen=True, slots=True)
class TargetInvited(Event):
    """The INVITE to the target is on its way. Also the first that is heard of an attempt begun by a phone key."""

    attempt_id: AttemptId
    target: TargetCode
    kind: Kind
    way: Way
    channel: ChannelName
    danger: bool
    private: bool = False


@dataclass(frozen=True, slots=True)
class TargetRinging(Event):
    """The target's phone rings (180)."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class NumberRefused(Event):
    """The target's network refused the presented number; the dialplan retries once with the platform's own."""

    attempt_id: AttemptId
    sip_code: int


@dataclass(frozen=True, slots=True)
class ConsultStarted(Event):
    """The target answered our agent's private consult: those two talk, the caller hears music."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class TargetJoined(Event):
    """The target answered and its leg is in the caller's bridge."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class AttemptFailed(Event):
    """The target did not come; the caller was not touched. `outcome` is never JOINED."""

    attempt_id: AttemptId
    outcome: Outcome
    sip_code: int
    cause: int


# ---- from the dialplan's journal: recordings


@dataclass(frozen=True, slots=True)
class ListenerCame(Event):
    """A supervisor hears the call now, by this leg of his own. `shown`: the agent's desk is told."""

    agent_id: AgentId
    leg: ChannelName
    shown: bool


@dataclass(frozen=True, slots=True)
class ListenerLeft(Event):
    """He has hung up, or the call he heard is over."""

    agent_id: AgentId
    leg: ChannelName


@dataclass(frozen=True, slots=True)
class RecordingBegun(Event):
    """A file of this talk is being written."""

    recording_id: RecordingId
    kind: Recorded


@dataclass(frozen=True, slots=True)
class RecordingEnded(Event):
    """Nothing more is written to this file."""

    recording_id: RecordingId


# ---- from the clock


@dataclass(frozen=True, slots=True)
class DeadlinePassed(Event):
    """The phase's own limit ran out (see `clocks.CLOCKS`). `at` is when it was noticed, not when it was due."""

    name: str
