"""The form of what is asked about a ticket's life, and of its answers. A text may be long; a code is checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from callflow.domain.limits import Level, Matter, Stage
from callflow.domain.names import Channel
from callflow.domain.tickets import State
from callflow.web.schemas import Ask, Code, Line, Prose, Ulid, View

TicketNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9A-Za-z-]{4,38}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{12,18}$")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
Version = Annotated[int, Field(ge=1)]


class StepAsk(Ask):
    """Every step may say which version was looked at; a ticket that has gone on since refuses the step."""

    version: Version | None = None


class TextAsk(StepAsk):
    """A step with its reason, its note or its result."""

    text: Prose = ""


class FeedBackAsk(TextAsk):
    """The result, and how the citizen was told it if he was."""

    told_by: Annotated[Line, Field(max_length=32)] = ""


class ToldAsk(StepAsk):
    """By which way the citizen was told."""

    channel: Annotated[Line, Field(min_length=1, max_length=32)]


class CallBackAsk(StepAsk):
    """Whether he is satisfied; null when he gave no answer."""

    satisfied: bool | None = None


class DispatchAsk(TextAsk):
    """To a unit by its code (none: the one that a precedent names), or to the other platform by its id."""

    unit: UnitCode | None = None
    assisting: Annotated[tuple[UnitCode, ...], Field(max_length=20)] = ()
    platform: Code | None = None


class CooperateAsk(TextAsk):
    """Which platform has a part in it; the text says which part."""

    platform: Code


class SettleAsk(TextAsk):
    """The conference's decision; `binds` makes it a precedent for its category and region."""

    unit: UnitCode
    binds: bool = False


class MergeAsk(StepAsk):
    """The ticket that goes on."""

    into: TicketNumber


class SealAsk(TextAsk):
    """Confidential from now on. Who had its calls or took its steps goes on seeing it; `agents` shall, too."""

    agents: Annotated[tuple[Code, ...], Field(max_length=50)] = ()


class RelevelAsk(StepAsk):
    """A person's judgement and words; what is left out stays."""

    level: Level | None = None
    matter: Matter | None = None
    category: Annotated[Line, Field(max_length=64)] | None = None
    location: Line | None = None
    region: RegionCode | None = None
    summary: Prose | None = None


class MatterAsk(Ask):
    """A matter that came without a call. `contact` is what the citizen left, a claim; it is shown masked.

    `call_id`: of the asker's own call, for a ticket of that call; the number is then the call's, and `channel` phone.
    """

    channel: Channel = Channel.WEB
    summary: Annotated[Prose, Field(min_length=1)]
    location: Line = ""
    region: RegionCode | None = None
    contact: Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,20}$")] | None = None
    category: Annotated[Line, Field(max_length=64)] = ""
    matter: Matter = Matter.HELP
    level: Level = Level.THREE
    danger: bool = False
    confidential: bool = False
    dispatch_to: Code | None = None
    call_id: Ulid | None = None


class DeadlineView(View):
    """What is due; `assumed`: a day that counts is not published yet."""

    stage: Stage
    due_at: float
    assumed: bool


class LifeView(View):
    """Where a ticket stands. Moments are epoch seconds."""

    ticket_id: str
    incident_id: str
    state: State
    since: float
    version: int
    level: Level
    matter: Matter
    category: str
    limits: str
    deadlines: list[DeadlineView]
    unit: str
    assisting: list[str]
    peer: str | None
    awaits_peer: bool
    peer_fed_back: bool
    danger: bool
    confidential: bool
    bound: bool
    returns: int
    satisfied: bool | None
    merged_into: str | None
    told: list[str]


class DisputeView(View):
    """One kind of matter over which units disagree: how often, and which tickets wait now."""

    category: str
    region: str
    disputes: int
    waiting: list[str]
    precedent: str | None


class DisputeList(View):
    """Disputes, most frequent first (R-052)."""

    disputes: list[DisputeView]


class FormFieldView(View):
    """A field of the ticket form with what its template allows; `choices` empty: it is written."""

    name: str
    choices: list[str]
    most: int | None = Field(description="how many characters at most")
    pattern: str | None
    needed: bool = Field(description="asked of every ticket")
    needed_for: list[str] = Field(description="categories whose tickets it is asked of")


class FormsView(View):
    """What a form may offer: the category tree in force with its scheme and version, and the list of places.

    `template`: the exchange's template that the fields are from, as kind and version.
    """

    scheme: str
    version: str
    categories: list[str]
    regions: str
    template: str
    fields: list[FormFieldView]
