"""One call as it goes on: its words, what is known of the caller, and a danger flag that only a human lowers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from classifier.suggest import classify
from classifier.suggestion import Action, Platform, Reason, Suggestion
from classifier.tuning import DEFAULT, Tuning

RECENT_H = 24.0
ALERT = 0.5  # a caller who was in danger today is believed at half the usual probability
REPEATED = 5  # so many calls in RECENT_H are shown to the agent; nobody is turned away for it


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier matter of the same number, as far as the site keeps it."""

    hours_ago: float
    danger: bool
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides the words. `location` is a place in words (address, cell, district), never coordinates."""

    history: tuple[Earlier, ...] = ()
    location: str = ""
    danger_by_human: bool = False


def classify_call(text: str, known: Known, site: str | None = None, tuning: Tuning = DEFAULT) -> Suggestion:
    """Suggest with what is known besides the words. Pure and repeatable; a human's danger flag is never lowered.

    Args:
        text: all words of the call so far.
        known: history and location of the caller, and whether a human has said danger.
        site: as in `classify`.
        tuning: as in `classify`.
    """
    recent = [row for row in known.history if row.hours_ago <= RECENT_H]
    was_in_danger = any(row.danger for row in recent)
    if was_in_danger:
        tuning = replace(tuning, danger_at=tuning.danger_at * ALERT)
    found = classify(text, site, tuning)
    notes = list(_notes(recent, known, tuning, was_in_danger=was_in_danger))
    if known.danger_by_human and not found.danger:
        found = _in_danger(found, site)
        notes.append(Reason("坐席已标记危险", "an agent has said danger", "human.danger"))
    return replace(found, reasons=(*found.reasons, *notes))


def _notes(recent: Sequence[Earlier], known: Known, tuning: Tuning, *, was_in_danger: bool) -> Sequence[Reason]:
    notes = []
    if was_in_danger:
        notes.append(Reason("此号码24小时内有过险情", "this number was in danger within 24 hours", "history.danger"))
    if len(recent) >= REPEATED:
        zh, en = f"24小时内第{len(recent) + 1}次来电", f"call number {len(recent) + 1} within 24 hours"
        notes.append(Reason(zh, en, "history.repeated"))
    for _, _, district in tuning.places_in(known.location)[:1]:
        notes.append(Reason(f"位置：{district}", f"location: {district}", "site.location"))
    return notes


def _in_danger(found: Suggestion, site: str | None) -> Suggestion:
    platform = found.platform if found.platform in {Platform.POLICE, Platform.BOTH} else Platform.BOTH
    action = Action.KEEP if site == Platform.POLICE else Action.ONE_KEY_110
    category = found.category or found.categories[0].name
    return replace(found, danger=True, platform=platform, action=action, category=category)


@dataclass(slots=True)
class Listener:
    """The words of one call as they come. Every answer is about all of them; what the machine raised stays raised."""

    site: str | None = None
    tuning: Tuning = DEFAULT
    known: Known = field(default_factory=Known)
    _said: list[str] = field(default_factory=list)
    _raised: bool = False
    _cleared: bool = False

    def hear(self, words: str) -> Suggestion:
        """Add words (a final piece of transcript, or what the agent typed since) and answer anew."""
        self._said.append(words)
        return self.answer()

    def revise(self, text: str) -> Suggestion:
        """Put another text in place of all words: the agent edits his note. The same text gives the same answer."""
        self._said = [text]
        return self.answer()

    def about(self, text: str, known: Known, *, denied: bool = False) -> Suggestion:
        """Answer on another whole text with what is known now; `denied`: a human takes back what the machine raised."""
        self.known, self._said = known, [text]
        if denied:
            self._raised, self._cleared = False, True
        return self.answer()

    def answer(self) -> Suggestion:
        """The suggestion for what was said so far; danger once raised stays, until a human says otherwise."""
        found = classify_call("\n".join(self._said), self.known, self.site, self.tuning)
        self._raised = self._raised or found.danger
        if self._raised and not found.danger and not self._cleared:
            found = _in_danger(found, self.site)
            earlier = Reason("通话中先前听到险情", "danger was heard earlier in this call", "call.danger")
            found = replace(found, reasons=(*found.reasons, earlier))
        return found

    def human_says(self, *, danger: bool) -> Suggestion:
        """A human raises danger or, he alone, lowers what the machine raised before."""
        self.known = replace(self.known, danger_by_human=danger)
        self._cleared = not danger
        self._raised = False
        return self.answer()
