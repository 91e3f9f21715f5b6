"""A ticket after it was opened, and what may happen to it: frozen records, changed only by `ticket_life.live`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from callflow.domain.limits import Deadline, Level, Matter, Stage
from callflow.domain.names import IncidentId, SiteId, TicketId


class State(StrEnum):
    """Where a ticket stands. The words on the desk are in brackets."""

    DISPATCHED = "dispatched"  # 派发
    SIGNED = "signed"  # 签收
    IN_HAND = "in_hand"  # 办理
    FED_BACK = "fed_back"  # 反馈
    CALLED_BACK = "called_back"  # 回访
    CLOSED = "closed"  # 办结
    RETURNED = "returned"  # 退回：等待重新派发
    DISPUTED = "disputed"  # 会商
    MERGED = "merged"  # 并单


@dataclass(frozen=True, slots=True)
class Life:
    """A ticket's state with everything that decides what may come next. Moments are epoch seconds."""

    ticket_id: TicketId
    incident_id: IncidentId
    state: State
    since: float
    opened_at: float
    level: Level
    matter: Matter
    limits: str
    """Name of the limits under which it was opened; it keeps them (R-032)."""
    unit: str
    """The main unit (主办) by its code; "" until it is dispatched to one."""
    assisting: tuple[str, ...] = ()
    """Assisting units (协办), in the order in which they were added (R-051)."""
    peer: SiteId | None = None
    came_from_peer: bool = False
    """The other platform had the matter first and gave it to us."""
    awaits_peer: bool = False
    """The linked matter is dealt with at the other platform; its feedback must come before we close (R-041)."""
    peer_fed_back: bool = False
    danger: bool = False
    bound: bool = False
    """A precedent says whose matter this is; it cannot be returned (R-017)."""
    returns: int = 0
    responded_at: float | None = None
    fed_back_at: float | None = None
    citizen_told_at: float | None = None
    called_back_at: float | None = None
    satisfied: bool | None = None
    merged_into: TicketId | None = None
    category: str = ""
    """Its place in the official tree; the scheme and its version stand beside it in the books (R-048)."""
    deadlines: tuple[Deadline, ...] = ()
    """What is due, as counted when the level and the matter were last said."""
    chased: frozenset[str] = frozenset()
    confidential: bool = False
    """Marked 保密: it is there only for its insiders, its units, supervisors and auditors (R-056)."""
    insiders: tuple[str, ...] = ()
    """The accounts that know it, sorted: whoever had its calls, took its steps, set the mark, or was let in."""
    words: str = ""
    """Digest of what it says (`Described.words`): tells a change, and nothing of what was said."""
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Closed or merged: nothing more happens to it."""
        return self.state in (State.CLOSED, State.MERGED)

    @property
    def knows(self) -> tuple[str, ...]:
        """Accounts and units that see it although it is confidential; nobody is named while it is not."""
        return (*self.insiders, self.unit, *self.assisting) if self.confidential else ()

    @property
    def done(self) -> frozenset[Stage]:
        """Stages that need no chasing any more."""
        signed = {Stage.SIGNED} if self.state not in (State.DISPATCHED, State.RETURNED) else set()
        responded = {Stage.RESPONSE} if self.responded_at is not None else set()
        result = {Stage.RESULT} if self.fed_back_at is not None or self.is_over else set()
        return frozenset(signed | responded | result)

    @property
    def open_deadlines(self) -> tuple[Deadline, ...]:
        """What is still due, earliest first."""
        return () if self.is_over else tuple(one for one in self.deadlines if one.stage not in self.done)


# ---- what happens


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to the ticket, when, and by whom (an agent, a unit, a peer, "clock")."""

    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Dispatched(Happening):
    """派发: given to a unit (again, after a return)."""

    unit: str
    assisting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed(Happening):
    """签收: the unit has it."""


@dataclass(frozen=True, slots=True)
class Responded(Happening):
    """初步响应: the unit has begun; the first response of levels 1 and 2."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class FedBack(Happening):
    """反馈: the unit's result. `told_by`: how the citizen was told, "" when he was not yet (R-053)."""

    result: str
    told_by: str = ""


@dataclass(frozen=True, slots=True)
class CitizenTold(Happening):
    """The citizen was told the result, by this channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class PeerFedBack(Happening):
    """The other platform's feedback on the linked ticket has come."""

    result: str


@dataclass(frozen=True, slots=True)
class CalledBack(Happening):
    """回访: the citizen was asked; `satisfied` None when he gave no answer."""

    satisfied: bool | None


@dataclass(frozen=True, slots=True)
class PeerCalledBack(Happening):
    """回访 by the other platform, whose matter it is: one an incident (R-054). We keep the answer."""

    satisfied: bool | None


@dataclass(frozen=True, slots=True)
class Closed(Happening):
    """办结."""


@dataclass(frozen=True, slots=True)
class Returned(Happening):
    """退回: the unit says that it is not its matter, once, with a reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disputed(Happening):
    """会商: the units or the platforms do not agree whose matter it is."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settled(Happening):
    """The dispute is decided: this unit has it. `binds`: like matters follow (R-017, R-052)."""

    unit: str
    binds: bool


@dataclass(frozen=True, slots=True)
class Escalated(Happening):
    """升级: danger, crime or a conflict out of hand; the police get a linked ticket (R-012)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Merged(Happening):
    """并单: the same matter as another ticket, which goes on (X-3)."""

    into: TicketId


@dataclass(frozen=True, slots=True)
class Relevelled(Happening):
    """A person judged it anew. A level is raised and never lowered once units were told; None leaves as it was.

    `deadlines` are those of the new judgement, counted from the opening.
    """

    level: Level
    matter: Matter | None = None
    category: str | None = None
    deadlines: tuple[Deadline, ...] = ()


@dataclass(frozen=True, slots=True)
class Described(Happening):
    """A person has written where and what it is; None leaves as it was. The texts stand beside the life, not in it."""

    location: str | None = None
    region: str | None = None
    summary: str | None = None

    @property
    def words(self) -> str:
        """Eight hex digits: enough to see that something is new, too few to find a text again once it was erased."""
        said = repr((self.location, self.region, self.summary))
        return hashlib.sha256(said.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Entrusted(Happening):
    """The other platform deals with the matter and owes us its feedback (R-011, R-041); or it does so no longer.

    `beside`: it has a part of its own beside ours, which goes on (R-013, R-014); whose it mainly is does not change.
    """

    peer: SiteId
    owes: bool
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Sealed(Happening):
    """保密: it is confidential from now on, also in the archive; `insiders` know it besides those who did before."""

    insiders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsealed(Happening):
    """解密: a supervisor takes the mark off, with a reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Chased(Happening):
    """催办 or 督办 was said (`limits.chases_due`)."""

    key: str
