"""The life of one ticket after it was opened: 派发 -> 签收 -> 办理 -> 反馈 -> 回访 -> 办结, and the ways beside it.

Rules of this file
1. Everything that can change a ticket's state is a row of `TABLE`; every state has a row for every event, and
   `nothing` is a row. No event raises; what may not be asked is refused before (`ticket_refusals.py`).
2. The other platform's ticket of the pair has a life of its own there. What we hear of it are events here.
3. Danger is only ever raised. A closed or merged ticket stays so (R-041, X-3); the other platform's call-back is kept,
   and confidence is marked and lifted in the archive, too.
4. A matter is returned once at most, and never where a precedent binds it (R-017, R-018).
5. A repeated event changes nothing. `version` counts the changes: who writes must have read the newest.
6. No I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from callflow.domain.tickets import (
    CalledBack,
    Chased,
    CitizenTold,
    Closed,
    Described,
    Dispatched,
    Disputed,
    Entrusted,
    Escalated,
    FedBack,
    Happening,
    Life,
    Merged,
    PeerCalledBack,
    PeerFedBack,
    Relevelled,
    Responded,
    Returned,
    Sealed,
    Settled,
    Signed,
    State,
    Unsealed,
)


@dataclass(slots=True)
class Draft:
    """A life being changed, and what shall be told."""

    life: Life
    told: list[str] = field(default_factory=list)
    """Stable words for the audit, the peer and the desks, in order."""

    def change(self, word: str, **changes: object) -> None:
        """Change it and say so."""
        self.life = replace(self.life, **changes)  # type: ignore[arg-type]  # fields are checked by the laws
        self.told.append(word)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the ticket. Nothing told: nothing changed."""

    life: Life
    told: tuple[str, ...]


Rule = Callable[[Draft, Any], None]


class Row(NamedTuple):
    """One consequence and the states it may lead to; staying is always possible."""

    rule: Rule
    to: tuple[State, ...] = ()


Rows = dict[type[Happening], Row]


def nothing(_draft: Draft, _event: Happening) -> None:
    """Nothing: late, repeated, or not for this state."""


def dispatched(draft: Draft, event: Dispatched) -> None:
    """Given to a unit; from the beginning again after a return."""
    life = draft.life
    if (life.unit, life.assisting) != (event.unit, event.assisting) or life.state is not State.DISPATCHED:
        draft.change("dispatched", state=State.DISPATCHED, since=event.at, unit=event.unit, assisting=event.assisting)


def signed(draft: Draft, event: Signed) -> None:
    """The unit has it."""
    draft.change("signed", state=State.SIGNED, since=event.at)


def responded(draft: Draft, event: Responded) -> None:
    """The unit has begun."""
    draft.change("responded", state=State.IN_HAND, since=event.at, responded_at=event.at)


def fed_back(draft: Draft, event: FedBack) -> None:
    """The unit's result; who tells the citizen in the same breath says how."""
    told = {"citizen_told_at": event.at} if event.told_by else {}
    draft.change("fed_back", state=State.FED_BACK, since=event.at, fed_back_at=event.at, **told)


def citizen_told(draft: Draft, event: CitizenTold) -> None:
    """The citizen knows the result."""
    if draft.life.citizen_told_at is None:
        draft.change("citizen_told", citizen_told_at=event.at)


def peer_fed_back(draft: Draft, _event: PeerFedBack) -> None:
    """What the other platform had to do is done."""
    if not draft.life.peer_fed_back:
        draft.change("peer_fed_back", peer_fed_back=True)


def called_back(draft: Draft, event: CalledBack) -> None:
    """The citizen was asked, once per incident (R-054)."""
    draft.change(
        "called_back", state=State.CALLED_BACK, since=event.at, called_back_at=event.at, satisfied=event.satisfied
    )


def peer_called_back(draft: Draft, event: PeerCalledBack) -> None:
    """The citizen was asked over there; nobody asks him again."""
    if draft.life.called_back_at is None:
        draft.change("peer_called_back", called_back_at=event.at, satisfied=event.satisfied)


def closed(draft: Draft, event: Closed) -> None:
    """Done."""
    draft.change("closed", state=State.CLOSED, since=event.at)


def returned(draft: Draft, event: Returned) -> None:
    """Back at the desk that dispatched it, once. A platform that gives it back owes nothing more."""
    life = draft.life
    if life.returns == 0 and not life.bound:
        owes = life.awaits_peer and life.unit != life.peer
        draft.change("returned", state=State.RETURNED, since=event.at, returns=1, awaits_peer=owes)


def disputed(draft: Draft, event: Disputed) -> None:
    """A conference decides; the clocks go on."""
    draft.change("disputed", state=State.DISPUTED, since=event.at)


def settled(draft: Draft, event: Settled) -> None:
    """Decided: the unit has it as if it had been dispatched anew."""
    draft.change(
        "settled", state=State.DISPATCHED, since=event.at, unit=event.unit, bound=draft.life.bound or event.binds
    )


def escalated(draft: Draft, _event: Escalated) -> None:
    """The police get a linked ticket beside ours; ours and its clocks go on (R-012)."""
    if not draft.life.danger:
        draft.change("escalated", danger=True)


