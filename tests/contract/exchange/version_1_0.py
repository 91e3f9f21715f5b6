"""`callflow/service/messages.py` as it was in message version 1.0: how a site of the version before reads.

Kept as it was, so that it can say what such a site makes of what we send.
"""

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core.core_schema import ValidationInfo

from callflow.domain.limits import Matter as MatterKind
from callflow.domain.names import Channel, Consent, Kind, Outcome, Presentation, Settled, Verified

VERSION: Final = "1.0"
FIRST_LINK: Final = "0" * 64
NOTE_LIMIT: Final = 4000
NUISANCE_LIMIT: Final = 20

Ulid = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Site = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{2,16}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{0,32}$")]
TicketNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, StringConstraints(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Body(_Part):
    """What one kind of message carries. Of a kind that we do not know: nothing."""


class Evidence(_Part):
    """A passage of the note that led to the suggestion; offsets count code points."""

    start: int
    end: int
    text: Word
    rule: Word


class Share(_Part):
    """A category and its probability."""

    name: Word
    p: Annotated[float, Field(ge=0, le=1)]


class Suggestion(_Part):
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


class Nuisance(_Part):
    """How often the caller's number was marked as nuisance or threat at the sender; no reason to refuse him (R-015)."""

    count: Annotated[int, Field(ge=1)]
    times: Annotated[tuple[float, ...], Field(max_length=NUISANCE_LIMIT)]
    recordings: Annotated[tuple[Ulid, ...], Field(max_length=NUISANCE_LIMIT)] = ()


class Matter(Body):
    """What the receiving agent must know. `number` is "" when it may not cross."""

    number: Number
    presentation: Presentation
    verified: Verified
    note: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)]
    suggestion: Suggestion | None
    ticket_id: TicketNumber
    first_receiver: Site
    region: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    consent: Consent
    danger: bool
    nuisance: Nuisance | None = None

    @field_validator("suggestion", mode="wrap")
    @classmethod
    def _never_in_the_way(cls, value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        """A suggestion that cannot be read is left out; it never holds up a handover."""
        try:
            return read(value)
        except ValidationError:
            return None


class Handover(Matter):
    """A caller is being handed over: the linked ticket is opened at once, even if the voice leg never comes."""

    attempt_id: Ulid
    kind: Kind


class Danger(Matter):
    """Danger to life, limb or public safety: the police ticket is made at once (requirement R-008)."""

    danger: Literal[True] = True


class Dispatch(Matter):
    """A matter without a call of ours: from web, SMS, app, a field unit, or given across by a person (R-010 to R-013).

    Its danger makes the police ticket at once; `reason` is why it is given across.
    """

    channel: Channel
    level: Literal[1, 2, 3]
    matter: MatterKind
    category: Word
    location: Word
    summary: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)]
    reason: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)] = ""


class TicketStep(Body):
    """One step of the sender's ticket of the pair, in the order of its versions (R-043).

    `text` is the result or the reason; `step` and `state` are the sender's words, so that a newer peer's cross, too.
    """

    ticket_id: TicketNumber
    version: Annotated[int, Field(ge=1)]
    step: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
    state: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")]
    level: Literal[1, 2, 3]
    unit: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{0,32}$")]
    text: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)] = ""


class TicketOpened(Body):
    """The answer to a handover: the number of the ticket at our side of the pair."""

    ticket_id: TicketNumber


class AttemptEnded(Body):
    """How the attempt ended, or that the target joined."""

    attempt_id: Ulid
    outcome: Outcome


class OwnerDecision(Body):
    """One agent's accept or refuse, to the platform that holds the caller's leg."""

    accept: bool


class OwnerSettled(Body):
    """Whose matter it is, said by the platform that holds the caller's leg."""

    owner: Site
    settled: Settled


class Note(Body):
    """The agent's note, whole, written after the handover."""

    note: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)]


KINDS: Final[dict[str, type[Body]]] = {
    "handover": Handover,
    "ticket": TicketOpened,
    "outcome": AttemptEnded,
    "owner_decision": OwnerDecision,
    "owner_settled": OwnerSettled,
    "danger": Danger,
    "note": Note,
    "dispatch": Dispatch,
    "step": TicketStep,
}


class ExchangeMessage(_Part):
    """One message of the chain that `issuer` writes to `audience` about one incident.

    `seq` counts from 1, `prev_hash` is the digest of the message before it. `occurred_at` is when it became
    true, however much later it is sent.
    """

    v: int = 1
    id: Ulid
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
    issuer: Site
    audience: Site
    incident_id: Ulid
    seq: Annotated[int, Field(ge=1)]
    prev_hash: Digest
    occurred_at: float
    body: SerializeAsAny[Body]

    @field_validator("body", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: ValidationInfo) -> Body:
        if isinstance(value, Body):
            return value
        return KINDS.get(info.data.get("kind", ""), Body).model_validate(value)

    def payload(self) -> bytes:
        """The one way to write it down; what is signed and hashed."""
        return json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()


def digest(payload: bytes) -> str:
    """The link of the chain: over the octets as signed, so that a newer peer's extra fields count too."""
    return hashlib.sha256(payload).hexdigest()
