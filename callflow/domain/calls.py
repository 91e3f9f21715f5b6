"""A call as this platform knows it: frozen records, changed only by `handover.decide`."""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    Presentation,
    Settled,
    SiteId,
    TargetCode,
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


@dataclass(frozen=True, slots=True)
class Agent:
    """Our agent's leg. `answered_at` is None while his phone rings."""

    agent_id: AgentId
    channel: ChannelName
    answered_at: float | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to bring one target in. `outcome` is None while it rings; `left` once a joined target is gone."""

    attempt_id: AttemptId
    target: TargetCode
    kind: Kind
    way: Way
    consent: Consent
    started_at: float
    danger: bool = False
    channel: ChannelName | None = None
    ringing_at: float | None = None
    joined_at: float | None = None
    outcome: Outcome | None = None
    sip_code: int = 0
    cause: int = 0
    retried: bool = False
    ended_at: float | None = None

    @property
    def is_ringing(self) -> bool:
        """The target has been invited and has neither joined nor failed."""
        return self.joined_at is None and self.ended_at is None

    @property
    def is_joined(self) -> bool:
        """The target is in the caller's bridge now."""
        return self.joined_at is not None and self.ended_at is None


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
    note: str = ""
    ended_at: float | None = None
    end_cause: int = 0
