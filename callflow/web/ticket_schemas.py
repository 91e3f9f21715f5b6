"""The form of tickets and of one incident's trace in the desk's API."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from callflow.domain.confidence import Viewer
from callflow.domain.limits import Level
from callflow.domain.names import Channel, Consent, Outcome, Presentation, Settled, Verified
from callflow.domain.tickets import State
from callflow.service.ticket_search import Wanted
from callflow.web.schemas import Ask, CallView, Code, Line, Number, SuggestionView, Ulid, View
from callflow.web.ticket_step_schemas import DeadlineView, MatterAsk, RegionCode, TicketNumber, UnitCode

LAST_MOMENT: Final = 1e11


class TicketFilter(Ask):
    """What tickets are searched by; all that is given must be so. Moments are epoch seconds, `opened_to` excluded."""

    number: Number | None = None
    ticket_id: TicketNumber | None = None
    incident_id: Ulid | None = None
    opened_from: Annotated[float, Field(ge=0, le=LAST_MOMENT)] | None = None
    opened_to: Annotated[float, Field(ge=0, le=LAST_MOMENT)] | None = None
    region: RegionCode | None = None
    category: Annotated[Line, Field(max_length=64)] | None = None
    level: Level | None = None
    state: State | None = None
    owner: Code | None = None
    unit: Annotated[Code, Field(max_length=18)] | UnitCode | None = None
    channel: Channel | None = None
    after: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,160}$")] | None = None

    def wanted(self, viewer: Viewer) -> Wanted:
        """As the books are asked, for this viewer."""
        return Wanted(**self.model_dump(exclude={"after", "limit", "format"}), viewer=viewer)


class TicketSearchAsk(TicketFilter):
    """One page, newest first; `after` is the `after` of the page before."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20


class QueueAsk(TicketFilter):
    """The first of what waits, of a unit or a place; `after` and `state` mean nothing here."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20


class ExportAsk(TicketFilter):
    """All of them as lines; `after` is the `cursor` of the last line that arrived."""

    format: Literal["ndjson", "csv"] = "ndjson"


class ImportedMatter(MatterAsk):
    """A matter with the number that its source gave it: the same source and ref again make no second ticket."""

    ref: Annotated[Line, Field(min_length=1, max_length=64)]


class ImportAsk(Ask):
    """Matters of another system."""

    source: Code
    matters: Annotated[tuple[ImportedMatter, ...], Field(min_length=1, max_length=100)]


class ImportedView(View):
    """What became of one: a ticket, or the code of the refusal."""

    ref: str
    ticket_id: str | None
    refused: str | None


class ImportView(View):
    """One answer for each matter, in order."""

    matters: list[ImportedView]


class TicketAttemptView(View):
    """How one attempt of the incident went. `by`: the platform that rang; `at`: epoch seconds of the outcome."""

    attempt_id: str
    by: str
    target: str
    outcome: Outcome
    sip_code: int = Field(description="the final SIP response, 0 when there was none or it joined")
    cause: int = Field(description="the Q.850 cause, 0 when it is not known")
    retried: bool = Field(description="the caller's number was refused, and ours was shown instead")
    at: float


class TicketView(View):
    """One 工单 or 警单 with its tie to the other platform's. The number is masked. Moments are epoch seconds."""

    ticket_id: str
    incident_id: str
    call_id: str | None
    peer: str | None
    peer_ticket_id: str | None
    state: str
    phone_mark: str
    attempts: list[TicketAttemptView]
    number: str | None
    presentation: Presentation
    verified: Verified
    note: str
    peer_note: str
    suggestion: SuggestionView | None
    first_receiver: str
    owner: str
    settled: Settled | None
    danger: bool
    consent: Consent
    opened_at: float
    changed_at: float
    version: int
    channel: str
    region: str
    level: int
    matter: str
    category: str
    category_version: str
    department: str
    unit: str
    location: str
    summary: str
    peer_state: str
    system_number: str
    confidential: bool = Field(description="保密: in lists and files without its words")
    language: str = Field(description="the caller's, BCP 47; empty when nobody has said")
    deadlines: list[DeadlineView]


class TicketList(View):
    """Tickets, newest first; `after` asks for the next page, null when there is none."""

    tickets: list[TicketView]
    after: str | None = None


class TraceEntry(View):
    """One audited step, with what the audit keeps of it (never a number)."""

    at: float
    what: str
    call_id: str
    detail: dict[str, Any]


class TraceMoment(View):
    """One moment of the incident at one of the platforms. `who`: an agent's or a unit's code, or the other platform.

    `what` begins with call, leg, recording, ticket or message; `call_id` and `ticket_id` are "" where there is none.
    """

    at: float
    platform: str
    what: str
    call_id: str = ""
    ticket_id: str = ""
    who: str = ""
    detail: dict[str, Any]


class ReasonView(View):
    """An agent's words on why he decided as he did; `about`: "owner" or "consent"."""

    at: float
    by: str
    about: str
    text: str


class ReasonList(View):
    """Every reason of a ticket, oldest first."""

    reasons: list[ReasonView]


class TraceView(View):
    """One incident as far as this platform knows it; `timeline` is both platforms' in one row, oldest first."""

    incident_id: str
    site: str
    calls: list[CallView]
    tickets: list[TicketView]
    entries: list[TraceEntry]
    timeline: list[TraceMoment]
