"""Made-up platforms, callers and events for the tests: no real number, nothing from outside."""

from __future__ import annotations

from callflow.domain.events import (
    AgentAnswered,
    AgentOffered,
    AttemptFailed,
    CallerArrived,
    CallerEnded,
    CallerRecalled,
    CallerReturned,
    CallerWaiting,
    CancelRequested,
    ConsentRecorded,
    ConsultStarted,
    DangerRaised,
    DeadlinePassed,
    Disposed,
    DropRequested,
    Event,
    HandoverRequested,
    JoinRequested,
    KeyPressed,
    LanguageSaid,
    LeaveRequested,
    LegLeft,
    ListenerCame,
    ListenerLeft,
    NoteWritten,
    NuisanceMarked,
    NumberRefused,
    OwnerDecided,
    PeerDanger,
    PeerNoteWritten,
    PeerOwnerDecided,
    PeerOwnerSettled,
    PeerTicketOpened,
    RecordingBegun,
    RecordingEnded,
    StayRequested,
    TargetInvited,
    TargetJoined,
    TargetRinging,
)
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
    Presentation,
    Recorded,
    RecordingId,
    Role,
    SiteId,
    TargetCode,
    TicketId,
    Verified,
    Way,
)
from callflow.domain.rules import SiteRules

GOV, POLICE = SiteId("12345"), SiteId("110")
TO_GOV, TO_POLICE, TO_FIRE = TargetCode("12345"), TargetCode("110"), TargetCode("119")
CALL, PEER_CALL = CallId("01JCALL0000000000000000001"), CallId("01JCALL0000000000000000002")
INCIDENT = IncidentId("01JINC00000000000000000001")
AGENT, COLLEAGUE, OFFICER = AgentId("8001"), AgentId("8002"), AgentId("9001")
CALLER_CHANNEL = ChannelName("PJSIP/carrier-00000001")
AGENT_CHANNEL, COLLEAGUE_CHANNEL = ChannelName("PJSIP/8001-00000002"), ChannelName("PJSIP/8002-00000003")
FIRST, SECOND = AttemptId("01JATT00000000000000000001"), AttemptId("01JATT00000000000000000002")
TRUNK = ChannelName("PJSIP/peer-00000009")
SUPERVISOR = AgentId("8100")
EAR, SECOND_EAR = ChannelName("PJSIP/8100-00000077"), ChannelName("PJSIP/8100-00000078")
TAPE, SECOND_TAPE = RecordingId("01JREC00000000000000000001"), RecordingId("01JREC00000000000000000002")

_COMMON = {"grace_s": 3.0, "owner_limit_s": 60.0, "waiting_limit_s": 30.0, "attempt_limit_s": 60.0}

GOV_RULES = SiteRules(
    site=GOV,
    danger_site=POLICE,
    danger_target=TO_POLICE,
    targets=frozenset({TO_POLICE, TO_FIRE}),
    peers={TO_POLICE: POLICE},
    max_hops={POLICE: 3},
    answer_is_human=frozenset({TO_POLICE}),
    **_COMMON,
)
POLICE_RULES = SiteRules(
    site=POLICE,
    danger_site=POLICE,
    danger_target=TO_POLICE,
    targets=frozenset({TO_GOV, TO_FIRE}),
    peers={TO_GOV: GOV},
    max_hops={GOV: 3},
    answer_is_human=frozenset({TO_GOV}),
    **_COMMON,
)


def caller_arrived(
    at: float = 0.0,
    *,
    call_id: CallId = CALL,
    from_site: SiteId | None = None,
    hop: int = 0,
    channel: ChannelName = CALLER_CHANNEL,
    signed: bool = True,
) -> CallerArrived:
    return CallerArrived(
        call_id=call_id,
        at=at,
        incident_id=INCIDENT,
        caller_channel=channel,
        dialled="12345",
        number="02800000001",
        presentation=Presentation.ALLOWED,
        verified=Verified.NETWORK,
        from_site=from_site,
        signed=signed and from_site is not None,
        hop=hop,
    )


def danger_attempt(call_id: CallId = CALL, tries: int = 0) -> AttemptId:
    """The id that danger.py derives from the call."""
    return AttemptId(f"7{tries}{call_id[2:]}")


