"""What shall be done: orders, in the imperative; beside the changed call the only output of `handover.decide`.

Two kinds. A **record** is written in the same SQL transaction as the call itself. An **order** is stored there
too and carried out after the commit; every order may be repeated without harm.
"""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    Consent,
    Disposition,
    IncidentId,
    Kind,
    Outcome,
    Recorded,
    RecordingId,
    SiteId,
    TargetCode,
)


@dataclass(frozen=True, slots=True)
class Order:
    """Something Asterisk or a desk shall do."""

    call_id: CallId


# ---- orders to Asterisk: one per dialplan entry (asterisk-config/dialplan)


@dataclass(frozen=True, slots=True)
class InviteTarget(Order):
    """Ring the target with the caller's own number; its leg joins the caller's bridge when it answers."""

    attempt_id: AttemptId
    target: TargetCode
    kind: Kind
    danger: bool
    private: bool = False
    contact: int = 0


@dataclass(frozen=True, slots=True)
class FetchCaller(Order):
    """Put the caller, who hears music, to our agent and the target who talk privately."""


@dataclass(frozen=True, slots=True)
class CancelAttempt(Order):
    """End the attempt's leg, ringing or joined. The caller's other legs are not touched."""

    attempt_id: AttemptId
    target: TargetCode


@dataclass(frozen=True, slots=True)
class KeepAgent(Order):
    """Our agent stays when the target joins."""


@dataclass(frozen=True, slots=True)
class ReleaseAgent(Order):
    """Our agent leaves; the dialplan refuses it while no third party is in the bridge.

    `by_agent`: he asked for it himself, so an earlier `stay` does not hold him.
    """

    by_agent: bool = False


@dataclass(frozen=True, slots=True)
class RecallAgent(Order):
    """Ring an agent for a caller who has nobody."""


@dataclass(frozen=True, slots=True)
class ReportDanger(Order):
    """Run the dialplan's danger entry: 110 is rung beside anything else, and the leg is never cancelled."""

    attempt_id: AttemptId


# ---- orders to the desks of this platform (server-sent events)


@dataclass(frozen=True, slots=True)
class PopScreen(Order):
    """Show the call to this agent before his phone is answered."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class TellAgent(Order):
    """Tell the desk of this agent a stable `code` (sentences in zh and en are in the desk's table)."""

    agent_id: AgentId
    code: str


@dataclass(frozen=True, slots=True)
class Record:
    """A fact to keep, in the call's own transaction."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class OpenTicket(Record):
    """This platform's ticket of the incident exists. Made once however often it is said."""

    incident_id: IncidentId


@dataclass(frozen=True, slots=True)
class MarkTicket(Record):
    """The telephone side changed: "connected", "not_connected", "handed_over", "returned", "kept", "danger"."""

    incident_id: IncidentId
    mark: str


@dataclass(frozen=True, slots=True)
class MarkNuisance(Record):
    """The call was nuisance or a threat; counted for its number (requirement R-015)."""

    incident_id: IncidentId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class KeepDisposition(Record):
    """What became of the call, by its agent; goes to the audit (requirement R-092)."""

    incident_id: IncidentId
    agent_id: AgentId
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class KeepLanguage(Record):
    """Which language the caller speaks, by our agent; goes to his ticket (requirement R-086)."""

    incident_id: IncidentId
    agent_id: AgentId
    language: str


@dataclass(frozen=True, slots=True)
class RecordConsent(Record):
    """The caller's answer to being handed over, with who asked (requirement R-003)."""

    incident_id: IncidentId
    consent: Consent
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class KeepReason(Record):
    """Why an agent decided as he did, in his words: for the ticket; of them the audit has only how many.

    `about`: "owner" or "consent".
    """

    incident_id: IncidentId
    agent_id: AgentId
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class SettleOwner(Record):
    """The matter's owner is settled; goes to the ticket and the audit."""

    incident_id: IncidentId
    owner: SiteId
    settled: str


@dataclass(frozen=True, slots=True)
class PhoneMoved(Record):
    """An agent's account proved its password from a new address (requirement T-12); of no call and no incident."""

    incident_id: IncidentId
    agent_id: AgentId
    address: str


@dataclass(frozen=True, slots=True)
class QueueCallBack(Record):
    """The caller was cut by a fault: he is on the call-back list with the reason."""

    incident_id: IncidentId
    reason: str


@dataclass(frozen=True, slots=True)
class KeepListening(Record):
    """A supervisor begins or ends to hear this call; goes to the audit."""

    incident_id: IncidentId
    agent_id: AgentId
    begins: bool


@dataclass(frozen=True, slots=True)
class KeepRecording(Record):
    """A file of this call is being written, or (`ended_at` is set) is whole. Said again it is the same file."""

    incident_id: IncidentId
    recording_id: RecordingId
    kind: Recorded
    begun_at: float
    ended_at: float | None


# ---- records that leave by the outbox, to the peer platform


@dataclass(frozen=True, slots=True)
class ToPeer(Record):
    """A message to the other platform about this incident; the outbox sends it until its receipt is in."""

    incident_id: IncidentId
    peer: SiteId


@dataclass(frozen=True, slots=True)
class SendHandover(ToPeer):
    """A caller is being handed over; the shell adds number, note, suggestion and our ticket."""

    attempt_id: AttemptId
    kind: Kind
    danger: bool


@dataclass(frozen=True, slots=True)
class SendOutcome(ToPeer):
    """How the attempt ended (`joined`, or why not)."""

    attempt_id: AttemptId
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SendOwnerDecision(ToPeer):
    """Our agent's accept or refuse, to the platform that holds the caller's leg."""

    accept: bool


@dataclass(frozen=True, slots=True)
class SendOwnerSettled(ToPeer):
    """The owner as settled by us, who hold the caller's leg."""

    owner: SiteId
    settled: str


@dataclass(frozen=True, slots=True)
class SendNote(ToPeer):
    """The agent's note was written anew after the platform came to know the incident; the shell adds it, whole."""


@dataclass(frozen=True, slots=True)
class SendDanger(ToPeer):
    """Danger was raised here."""
