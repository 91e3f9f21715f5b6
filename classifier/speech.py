"""What stands round a danger word: denied, long over, imagined, told, played, or an idiom (facts: failure classes).

Every judgement looks at one sentence only, so that nothing said elsewhere can clear a cry for help.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from classifier.cues import Cue, Index
from classifier.lexicon import Group
from classifier.normalise import PlainText, simplify

# How far a word reaches, in code points of the plain text. ASR gives no commas, so reach is short.
NEGATION_REACH = 9
CONDITION_REACH = 10
TIME_REACH = 25
TOLD_REACH = 20
OVER_REACH = 18
FICTION_REACH = 20

_CLAUSE_END = re.compile(r"[，,、：:]")


class Standing(IntEnum):
    """What is left of a danger cue after its surroundings are heard."""

    CLEARED = 0
    WEAKENED = 1  # a strong cue counts as weak; a weak one stays
    LIVE = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """A standing and, unless LIVE, the name of what lowered it."""

    standing: Standing
    because: str | None = None


_LIVE = Judgement(Standing.LIVE)


class Surroundings:
    """The word lists of speech.toml, compiled; answers how one hit stands in its sentence."""

    def __init__(self, speech: Mapping[str, Mapping[str, str]], idioms: tuple[Cue, ...]) -> None:
        def words(section: str, key: str = "words") -> str:
            return "(?:" + simplify(speech[section][key]) + ")"

        self._idioms = Index(("idiom", cue) for cue in idioms)
        self._not_negation = re.compile(words("negation", "except"))
        self._negation = re.compile(words("negation") + words("negation", "fillers") + "{0,3}$")
        self._far = re.compile(words("past", "far"))
        self._near = re.compile(words("past", "near"))
        self._still = re.compile(words("past", "still"))
        self._over = re.compile(words("resolved"))
        self._condition = re.compile(words("hypothetical"))
        self._question = re.compile(words("hypothetical", "asking"))
        self._in_general = re.compile(words("hypothetical", "in_general"))
        self._threat = re.compile(words("hypothetical", "threat"))
        self._told = re.compile(words("hearsay"))
        self._played = re.compile(words("fiction"))

    def idiom_spans(self, text: PlainText) -> list[tuple[int, int]]:
        """Every idiom in the text, for `judge`."""
        return [
            match.span() for _, cue in self._idioms.likely(text.plain) for match in cue.pattern.finditer(text.plain)
        ]

    def judge(self, text: PlainText, start: int, end: int, group: Group, idioms: list[tuple[int, int]]) -> Judgement:
        """How the danger cue at plain[start:end] stands. The first reason found is the one given."""
        if any(low <= start and end <= high for low, high in idioms):
            return Judgement(Standing.CLEARED, "idiom")
        if any(start < low < end < high for low, high in idioms):  # 坐着火车: the cue's end belongs to an idiom
            return Judgement(Standing.CLEARED, "idiom")
        first, last = text.sentence(start, end)
        before, after = text.plain[first:start], text.plain[end:last]
        here = text.plain[start:end]
        for weigh in (self._denied, self._fictional, self._conditional, self._past, self._past_and_over):
            if (found := weigh(before, here, after, group)) is not None:
                return found
        return _LIVE

    def _denied(self, before: str, _here: str, _after: str, _group: Group) -> Judgement | None:
        clause = _CLAUSE_END.split(before)[-1][-NEGATION_REACH:]
        clause = self._not_negation.sub(lambda m: "□" * len(m[0]), clause)
        return Judgement(Standing.CLEARED, "negation") if self._negation.search(clause) else None

    def _fictional(self, before: str, _here: str, after: str, _group: Group) -> Judgement | None:
        near = before[-FICTION_REACH:] + "□" + after[:FICTION_REACH]
        if not self._played.search(near):
            return None
        standing = Standing.WEAKENED if self._still.search(before + after) else Standing.CLEARED
        return Judgement(standing, "fiction")

    def _conditional(self, before: str, here: str, after: str, group: Group) -> Judgement | None:
        clause = _CLAUSE_END.split(before)[-1]
        if (asked := self._question.search(before[-TOLD_REACH:])) and self._in_general.search(here + after):
            return Judgement(Standing.WEAKENED if group.lasting else Standing.CLEARED, "question")
        if asked is not None:
            return None
        condition = self._condition.search(clause[-CONDITION_REACH:])
        if condition is None or self._threat.search(clause + here + after):
            return None
        return Judgement(
            Standing.WEAKENED if group.lasting or (group.level == 1 and group.both) else Standing.CLEARED,
            "hypothetical",
        )

    def _past(self, before: str, here: str, after: str, group: Group) -> Judgement | None:
        if group.lasting:
            return None
        said = list(self._far.finditer(before[-TIME_REACH:]))
        if not said or self._still.search(before[-TIME_REACH:][said[-1].end() :] + here + after):
            return None
        return Judgement(Standing.CLEARED, "past")

    def _past_and_over(self, before: str, here: str, after: str, group: Group) -> Judgement | None:
        if self._still.search(here + after):
            return None
        over = self._over.search(after[:OVER_REACH]) is not None
        near = self._near.search(_CLAUSE_END.split(before)[-1][-TIME_REACH:]) is not None and not group.lasting
        if (over and near) or ((over or near) and not group.strong):
            return Judgement(Standing.CLEARED, "past")
        if over or near:
            return Judgement(Standing.WEAKENED, "resolved" if over else "past")
        return Judgement(Standing.WEAKENED, "hearsay") if self._told.search(before[-TOLD_REACH:]) else None
