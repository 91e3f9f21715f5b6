"""The form of every request and answer of the desk's API. Public views only: a stored record never leaves as it is.

Requests refuse unknown fields, bound every length and take no control characters.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from callflow.domain.names import Consent, Disposition, Kind, Outcome, Phase, Presentation, Settled, Verified, Way
from callflow.web.routes import Role

# C0 and C1 controls, line and paragraph separators, and the marks that turn the direction of text
# (Unicode TR 36, "Trojan source"): a text shown to an agent must be what it looks like.
_UNSEEN = r"\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
Line = Annotated[str, StringConstraints(max_length=200, pattern=rf"^[^\x00-\x1f{_UNSEEN}]*$")]
Prose = Annotated[str, StringConstraints(max_length=4000, pattern=rf"^[^\x00-\x08\x0b-\x1f{_UNSEEN}]*$")]
Reason = Annotated[Prose, Field(max_length=500)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{2,16}$")]
ULID = re.compile(r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
Ulid = Annotated[str, StringConstraints(pattern=ULID.pattern)]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,20}$")]


class Ask(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# ---- session


class SignInAsk(Ask):
    """An account's own name and password, and its one-time or recovery code when it has a second factor."""

    user: Annotated[Line, Field(min_length=1, max_length=32)]
    password: Annotated[str, Field(min_length=1, max_length=128)]
    code: Annotated[Line, Field(max_length=32)] = ""


class AgentView(View):
    """An account of this platform. `organisation`: the platform that sent him to sit here, else this one (R-019)."""

    agent_id: str
    name_zh: str
    role: Role
    organisation: str


class SessionView(View):
    """The session; `csrf` goes into X-CSRF-Token of every write. Moments are epoch seconds."""

    csrf: str
    agent: AgentView
    site: str
    ends_at: float


# ---- calls


class HandoverAsk(Ask):
    """The one key. `target` is a directory code. Without `consent` the answer is 409 consent-missing.

    `private`: our agent first talks with the target alone, and the caller hears music; `kind` then says whether our
    agent leaves (one_key) or stays (three_party) after `/handover/join`. `contact`: which of the entry's duty phones.
    """

    target: Code
    kind: Kind = Kind.ONE_KEY
    consent: Consent | None = None
    note: Prose = ""
    private: bool = False
    contact: int = Field(default=0, ge=0, le=9)


class CancelAsk(Ask):
    """Which attempt to stop; without `target` the newest."""

    target: Code | None = None


class DropAsk(Ask):
    """Which party leaves the talk."""

    target: Code


class NothingAsk(Ask):
    """An empty body, or {}."""


class OwnerAsk(Ask):
    """Whether this platform takes the matter (requirement R-006), and why; the reason stays with its ticket."""

    decision: Literal["accept", "refuse"]
    reason: Reason = ""


class NoteAsk(Ask):
    """The note, whole."""

    text: Prose


class SuggestAsk(Ask):
    """All words of the call so far; a suggestion is wanted, and nothing is kept.

    `denied`: the agent has heard the machine's alarm and says that there is no danger; what it raised before is taken
    back, what it hears anew is not. `place`: where the caller is, in words.
    """

    text: Prose
    denied: bool = False
    place: Line = ""


class ConsentAsk(Ask):
    """The caller's answer, asked after a handover begun by a phone key (requirement R-003)."""

    consent: Literal[Consent.AGREED, Consent.DECLINED, Consent.NOT_POSSIBLE_DANGER]
    reason: Reason = ""


class CallerView(View):
    """Who rings. `number` is whole only for the agent who has the call, masked for others, null when unknown."""

    number: str | None
    presentation: Presentation
    verified: Verified
    from_site: str | None
    handed_by: str = Field(default="", description="the agent there: 8002, or 8119.110 for one whom 110 sent")
    dialled: str


class OfferView(View):
    """What can be done after a failed attempt; `contact` goes into the next handover (requirement R-005)."""

    do: Literal["three_party", "next_contact", "ticket"]
    target: str
    contact: int
    zh: str
    en: str


class AttemptView(View):
    """One try to bring one target in. Moments are epoch seconds; `outcome` is null while it rings."""

    attempt_id: str
    call_id: str
    incident_id: str
    target: str
    kind: Kind
    way: Way
    consent: Consent
    danger: bool
    contact: int
    private: bool
    started_at: float
    ringing_at: float | None
    consulting_at: float | None
    joined_at: float | None
    returned_at: float | None = Field(
        description="handed back: this target is in through the caller's own leg since then"
    )
    ended_at: float | None
    outcome: Outcome | None
    sip_code: int
    cause: int
    offers: list[OfferView]


class OwnershipView(View):
    """Whose matter it is."""

    first_receiver: str
    owner: str
    settled: Settled | None


class CallView(View):
    """One caller's leg at this platform."""

    call_id: str
    incident_id: str
    site: str
    phase: Phase
    phase_since: float
    arrived_at: float
    ended_at: float | None
    caller: CallerView
    agent_id: str | None
    attempts: list[AttemptView]
    ownership: OwnershipView
    stay: bool
    danger: bool
    nuisance: bool
    language: str = Field(default="", description="the caller's, BCP 47")
    disposition: Disposition | None = Field(default=None, description="what became of it: answered is 直接解答")
    listened: bool = Field(default=False, description="a supervisor listens now, and the site lets the desks know")
    note: str


class CallList(View):
    """The live calls that the asker may see, oldest first."""

    calls: list[CallView]


class SnapshotView(View):
    """What a desk that has just connected must know: this agent's own calls, and the pops of those he has now."""

    at: float
    agent_id: str
    calls: list[CallView]
    pops: list[dict[str, Any]]


class Moment(View):
    """One thing that happened to a call, at epoch seconds."""

    at: float
    what: str
    attempt_id: str | None = None
    target: str | None = None
    outcome: str | None = None


class TimelineView(View):
    """What happened to a call, oldest first."""

    call_id: str
    incident_id: str
    moments: list[Moment]


class NamedShare(View):
    """A category with its probability."""

    name: str
    p: float


class Evidence(View):
    """A piece of the text and the rule that it met; offsets count code points."""

    start: int
    end: int
    text: str
    rule: str


class SuggestionView(View):
    """What the classifier suggests; advice only (requirement R-083)."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    platform: Literal["12345", "110", "both", "none"]
    hotlines: list[str]
    category: str | None
    categories: list[NamedShare]
    department: str | None
    level: int
    danger: bool
    confidence: float
    action: Literal["one_key_110", "one_key_12345", "three_party", "keep", "guide"]
    evidence: list[Evidence]
    question: str | None = None
    version: str


class NoteView(View):
    """The note is kept; `suggestion` is null while the classifier is away or too slow."""

    suggestion: SuggestionView | None


class ReasonView(View):
    """One short reason for the agent. `rule` is that of an evidence span, or of what is known besides the words."""

    zh: str
    en: str
    rule: str


class SuggestView(View):
    """What the classifier says of the words so far; `suggestion` is null while it is away or too slow."""

    suggestion: SuggestionView | None = None
    reasons: list[ReasonView] = []
