"""The ledger: what the phones saw held against what the product says. Pure; what does not hold is a finding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from callflow.chaos.books import Books, CallBook, Cdr
from callflow.chaos.fates import TOGETHER_NS, Fate, alone, fate_of, ghost_rings, had_let_go
from callflow.chaos.house import FOURTH
from callflow.chaos.seen import CallerSeen, RunSeen
from softphone_sim.run.fates import EndedBy

S = 1_000_000_000
CALL_BACK_LIMIT_S = 5.0
GHOST_LIMIT_S = 2.0
"""A CANCEL takes its way through two PBXes and back on a busy machine; a phone that rings longer is a ghost."""

PLATFORM = frozenset({"asterisk", "python", "ami"})
CUT_BY_NATURE = frozenset({Fate.CUT_WITH_HIS_PBX, Fate.CUT_BY_CARRIER})


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that does not hold: which rule, whom it concerns, and what was seen."""

    rule: str
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Row:
    """One caller: his fate by the phones, and his calls by the books."""

    caller: CallerSeen
    fate: Fate
    calls: tuple[CallBook, ...]


def rows_of(run: RunSeen, books: Books) -> list[Row]:
    """One row a caller."""
    by_number: defaultdict[str, list[CallBook]] = defaultdict(list)
    for call in books.calls:
        by_number[call.number].append(call)
    return [Row(one, fate_of(one, run), tuple(by_number[one.number])) for one in run.callers]


def findings(run: RunSeen, books: Books) -> list[Finding]:
    """Everything that does not hold; an empty list is a clean ledger."""
    rows = rows_of(run, books)
    return [finding for rule in RULES for finding in rule(rows, run, books)]


# ---- the caller


def _nobody_is_cut(rows: list[Row], _run: RunSeen, _books: Books) -> Iterator[Finding]:
    for row in rows:
        if row.fate in (Fate.CUT, Fate.STILL_THERE):
            ended_ns = row.caller.leg.ended_ns if row.caller.leg else None
            yield Finding(row.fate.value, row.caller.number, f"ended {_at(ended_ns)}, {_struck(row)}")


def _nobody_is_alone(rows: list[Row], run: RunSeen, _books: Books) -> Iterator[Finding]:
    for row in rows:
        for at_ns, seconds in alone(row.caller, run):
            yield Finding("alone", row.caller.number, f"{seconds:.1f} s from {_at(at_ns)}, {_struck(row)}")


def _who_was_cut_is_called_back(rows: list[Row], run: RunSeen, books: Books) -> Iterator[Finding]:
    listed = {(entry.site, entry.call_id): entry for entry in books.call_backs}
    for row in rows:
        if row.fate not in CUT_BY_NATURE:
            continue
        was_waiting = row.caller.leg is not None and row.caller.leg.answered_ns is None
        for call in row.calls:
            if call.from_site is not None or _came_after_the_cut(row, call):
                continue
            entry = listed.get((call.site, call.call_id))
            if entry is None:
                if had_let_go(row.caller):
                    continue
                if row.fate is Fate.CUT_BY_CARRIER and was_waiting:
                    continue  # a CANCEL says no cause that a PBX reads: he gave up, as far as anybody can know
                yield Finding("not_called_back", row.caller.number, f"{row.fate.value}, {_struck(row)}")
            elif (late_s := _late_s(row, entry.queued_at, run)) > CALL_BACK_LIMIT_S:
                yield Finding("called_back_late", row.caller.number, f"{late_s:.1f} s after his platform was back")


def _came_after_the_cut(row: Row, call: CallBook) -> bool:
    """His phone's INVITE, sent again as phones do, reached the PBX that was started in place of the killed one."""
    cut_ns = row.caller.cut_by_pbx_ns
    return cut_ns is not None and call.arrived_at > cut_ns / S


def _late_s(row: Row, queued_at: float, run: RunSeen) -> float:
    """Seconds from his platform's return, PBX and program, to the entry."""
    cut_ns = row.caller.cut_by_pbx_ns
    if cut_ns is None:
        return 0.0
    away = [o for o in run.outages if o.site == row.caller.origin and o.part in PLATFORM and o.ended_ns >= cut_ns]
    return queued_at - max((o.ended_ns / S for o in away if o.began_ns / S <= queued_at), default=cut_ns / S)


def _nobody_is_called_back_for_nothing(rows: list[Row], run: RunSeen, books: Books) -> Iterator[Finding]:
    listed = {(entry.site, entry.call_id): entry.reason for entry in books.call_backs}
    for row in rows:
        if row.fate in CUT_BY_NATURE or row.caller.danger or row.caller.cut_by_carrier_ns:
            continue
        for call in row.calls:
            reason = listed.get((call.site, call.call_id))
            if call.from_site is None and reason is not None and not _its_pbx_died(row, call, run):
                what = f"{reason}, but {row.fate.value}, {_struck(row)}"
                yield Finding("called_back_for_nothing", row.caller.number, what)


