"""The words of the house, as types: one word per thing, the field's word.

Everything here is plain data without I/O and without a clock. Moments are `float` seconds since the epoch
(UTC); they always come in as an argument.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NewType

CallId = NewType("CallId", str)
"""Ours, a ULID, frozen when the caller arrives at one platform. Each platform has its own for its own leg."""

IncidentId = NewType("IncidentId", str)
"""A ULID for what happened; ties the calls and tickets of both platforms together."""

AttemptId = NewType("AttemptId", str)
"""A ULID for one try to bring one target into one call; also the `ChannelId` prefix of its leg."""

SiteId = NewType("SiteId", str)
"""A platform: "12345", "110"."""

AgentId = NewType("AgentId", str)
"""An agent's account and phone at one platform, such as "8001"."""

TargetCode = NewType("TargetCode", str)
"""A directory code, such as "110" or "119". Never a free number (requirements L1)."""

TicketId = NewType("TicketId", str)
"""A 工单 or 警单 number, unique within its platform."""

RecordingId = NewType("RecordingId", str)
"""A ULID for one recorded talk; also its file's name, which so says nothing of anybody."""

ChannelName = NewType("ChannelName", str)
"""Asterisk's name of a channel, such as `PJSIP/8001-0000001a`."""


class Phase(StrEnum):
    """Who hears whom at this moment (architecture §5)."""

    QUEUED = "queued"
    TALKING = "talking"
    INVITING = "inviting"
    CONSULTING = "consulting"
    THREE_WAY = "three_way"
    WAITING = "waiting"
    HANDED_OVER = "handed_over"
    RECALLING = "recalling"
    AGENTS_ONLY = "agents_only"
    ENDED = "ended"
    ABANDONED = "abandoned"
    CALL_BACK = "call_back"


class Kind(StrEnum):
    """What our agent asked for: to leave when the target is in, or to stay."""

    ONE_KEY = "one_key"
    THREE_PARTY = "three_party"


class Recorded(StrEnum):
    """What a recording holds: the caller's whole call, or a talk that two agents had without him."""

    CALL = "call"
    CONSULT = "consult"


class Consent(StrEnum):
    """What the caller said to being handed over (requirement R-003)."""

    AGREED = "agreed"
    DECLINED = "declined"
    NOT_POSSIBLE_DANGER = "not_possible_danger"
    NOT_RECORDED = "not_recorded"


class Outcome(StrEnum):
    """How an attempt ended, or that the target joined."""

    JOINED = "joined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    NUMBER_REFUSED = "number_refused"
    CANCELLED = "cancelled"
    LOST_AFTER_ANSWER = "lost_after_answer"


class Way(StrEnum):
    """How the agent asked: at the desk, by an in-call key, by the phone's transfer key."""

    DESK = "desk"
    PHONE_KEY = "phone_key"
    REFER = "refer"


class Presentation(StrEnum):
    """Whether the caller lets his number be shown (RFC 3323, RFC 3325)."""

    ALLOWED = "allowed"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"


LANGUAGE_TAG: Final = r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2})?$"
"""A caller's language by BCP 47, as bo, ug, ii, en; "" when nobody has said (R-086)."""


class Disposition(StrEnum):
    """What became of a call, as its agent says at wrap-up (R-092)."""

    ANSWERED = "answered"
    """直接解答: nothing is left to do."""
    TICKET = "ticket"
    HANDED_OVER = "handed_over"
    NOTHING = "nothing"
    """无效: silence, a wrong number, nuisance."""


class Verified(StrEnum):
    """Who vouches for the caller's number: the network on a trusted trunk, or only the caller's own word."""

    NETWORK = "network"
    CLAIMED = "claimed"
    NONE = "none"


class Role(StrEnum):
    """Whose leg it is."""

    CALLER = "caller"
    AGENT = "agent"
    TARGET = "target"


class Settled(StrEnum):
    """Why the owner is who he is (requirements R-006, R-007)."""

    FIRST_RECEIVER = "first_receiver"
    AGREED = "agreed"
    BY_RULE = "by_rule"
    RETURNED = "returned"
    """The platform that had it handed it back: the first receiver holds it, and that is the end of it (R-018)."""


class Channel(StrEnum):
    """By which way a matter reached the platform (requirements R-010, R-011)."""

    PHONE = "phone"
    WEB = "web"
    SMS = "sms"
    APP = "app"
    MINIPROGRAM = "miniprogram"
    MAIL = "mail"
    VISIT = "visit"
    FIELD = "field"
    PLATFORM = "platform"
