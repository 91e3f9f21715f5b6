"""A story: what happens to one call, what we then do, and what has become of it.

`when` takes an event; `then_we` names, in order, everything decided on it, so that nothing is done unseen.
"""

from __future__ import annotations

from typing import Any, Self

from callflow.domain.calls import Call
from callflow.domain.clocks import next_deadline
from callflow.domain.events import DeadlinePassed, Event
from callflow.domain.handover import Decision
from callflow.domain.names import Phase
from callflow.domain.rules import SiteRules
from tests.unit.domain.laws import decide_lawfully
from tests.unit.domain.made_up import CALL, GOV_RULES


class Story:
    """One call's story, told in order; every law is checked at every step."""

    def __init__(self, *events: Event, rules: SiteRules = GOV_RULES) -> None:
        self.rules = rules
        self._call: Call | None = None
        self.last = Decision(None)
        self.now = 0.0
        for event in events:
            self.when(event)

    @property
    def call(self) -> Call:
        assert self._call is not None
        return self._call

    def when(self, event: Event) -> Self:
        assert event.at >= self.now, "a story is told in order"
        self.now = event.at
        self.last = decide_lawfully(self._call, event, self.rules)
        self._call = self.last.call
        return self

    def when_time_is_up(self, clock: str) -> Self:
        """Nobody does anything until this clock, which has to be the next, runs out."""
        deadline = next_deadline(self.call, self.rules)
        assert deadline is not None
        assert deadline[1] == clock
        return self.when(DeadlinePassed(CALL, deadline[0], clock))

    def then_we(self, *done: Any) -> Self:
        """What was decided, in order: a class for its kind, or the whole record or order."""
        decided = [*self.last.records, *self.last.orders]
        seen = [made if not isinstance(named, type) else type(made) for made, named in zip(decided, done, strict=False)]
        rest = [type(made) for made in decided[len(done) :]]
        assert [*seen, *rest] == list(done)
        return self

    def then_nothing_happens(self) -> Self:
        return self.then_we()

    def so_it_is(self, phase: Phase, **fields: Any) -> Self:
        assert self.call.phase is phase
        for name, value in fields.items():
            assert getattr(self.call, name) == value, name
        return self