def _its_pbx_died(row: Row, call: CallBook, run: RunSeen) -> bool:
    """The PBX was killed under this call, perhaps as it came in; his phone rings into nothing until he gives up."""
    ended_ns = row.caller.leg.ended_ns if row.caller.leg else None
    killed = [o for o in run.outages if o.site == call.site and o.part == "asterisk" and not o.frozen]
    return any(
        call.arrived_at * S <= o.began_ns + TOGETHER_NS and (ended_ns is None or ended_ns > o.began_ns) for o in killed
    )


def _everybody_is_in_the_books(rows: list[Row], _run: RunSeen, _books: Books) -> Iterator[Finding]:
    for row in rows:
        is_ours = any(call.from_site is None for call in row.calls)
        met = any(one.site == row.caller.origin for one in row.caller.agents)
        if not is_ours and met:
            yield Finding("not_in_the_books", row.caller.number, f"an agent's phone rang for him; {_struck(row)}")


def _no_ghost_rings(rows: list[Row], run: RunSeen, _books: Books) -> Iterator[Finding]:
    for row in rows:
        for one, seconds in ghost_rings(row.caller, run):
            is_of_that_pbx = one.site in (row.caller.origin, FOURTH)
            if seconds > GHOST_LIMIT_S and not (row.caller.cut_by_pbx_ns and is_of_that_pbx):
                what = f"{one.leg.phone} rang for {seconds:.1f} s after he was gone, {_struck(row)}"
                yield Finding("ghost_ring", row.caller.number, what)


# ---- the books


def _every_call_is_over(rows: list[Row], _run: RunSeen, _books: Books) -> Iterator[Finding]:
    for row in rows:
        for call in row.calls:
            if not call.is_over:
                yield Finding(
                    "call_left_open", call.number, f"{call.site} {call.call_id} is {call.phase}, {_struck(row)}"
                )


def _one_owner_an_incident(rows: list[Row], _run: RunSeen, books: Books) -> Iterator[Finding]:
    """Every incident has one owner, settled, and every book of it says the same."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    numbers: dict[str, str] = {}
    for call in books.calls:
        owners[call.incident_id].add(f"{call.owner}{'' if call.settled else ' unsettled'}")
        numbers[call.incident_id] = call.number
    for ticket in books.tickets:
        owners[ticket.incident_id].add(f"{ticket.owner}{'' if ticket.settled else ' unsettled'}")
        numbers.setdefault(ticket.incident_id, ticket.number)
    by_number = {row.caller.number: row for row in rows}
    for incident, found in owners.items():
        row = by_number.get(numbers[incident])
        if len(found) != 1 or any("unsettled" in owner for owner in found):
            where = _struck(row) if row else "nobody's call"
            yield Finding("owner", numbers[incident], f"incident {incident}: {', '.join(sorted(found))}; {where}")


def _tickets_are_pairs(rows: list[Row], _run: RunSeen, books: Books) -> Iterator[Finding]:
    """Who met an agent of the other platform has one ticket at each, naming each other; nobody has two at one."""
    by_number = defaultdict(list)
    for ticket in books.tickets:
        by_number[ticket.number].append(ticket)
    for row in rows:
        tickets = by_number[row.caller.number]
        if doubled := [site for site, n in Counter(t.site for t in tickets).items() if n > 1]:
            yield Finding("ticket_doubled", row.caller.number, f"at {', '.join(doubled)}, {_struck(row)}")
        met = any(one.site not in (row.caller.origin, FOURTH) and one.leg.answered_ns for one in row.caller.agents)
        sites = {ticket.site for ticket in tickets}
        if met and len(sites) < 2:  # noqa: PLR2004 - a pair
            yield Finding(
                "ticket_lost", row.caller.number, f"has tickets at {sorted(sites) or 'neither'}, {_struck(row)}"
            )
        names = {ticket.ticket_id for ticket in tickets}
        for ticket in tickets:
            if len(sites) > 1 and ticket.peer_ticket_id not in names:
                what = f"{ticket.ticket_id} names {ticket.peer_ticket_id or 'nobody'}, {_struck(row)}"
                yield Finding("ticket_unlinked", row.caller.number, what)


def _legs_are_in_the_journal(rows: list[Row], _run: RunSeen, books: Books) -> Iterator[Finding]:
    """Every leg that a phone saw answered is `answered` once in its platform's journal, and no other.

    A phone that was killed in the moment of its answer could not tell that it had given it.
    """
    calls = {call.call_id: call.number for call in books.calls}
    written: Counter[tuple[str, str]] = Counter(
        (step.site, calls[step.call_id]) for step in books.steps if step.name == "answered" and step.call_id in calls
    )
    for row in rows:
        ours = [one for one in row.caller.agents if one.site != FOURTH]
        answered = [one for one in ours if one.leg.answered_ns is not None]
        sure = Counter(one.site for one in answered if not _died_at_once(one.leg.answered_ns, one.leg.ended_ns))
        most = Counter(one.site for one in ours if one.leg.accepted_ns or one.leg.ended_by is EndedBy.NOBODY)
        for site in {*most, *(site for site, number in written if number == row.caller.number)}:
            have = written[site, row.caller.number]
            if not sure[site] <= have <= most[site]:
                seen = "; ".join(str(one.leg) for one in ours if one.site == site)
                what = f"{most[site]} legs answered at {site}, {have} in its journal ({seen})"
                yield Finding("legs", row.caller.number, f"{what}, {_struck(row)}")


def _legs_are_in_the_pbxes_own_records(_rows: list[Row], run: RunSeen, books: Books) -> Iterator[Finding]:
    """Every leg that the journal calls answered is in the PBX's event log and, unless it was killed, in its CDRs."""
    by_channel: defaultdict[tuple[str, str], list[Cdr]] = defaultdict(list)
    for cdr in books.cdrs:
        for channel in cdr.channels:
            by_channel[cdr.site, channel].append(cdr)
    for step in books.steps:
        if step.name != "answered":
            continue
        if step.uniqueid not in books.cel_answers:
            yield Finding("cel", step.call_id, f"{step.site} {step.channel} {step.uniqueid} has no ANSWER event")
        rows = [cdr for cdr in by_channel[step.site, step.channel] if cdr.began_at - 1 <= step.at <= cdr.ended_at + 1]
        if not any(cdr.is_answered for cdr in rows) and not _was_killed_after(step.site, step.at, run):
            yield Finding("cdr", step.call_id, f"{step.site} {step.channel} was answered, and no CDR says so")


