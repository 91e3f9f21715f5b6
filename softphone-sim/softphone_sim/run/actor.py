"""Who plays on a stage, and one line of its timeline."""

from dataclasses import dataclass, field

from softphone_sim.desk import Desk
from softphone_sim.phone.handset import CallSeen, Handset


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    time_ns: int
    who: str
    what: str
    kind: str  # sip, desk, step, audio, fault, verdict


@dataclass(slots=True)
class Actor:
    """One who plays: a phone, and for an agent perhaps a desk."""

    name: str
    handset: Handset
    number: str
    platform: str | None = None
    desk: Desk | None = None
    past: list[Handset] = field(default_factory=list)
    """Phones of his that died; `handset` took their place."""

    @property
    def call(self) -> CallSeen | None:
        """The latest live call of the phone, else the latest."""
        return self.handset.call_named()

    def latest_in_events(self, key: str) -> str | None:
        """`call_id` or `incident_id` of the call that the desk has now: that of the latest pop.

        News of earlier calls may come at any time (an owner settled, a ticket linked), so they only count when
        nothing has popped.
        """
        events = self.desk.events if self.desk else []
        pops = [event for event in events if event.type == "pop"]
        return next((str(event.body[key]) for event in reversed(pops or events) if event.body.get(key)), None)