def one_of_each(at: float, call_id: CallId = CALL) -> list[Event]:
    """Every kind of event once or more, each fitting some phase of the made-up call."""
    return [
        caller_arrived(at, call_id=call_id),
        AgentOffered(call_id, at, AGENT, AGENT_CHANNEL),
        AgentAnswered(call_id, at, AGENT, AGENT_CHANNEL),
        AgentAnswered(call_id, at, COLLEAGUE, COLLEAGUE_CHANNEL),
        CallerWaiting(call_id, at),
        CallerRecalled(call_id, at),
        LegLeft(call_id, at, Role.AGENT, AGENT_CHANNEL, 16),
        LegLeft(call_id, at, Role.AGENT, AGENT_CHANNEL, 44),
        LegLeft(call_id, at, Role.AGENT, COLLEAGUE_CHANNEL, 16),
        LegLeft(call_id, at, Role.TARGET, TRUNK, 16, FIRST),
        LegLeft(call_id, at, Role.TARGET, TRUNK, 44, FIRST),
        LegLeft(call_id, at, Role.TARGET, TRUNK, 16, SECOND),
        LegLeft(call_id, at, Role.TARGET, TRUNK, 7, FIRST),
        CallerReturned(call_id, at, POLICE, 2),
        CallerEnded(call_id, at, 16, by_fault=False),
        CallerEnded(call_id, at, 44, by_fault=True),
        KeyPressed(call_id, at, "one_key", Way.PHONE_KEY, TO_POLICE),
        KeyPressed(call_id, at, "danger", Way.PHONE_KEY, None),
        TargetInvited(call_id, at, FIRST, TO_POLICE, Kind.ONE_KEY, Way.PHONE_KEY, TRUNK, danger=False),
        TargetInvited(call_id, at, SECOND, TO_FIRE, Kind.ONE_KEY, Way.REFER, TRUNK, danger=False),
        TargetInvited(call_id, at, SECOND, TO_POLICE, Kind.THREE_PARTY, Way.PHONE_KEY, TRUNK, danger=True),
        TargetRinging(call_id, at, FIRST),
        NumberRefused(call_id, at, FIRST, 433),
        ConsultStarted(call_id, at, FIRST),
        TargetJoined(call_id, at, FIRST),
        TargetJoined(call_id, at, SECOND),
        TargetJoined(call_id, at, danger_attempt(call_id)),
        AttemptFailed(call_id, at, danger_attempt(call_id), Outcome.BUSY, 486, 17),
        LegLeft(call_id, at, Role.TARGET, TRUNK, 16, danger_attempt(call_id)),
        AttemptFailed(call_id, at, FIRST, Outcome.BUSY, 486, 17),
        AttemptFailed(call_id, at, SECOND, Outcome.NO_ANSWER, 0, 19),
        HandoverRequested(call_id, at, AGENT, FIRST, TO_POLICE, Kind.ONE_KEY, Consent.AGREED, "note"),
        HandoverRequested(call_id, at, AGENT, SECOND, TO_FIRE, Kind.THREE_PARTY, Consent.AGREED, ""),
        HandoverRequested(call_id, at, AGENT, SECOND, TO_FIRE, Kind.ONE_KEY, Consent.AGREED, ""),
        HandoverRequested(call_id, at, AGENT, FIRST, TO_POLICE, Kind.ONE_KEY, Consent.AGREED, "", private=True),
        JoinRequested(call_id, at, AGENT),
        DropRequested(call_id, at, AGENT, TO_POLICE),
        CancelRequested(call_id, at, AGENT, None),
        StayRequested(call_id, at, AGENT),
        LeaveRequested(call_id, at, AGENT),
        OwnerDecided(call_id, at, AGENT, accept=True),
        OwnerDecided(call_id, at, AGENT, accept=False),
        DangerRaised(call_id, at, AGENT),
        NuisanceMarked(call_id, at, AGENT),
        NoteWritten(call_id, at, AGENT, "what he said"),
        Disposed(call_id, at, AGENT, Disposition.ANSWERED),
        LanguageSaid(call_id, at, AGENT, "bo"),
        ConsentRecorded(call_id, at, AGENT, Consent.AGREED),
        PeerOwnerDecided(call_id, at, POLICE, accept=True),
        PeerOwnerDecided(call_id, at, POLICE, accept=False),
        PeerOwnerSettled(call_id, at, POLICE, GOV, "agreed"),
        PeerTicketOpened(call_id, at, POLICE, TicketId("JD-1")),
        PeerDanger(call_id, at, POLICE),
        PeerNoteWritten(call_id, at, POLICE, "a knife in the hall"),
        PeerOwnerSettled(call_id, at, GOV, POLICE, "agreed"),
        ListenerCame(call_id, at, SUPERVISOR, SECOND_EAR, shown=True),
        ListenerLeft(call_id, at, SUPERVISOR, EAR),
        RecordingBegun(call_id, at, SECOND_TAPE, Recorded.CONSULT),
        RecordingEnded(call_id, at, TAPE),
        *(DeadlinePassed(call_id, at, name) for name in ("grace", "alone", "waiting", "recall", "attempt")),
        DeadlinePassed(call_id, at, "owner"),
    ]