def _was_killed_after(site: str, at: float, run: RunSeen) -> bool:
    return any(o.site == site and o.part == "asterisk" and not o.frozen and o.began_ns / S > at for o in run.outages)


def _calls_are_recorded(rows: list[Row], run: RunSeen, books: Books) -> Iterator[Finding]:
    """At a platform that records: one file of the whole call for each call that an agent answered there.

    A PBX that was killed has lost what it had not written yet, up to four seconds: perhaps all of a short call. Of a
    talk that was over in the moment of its answer there may be nothing to write.
    """
    recording_sites = {entry.split()[0] for entry in books.recordings}
    files = set(books.recordings)
    over = {step.call_id: step.at for step in books.steps if step.name == "ended"}
    answered = {
        step.call_id
        for step in books.steps
        if step.name == "answered" and over.get(step.call_id, step.at + 1) - step.at >= 1
    }
    for row in rows:
        for call in row.calls:
            if call.site not in recording_sites or call.call_id not in answered:
                continue
            whole = [one for one in call.recordings if one["kind"] == "call"]
            have = [one for one in whole if f"{call.site} {one['recording_id']}" in files]
            if len(whole) != 1 or (len(have) != 1 and not _was_killed_after(call.site, call.arrived_at, run)):
                what = f"{call.site}: {len(whole)} recordings, {len(have)} files, {_struck(row)}"
                yield Finding("recording", call.number, what)


def _died_at_once(answered_ns: int | None, ended_ns: int | None) -> bool:
    return ended_ns is not None and ended_ns - (answered_ns or 0) < S


def _nothing_is_left(_rows: list[Row], _run: RunSeen, books: Books) -> Iterator[Finding]:
    for channel in books.channels:
        yield Finding("orphan_channel", channel, "still there at the end")
    for message in books.unsent:
        yield Finding("unsent", message, "no receipt at the end")
    for line in books.undecided:
        yield Finding("undecided", line.split()[0], line)


RULES: tuple[Callable[[list[Row], RunSeen, Books], Iterator[Finding]], ...] = (
    _nobody_is_cut,
    _nobody_is_alone,
    _who_was_cut_is_called_back,
    _nobody_is_called_back_for_nothing,
    _everybody_is_in_the_books,
    _no_ghost_rings,
    _every_call_is_over,
    _one_owner_an_incident,
    _tickets_are_pairs,
    _legs_are_in_the_journal,
    _legs_are_in_the_pbxes_own_records,
    _calls_are_recorded,
    _nothing_is_left,
)


def _at(ns: int | None) -> str:
    return "never" if ns is None else f"at {ns / S:.3f}"


def _struck(row: Row) -> str:
    by = ", ".join(row.caller.struck_by) or "nothing"
    return f"story {row.caller.story!r}, struck by {by}"
