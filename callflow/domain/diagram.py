"""Makes docs/handover.md from the table, so that the picture cannot disagree with the machine.

`python -m callflow.domain.diagram > docs/handover.md`; a test keeps the file true.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from callflow.domain.clocks import CLOCKS
from callflow.domain.events import Event
from callflow.domain.handover import TABLE, Row, nothing
from callflow.domain.names import Phase
from callflow.domain.time_is_up import WHEN_TIME_IS_UP

WHO_HEARS_WHOM: dict[Phase, str] = {
    Phase.QUEUED: "The caller waits for an agent: music, announcements.",
    Phase.TALKING: "Caller and our agent.",
    Phase.INVITING: "Caller and our agent; a target is ringing.",
    Phase.CONSULTING: "Our agent and the target privately; the caller hears music.",
    Phase.THREE_WAY: "Caller, our agent and the target.",
    Phase.WAITING: "Our agent left while the target rings; the caller hears music.",
    Phase.HANDED_OVER: "Caller and target; our agent is gone. Still live and watched.",
    Phase.RECALLING: "The caller has nobody: our agent, then the head of the queue, is rung for him.",
    Phase.AGENTS_ONLY: "The caller is gone; the two agents talk on.",
    Phase.ENDED: "Over, in the normal way.",
    Phase.ABANDONED: "Over: the caller gave up waiting.",
    Phase.CALL_BACK: "Over: the caller was cut, or left in danger, and is on the call-back list.",
}

HEAD = """\
# The handover state machine

Made from `callflow/domain/handover.py` by `python -m callflow.domain.diagram`; do not edit. The phase is who hears
whom. Every phase has a row for every event; what is not named in a phase's card changes nothing there.
"""


def document() -> str:
    """The whole page: the picture, then a card for each phase."""
    return "\n".join([HEAD, *_picture(), "", *(line for phase in Phase for line in _card(phase))])


def _picture() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {Phase.QUEUED}: CallerArrived"
    for phase, rows in TABLE.items():
        arrows: dict[Phase, list[str]] = {}
        for event, row in rows.items():
            for to in row.to:
                if to is not phase:
                    arrows.setdefault(to, []).append(event.__name__)
        for to, events in arrows.items():
            yield f"    {phase} --> {to}: {', '.join(sorted(events))}"
    for phase, rows in TABLE.items():
        if not any(row.to for row in rows.values()):
            yield f"    {phase} --> [*]"
    yield "```"


def _card(phase: Phase) -> Iterator[str]:
    yield f"## {phase}"
    yield ""
    yield WHO_HEARS_WHOM[phase]
    yield ""
    comes = sorted({_from(before, event) for before, event in _ways_to(phase)})
    yield f"- comes from: {', '.join(comes) or 'a caller arriving'}"
    clocks = [f"`{clock.__name__}` ({_says(WHEN_TIME_IS_UP[clock.__name__])})" for clock in CLOCKS[phase]]
    yield f"- clocks: {', '.join(clocks)}"
    yield ""
    yield "| event | what it means here | may lead to |"
    yield "|---|---|---|"
    for event, row in sorted(TABLE[phase].items(), key=lambda item: item[0].__name__):
        if row.rule is not nothing:
            yield f"| {event.__name__} | {_says(row.rule)} | {_to(row)} |"
    yield ""


def _ways_to(phase: Phase) -> Iterator[tuple[Phase, type[Event]]]:
    for before, rows in TABLE.items():
        for event, row in rows.items():
            if phase in row.to and before is not phase:
                yield before, event


def _from(before: Phase, event: type[Event]) -> str:
    return f"{before} ({event.__name__})"


def _to(row: Row) -> str:
    return ", ".join(row.to) or "stays"


def _says(rule: object) -> str:
    """The rule's own first sentence."""
    first = (rule.__doc__ or "").strip().splitlines()[0]
    return first.rstrip(".")


if __name__ == "__main__":
    sys.stdout.write(document())