def merged(draft: Draft, event: Merged) -> None:
    """The other ticket goes on with the matter."""
    if event.into != draft.life.ticket_id:
        draft.change("merged", state=State.MERGED, since=event.at, merged_into=event.into)


def relevelled(draft: Draft, event: Relevelled) -> None:
    """A higher level is a lower number."""
    life = draft.life
    matter = life.matter if event.matter is None else event.matter
    category = life.category if event.category is None else event.category
    judged = (event.level, matter, category)
    if event.level <= life.level and judged != (life.level, life.matter, life.category):
        deadlines = event.deadlines or life.deadlines
        draft.change("relevelled", level=event.level, matter=matter, category=category, deadlines=deadlines)


def described(draft: Draft, event: Described) -> None:
    """What it says is written anew, once."""
    if event.words != draft.life.words:
        draft.change("described", words=event.words)


def entrusted(draft: Draft, event: Entrusted) -> None:
    """Whose it mainly is follows, unless a unit of ours has it."""
    life = draft.life
    unit = {True: life.unit or event.peer, False: "" if life.unit == event.peer else life.unit}[event.owes]
    unit = life.unit if event.beside else unit
    if (life.awaits_peer, life.peer, life.unit) != (event.owes, event.peer, unit):
        fed_back = life.peer_fed_back and life.awaits_peer
        draft.change("entrusted", awaits_peer=event.owes, peer=event.peer, unit=unit, peer_fed_back=fed_back)


def sealed(draft: Draft, event: Sealed) -> None:
    """Confidential, or known to more people."""
    insiders = tuple(sorted({*draft.life.insiders, *event.insiders}))
    if (draft.life.confidential, draft.life.insiders) != (True, insiders):
        draft.change("sealed", confidential=True, insiders=insiders)


def unsealed(draft: Draft, _event: Unsealed) -> None:
    """For everybody again."""
    if draft.life.confidential:
        draft.change("unsealed", confidential=False, insiders=())


def chased(draft: Draft, event: Chased) -> None:
    """Said once."""
    if event.key not in draft.life.chased:
        draft.change("chased", chased=draft.life.chased | {event.key})


EVENTS: tuple[type[Happening], ...] = (
    Dispatched,
    Signed,
    Responded,
    FedBack,
    CitizenTold,
    PeerFedBack,
    CalledBack,
    PeerCalledBack,
    Closed,
    Returned,
    Disputed,
    Settled,
    Escalated,
    Merged,
    Relevelled,
    Described,
    Entrusted,
    Sealed,
    Unsealed,
    Chased,
)

NOTHING: Rows = {event: Row(nothing) for event in EVENTS}

CONFIDENCE: Rows = {Sealed: Row(sealed), Unsealed: Row(unsealed)}
"""Also of what is archived: a matter may turn out to be confidential after it was closed."""

OPEN: Rows = {
    **NOTHING,
    **CONFIDENCE,
    Dispatched: Row(dispatched, (State.DISPATCHED,)),
    PeerFedBack: Row(peer_fed_back),
    PeerCalledBack: Row(peer_called_back),
    CitizenTold: Row(citizen_told),
    Returned: Row(returned, (State.RETURNED,)),
    Disputed: Row(disputed, (State.DISPUTED,)),
    Escalated: Row(escalated),
    Merged: Row(merged, (State.MERGED,)),
    Relevelled: Row(relevelled),
    Described: Row(described),
    Entrusted: Row(entrusted),
    Chased: Row(chased),
}
"""What holds while the ticket lives; each state below says where it differs."""

SIGN: Rows = {Signed: Row(signed, (State.SIGNED,))}
RESPOND: Rows = {Responded: Row(responded, (State.IN_HAND,))}
FEED_BACK: Rows = {FedBack: Row(fed_back, (State.FED_BACK,))}
CLOSE: Rows = {Closed: Row(closed, (State.CLOSED,))}

TABLE: dict[State, Rows] = {
    State.DISPATCHED: {**OPEN, **SIGN},
    State.SIGNED: {**OPEN, **RESPOND, **FEED_BACK},
    State.IN_HAND: {**OPEN, **FEED_BACK},
    State.FED_BACK: {
        **OPEN,
        **CLOSE,
        Returned: Row(nothing),
        CalledBack: Row(called_back, (State.CALLED_BACK,)),
    },
    State.CALLED_BACK: {**OPEN, **CLOSE, Returned: Row(nothing)},
    State.RETURNED: {**OPEN, Returned: Row(nothing)},
    State.DISPUTED: {
        **OPEN,
        Disputed: Row(nothing),
        Returned: Row(nothing),
        Dispatched: Row(nothing),
        Settled: Row(settled, (State.DISPATCHED,)),
    },
    State.CLOSED: {**NOTHING, **CONFIDENCE, PeerCalledBack: Row(peer_called_back)},
    State.MERGED: {**NOTHING, **CONFIDENCE},
}


def live(life: Life, event: Happening) -> Outcome:
    """What this event makes of this ticket. Pure, total, and harmless to repeat."""
    draft = Draft(life)
    TABLE[life.state][type(event)].rule(draft, event)
    if not draft.told:
        return Outcome(life, ())
    return Outcome(replace(draft.life, version=life.version + 1), tuple(draft.told))
