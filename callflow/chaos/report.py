"""What a chaos run says: one JSON document, and the same for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from callflow.chaos.books import Books
from callflow.chaos.fates import Fate
from callflow.chaos.ledger import findings, rows_of
from callflow.chaos.plan import CALLS_FOR_THEM, CELLS, HITS_WANTED, PHASES, ChaosPlan, Fault
from callflow.chaos.seen import RunSeen
from callflow.chaos.strike import Hit
from callflow.domain.names import Phase

FINDINGS_SHOWN = 40

FATES: Mapping[Fate, tuple[str, str]] = {
    Fate.HUNG_UP_IN_TALK: ("通话中自行挂断", "hung up himself, talking"),
    Fate.HUNG_UP_WAITING: ("等待中自行挂断", "hung up himself, waiting"),
    Fate.SAID_GOODBYE: ("对方先挂断", "the last partner said goodbye"),
    Fate.CUT_BY_CARRIER: ("运营商断线", "his carrier lost him: to be called back"),
    Fate.CUT_WITH_HIS_PBX: ("本平台话务台中断", "his own PBX was killed: to be called back"),
    Fate.NEVER_THROUGH: ("未接通", "never got through: that PBX was away"),
    Fate.CUT: ("被我方切断", "cut by us"),
    Fate.STILL_THERE: ("线路残留", "still there at the end"),
}

PROMISES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("callers cut by us", ("cut", "still_there", "alone")),
    ("call-backs missing, late or for nothing", ("not_called_back", "called_back_late", "called_back_for_nothing")),
    ("incidents without exactly one owner and one end", ("owner", "call_left_open", "not_in_the_books")),
    ("tickets lost, doubled or not linked", ("ticket_lost", "ticket_doubled", "ticket_unlinked")),
    ("ghost rings", ("ghost_ring",)),
    ("orphan channels and messages", ("orphan_channel", "unsent")),
    ("legs that journal, CEL, CDR or recordings tell differently", ("legs", "cel", "cdr", "recording")),
    ("events that a program could not decide", ("undecided",)),
)  # fmt: skip
"""The promises, in the issue's order, and the ledger's rules that hold each."""


@dataclass(frozen=True, slots=True)
class Played:
    """A run that is over, with everything that is known about it."""

    plan: ChaosPlan
    broken: str | None
    at_once: int
    hits: Sequence[Hit]
    struck: Mapping[Fault, int]
    in_phase_s: Mapping[Phase, float]
    seen: RunSeen
    books: Books
    seconds: Mapping[str, float]


def document_of(played: Played) -> dict[str, Any]:
    """The document; its schema is in docs/chaos.md."""
    found = findings(played.seen, played.books)
    rows = rows_of(played.seen, played.books)
    cells = matrix(list(played.hits))
    short = [f"{fault.value}@{phase.value}" for (fault, phase), n in cells.items() if n < HITS_WANTED]
    is_full = len(played.plan.calls) < CALLS_FOR_THEM or not short
    by_rule = Counter(one.rule for one in found)
    answered = sum(one.leg.answered_ns is not None for row in rows for one in row.caller.agents)
    return {
        "ok": not found and is_full,
        "seed": played.plan.seed,
        "calls": len(played.plan.calls),
        "at_once": played.at_once,
        "break": played.broken,
        "seconds": {name: round(value, 1) for name, value in played.seconds.items()},
        "faults": {
            "struck": {fault.value: played.struck.get(fault, 0) for fault in Fault},
            "hits": {fault.value: {p.value: n for (f, p), n in cells.items() if f is fault} for fault in Fault},
            "in_phase_s": {phase.value: round(played.in_phase_s.get(phase, 0.0), 1) for phase in PHASES},
            "wanted": HITS_WANTED if len(played.plan.calls) >= CALLS_FOR_THEM else 0,
            "short": short,
        },
        "fates": {fate.value: sum(row.fate is fate for row in rows) for fate in Fate},
        "incidents": len({call.incident_id for call in played.books.calls}),
        "tickets": len(played.books.tickets),
        "called_back": len(played.books.call_backs),
        "legs": {
            "phones": answered,
            "journal": sum(step.name == "answered" for step in played.books.steps),
            "cdrs": len(played.books.cdrs),
            "recordings": len(played.books.recordings),
        },
        "broken_promises": {says: sum(by_rule[rule] for rule in rules) for says, rules in PROMISES},
        "findings": [asdict(one) for one in found],
    }


def matrix(hits: list[Hit]) -> dict[tuple[Fault, Phase], int]:
    """How often each kind of fault struck each phase."""
    counted = Counter((hit.fault, hit.phase) for hit in hits)
    return {cell: counted[cell] for cell in CELLS}


def show(out: Console, document: dict[str, Any]) -> None:
    """Matrix, fates, promises, findings, verdict."""
    out.print(_matrix(document))
    table = Table(title="fates, by the phones  来电人去向", title_justify="left")
    for column in ("去向 fate", "", "calls"):
        table.add_column(column)
    for fate, (zh, en) in FATES.items():
        table.add_row(zh, en, str(document["fates"][fate.value]))
    out.print(table)
    promises = Table(title="the ledger  对账", title_justify="left")
    promises.add_column("promise")
    promises.add_column("broken", justify="right")
    for says, broken in document["broken_promises"].items():
        promises.add_row(says, str(broken))
    out.print(promises)
    for one in document["findings"][:FINDINGS_SHOWN]:
        out.print(f"✗ {one['rule']}  {one['who']}: {one['what']}", soft_wrap=True)
    left_out = len(document["findings"]) - FINDINGS_SHOWN
    if left_out > 0:
        out.print(f"… and {left_out} more; --json has them all")
    if document["faults"]["wanted"] and document["faults"]["short"]:
        out.print(f"✗ struck fewer than {HITS_WANTED} times: {', '.join(document['faults']['short'])}", soft_wrap=True)
    verdict = "the ledger is clean  对账无误" if document["ok"] else "the ledger is NOT clean  对账有误"
    seconds = ", ".join(f"{name} {value} s" for name, value in document["seconds"].items())
    legs = document["legs"]
    out.print(
        f"{verdict}; seed {document['seed']}, {document['calls']} calls, {document['at_once']} at once,"
        f" {document['incidents']} incidents, {document['tickets']} tickets, {legs['phones']} agents' legs; {seconds}",
        soft_wrap=True,
    )


def _matrix(document: dict[str, Any]) -> Table:
    table = Table(title="calls struck, by fault and by phase  故障与阶段", title_justify="left")
    table.add_column("fault")
    for phase in PHASES:
        table.add_column(phase.value, justify="right", overflow="fold")
    table.add_column("times", justify="right")
    for fault in Fault:
        hits = document["faults"]["hits"][fault.value]
        cells = [str(hits[phase.value]) if (fault, phase) in CELLS else "–" for phase in PHASES]
        table.add_row(fault.value, *cells, str(document["faults"]["struck"][fault.value]))
    return table
