"""What the two platforms say to each other: one small model for every kind of message.

Only these fields cross (requirement R-066); `tests/contract/exchange` lists them once more and fails on a new
one. Strict in what we send; a newer peer's unknown fields and kinds are let pass (requirement R-045).

Whoever adds a field or a kind raises MINOR once a release, after the last version was recorded
(`tests/contract/exchange/record_corpus.py`), and writes the templates anew (`service/templates.py`).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import (
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
from callflow.service.message_parts import (
    AttemptRecord,
    Digest,
    Language,
    Nuisance,
    Number,
    Part,
    RecordingRecord,
    Signature,
    Site,
    Suggestion,
    TicketNumber,
    Ulid,
    Word,
)

MAJOR: Final = 1
"""Raised when a peer of the version before would misunderstand us; another one is refused."""

MINOR: Final = 1
"""Raised with every field or kind that is added. 0: before messages said it. 1: they say it."""

VERSION: Final = f"{MAJOR}.{MINOR}"
FIRST_LINK: Final = "0" * 64
NOTE_LIMIT: Final = 4000


class Names(Protocol):
    """A peer's own names (`profiles.Profile`)."""

    def outward(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Our body with his names."""


class Body(Part):
    """What one kind of message carries. Of a kind that we do not know: nothing."""


class Matter(Body):
    """What the receiving agent must know. `number` is "" when it may not cross, `language` when nobody has said.

    `confidential`: the receiver's half of the pair is to be so, too (R-056); suggestion and past are then left out.
    """

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
    confidential: bool = False
    language: Language = ""

    @field_validator("suggestion", mode="wrap")
    @classmethod
    def _never_in_the_way(cls, value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        """A suggestion that cannot be read is left out; it never holds up a handover."""
        try:
            return read(value)
        except ValidationError:
            return None


class Handover(Matter):
    """A caller is being handed over: the linked ticket is opened at once, even if the voice leg never comes.

    `by`: the sender's agent who began it, "" when nobody did or a peer of before does not say.
    """

    attempt_id: Ulid
    kind: Kind
    by: Signature = ""


class Danger(Matter):
    """Danger to life, limb or public safety: the police ticket is made at once (requirement R-008)."""

    danger: Literal[True] = True


class Dispatch(Matter):
    """A matter without a call of ours: from web, SMS, app, a field unit, or given across by a person (R-010 to R-013).

    Its danger makes the police ticket at once; `reason` is why it is given across. `beside`: the sender's own part goes
    on and the matter stays his (R-013, R-014); else it is the receiver's.
    """

    channel: Channel
    level: Literal[1, 2, 3]
    matter: MatterKind
    category: Word
    location: Word
    summary: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)]
    reason: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)] = ""
    beside: bool = False


class TicketStep(Body):
    """One step of the sender's ticket of the pair, in the order of its versions (R-043).

    `text` is the result or the reason, `satisfied` the citizen's answer to a call-back; `step` and `state` are the
    sender's words, so that a newer peer's cross, too.
    """

    ticket_id: TicketNumber
    version: Annotated[int, Field(ge=1)]
    step: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
    state: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")]
    level: Literal[1, 2, 3]
    unit: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{0,32}$")]
    text: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)] = ""
    satisfied: bool | None = None
    by: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{0,40}$")] = ""


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


class CallRecord(Body):
    """A call of the incident at the sender's that is over: who, when, with which causes; no number, no text (R-044).

    `agents` are the codes of those who talked with the caller, in order; `end_cause` is Q.850's.
    """

    call_id: Ulid
    phase: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")]
    arrived_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    end_cause: int
    agents: Annotated[tuple[Site, ...], Field(max_length=50)] = ()
    attempts: Annotated[tuple[AttemptRecord, ...], Field(max_length=50)] = ()
    recordings: Annotated[tuple[RecordingRecord, ...], Field(max_length=50)] = ()


class Note(Body):
    """The agent's note, whole, written after the handover; and the caller's language, which he may say then."""

    note: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)]
    language: Language = ""


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
    "call": CallRecord,
}


class ExchangeMessage(Part):
    """One message of the chain that `issuer` writes to `audience` about one incident.

    `seq` counts from 1, `prev_hash` is the digest of the message before it. `occurred_at` is when it became
    true, however much later it is sent.
    """

    v: int = MAJOR
    minor: Annotated[int, Field(ge=0)] = 0
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

    def payload(self, names: Names | None = None) -> bytes:
        """The one way to write it down, with a peer's own names in the body; what is signed and hashed."""
        whole = self.model_dump(mode="json")
        if names is not None:
            whole["body"] = names.outward(whole["body"])
        return octets(whole)


def octets(whole: Mapping[str, Any]) -> bytes:
    """The one way to write a message down."""
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(payload: bytes) -> str:
    """The link of the chain: over the octets as signed, so that a newer peer's extra fields count too."""
    return hashlib.sha256(payload).hexdigest()
