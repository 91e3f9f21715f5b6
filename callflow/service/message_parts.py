"""What several kinds of message are made of (`messages`): patterns, the common base, suggestion, attempts, recordings.

What is said there of fields holds here: only these cross, and a newer peer's are let pass.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from callflow.domain.names import LANGUAGE_TAG, Kind, Outcome

NUISANCE_LIMIT: Final = 20

Ulid = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Site = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{2,16}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{0,32}$")]
TicketNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_TAG, max_length=16)]
Word = Annotated[str, StringConstraints(max_length=200)]
Signature = Annotated[str, StringConstraints(pattern=r"^([0-9A-Za-z]{2,16}(\.[0-9A-Za-z]{2,16})?)?$")]
"""An agent's code, and behind a dot the platform that sent him there as a guest (R-019); "" is nobody. Never a name."""


class Part(BaseModel):
    """Frozen; what a newer peer adds is let pass."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Evidence(Part):
    """A passage of the note that led to the suggestion; offsets count code points."""

    start: int
    end: int
    text: Word
    rule: Word


class Share(Part):
    """A category and its probability."""

    name: Word
    p: Annotated[float, Field(ge=0, le=1)]


class Suggestion(Part):
    """What the classifier thought; advice to a person, never an order."""

    platform: Literal["12345", "110", "both", "none"]
    hotlines: Annotated[tuple[Word, ...], Field(max_length=10)]
    category: Word | None
    categories: Annotated[tuple[Share, ...], Field(max_length=10)]
    department: Word | None
    level: Literal[1, 2, 3]
    danger: bool
    confidence: Annotated[float, Field(ge=0, le=1)]
    action: Literal["one_key_110", "one_key_12345", "three_party", "keep", "guide"]
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=50)]
    question: Word | None = None
    version: Word


class Nuisance(Part):
    """How often the caller's number was marked as nuisance or threat at the sender; no reason to refuse him (R-015)."""

    count: Annotated[int, Field(ge=1)]
    times: Annotated[tuple[float, ...], Field(max_length=NUISANCE_LIMIT)]
    recordings: Annotated[tuple[Ulid, ...], Field(max_length=NUISANCE_LIMIT)] = ()


class AttemptRecord(Part):
    """One attempt of a call that is over. Moments are epoch seconds."""

    attempt_id: Ulid
    target: Site
    kind: Kind
    outcome: Outcome | None
    sip_code: int
    cause: int
    started_at: float
    ringing_at: float | None = None
    consulting_at: float | None = None
    joined_at: float | None = None
    ended_at: float | None = None


class RecordingRecord(Part):
    """That there is a recording, and of when; never its sound. `ended_at` None: not known yet."""

    recording_id: Ulid
    begun_at: float
    ended_at: float | None = None
