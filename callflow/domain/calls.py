"""A call as this platform knows it: frozen records, changed only by `handover.decide`."""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    Disposition,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    Presentation,
    Recorded,
    RecordingId,
    Settled,
    SiteId,
    TargetCode,
    TicketId,
    Verified,
    Way,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The transferee: his leg here and what the network said of him. `number` is "" when none was given."""

    channel: ChannelName
    number: str
    presentation: Presentation
    verified: Verified
    from_site: SiteId | None
    dialled: str
    hop: int
    handed_by: str = ""
    """The agent at `from_site` who began this handover, as he signs; "" when it is not known or nobody did."""

    @property
    def shown_number(self) -> str:
        """The number that an agent may see: "" when the caller hides it and no platform vouched for the need (R-002).

        A caller who withholds his number withholds it from the platform he rang; the linked platform, to which he
        is handed over, gets it with the mark (RFC 3325 §7, requirements §3.5).
        """
        return "" if self.presentation is Presentation.WITHHELD and self.from_site is None else self.number


@dataclass(frozen=True, slots=True)
class Agent:
    """Our agent's leg. `answered_at` is None while his phone rings."""

    agent_id: AgentId
    channel: ChannelName
    answered_at: float | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to bring one target in. `outcome` is None while it rings; `ended_at` is set once it is over."""

    attempt_id: AttemptId
    target: TargetCode
    kind: Kind
    way: Way
    consent: Consent
    started_at: float
    danger: bool = False
    channel: ChannelName | None = None
    invited_at: float | None = None
    """Since when `channel` is known: the first INVITE to this target's phone, or the retry's."""
    ringing_at: float | None = None
    joined_at: float | None = None
    outcome: Outcome | None = None
    sip_code: int = 0
    cause: int = 0
    retried: bool = False
    ended_at: float | None = None
    requested_by: AgentId | None = None
    """Who asked for it, as far as is known: he is told how it went, also after he left."""
    contact: int = 0
    """Which of the entry's duty phones is rung; 0 is its own line."""
    next_contact: int | None = None
    """After a failure: the entry's next duty phone, if it has one."""
    private: bool = False
    """Our agent talks with the target alone first (a consult)."""
    consulting_at: float | None = None
    """Since when our agent and the target talk, or talked, privately; None when they never did."""
    fetch_at: float | None = None
    """When the caller was last ordered into the private talk; the journal then says that he is in."""
    returned_at: float | None = None
    """Since when the target is in through the caller's own leg: he was handed back to where he came from."""
    cancelling: bool = False
    """The cancel was ordered; the journal has not yet said that the leg is gone."""

    @property
    def is_ringing(self) -> bool:
        """The target has been invited and has neither joined nor failed."""
        return self.joined_at is None and self.ended_at is None

    @property
    def is_consulting(self) -> bool:
        """Our agent and the target talk privately now."""
        return self.consulting_at is not None and self.is_ringing

    @property
    def is_joined(self) -> bool:
        """The target is in the caller's bridge now."""
        return self.joined_at is not None and self.ended_at is None

    @property
    def is_live(self) -> bool:
        """The target is being rung, consulted, or is in."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of this call. `ended_at` is None while it grows, and for good when the PBX was killed."""

    recording_id: RecordingId
    kind: Recorded
    begun_at: float
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A supervisor who hears the call by a leg of his own. `shown`: the agent's desk is told."""

    agent_id: AgentId
    leg: ChannelName
    since: float
    shown: bool


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose matter it is. `first_receiver` never changes (requirement R-007)."""

    first_receiver: SiteId
    owner: SiteId
    settled: Settled | None = None
    decisions: tuple[tuple[SiteId, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One caller's leg at this platform with everything that hangs on it."""

    call_id: CallId
    incident_id: IncidentId
    site: SiteId
    phase: Phase
    phase_since: float
    arrived_at: float
    caller: Caller
    ownership: Ownership
    agent: Agent | None = None
    attempts: tuple[Attempt, ...] = ()
    stay: bool = False
    danger: bool = False
    nuisance: bool = False
    note: str = ""
    language: str = ""
    """The caller's, by BCP 47; "" when nobody has said."""
    disposition: Disposition | None = None
    """What became of it, by the last agent who said so."""
    ended_at: float | None = None
    end_cause: int = 0
    agents: tuple[AgentId, ...] = ()
    """Every agent of this platform who has talked with the caller, in order: it is their call too."""
    released: bool = False
    """Our agent's release was ordered; his leg is about to go."""
    recalled: bool = False
    """The dialplan has said that it is ringing an agent for a caller who has nobody."""
    alone_since: float | None = None
    """The last other leg said goodbye (cause 16) and the caller's own end is awaited; else None."""
    peer_tickets: tuple[TicketId, ...] = ()
    """The other platforms' tickets of this incident, as they told us."""
    peer_note: str = ""
    """The newest note that crossed during the call; what came with the handover is in the ticket."""
    returned_by: SiteId | None = None
    """The platform that handed the caller back into his live bridge, if one did."""
    call_back: bool = False
    """The caller is on the call-back list."""
    recordings: tuple[Recording, ...] = ()
    """The files that hold this call, in the order in which they were begun."""
    listeners: tuple[Listener, ...] = ()
    """Who listens now."""
    is_signed: bool = True
    """The incident is ours, or the peer signed it."""
    is_said: bool = False
    """The peer only said it (Call-Info), for nobody over there could sign. Neither: nobody else has this incident."""

    @property
    def is_over(self) -> bool:
        """Nothing of it is live any more; only its owner may still be open."""
        return self.phase in (Phase.ENDED, Phase.ABANDONED, Phase.CALL_BACK)

    @property
    def is_listened_to(self) -> bool:
        """Somebody listens, and the desk is to know it."""
        return not self.is_over and any(one.shown for one in self.listeners)

    @property
    def agent_is_in(self) -> bool:
        """Our agent has answered and has not left."""
        return self.agent is not None and self.agent.answered_at is not None

    def attempt(self, attempt_id: AttemptId | None) -> Attempt | None:
        """The attempt with this id, or None."""
        return next((a for a in self.attempts if a.attempt_id == attempt_id), None)
