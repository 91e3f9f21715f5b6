"""Which cues of which groups stand in a text, and how each of them stands."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from classifier.cues import Index
from classifier.lexicon import SOUND_SUFFIX, Group, Kind, Lexicon, lexicon
from classifier.normalise import PlainText
from classifier.speech import Judgement, Standing, Surroundings

SPANS_COMPARED = 60  # overlaps are sought among these only
HITS_PER_GROUP = 12  # more of the same adds nothing; bounds the answer for very long texts


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue found at plain[start:end]."""

    group: Group
    start: int
    end: int
    judgement: Judgement

    @property
    def is_cleared(self) -> bool:
        """Something round it says that there is no danger."""
        return self.judgement.standing is Standing.CLEARED

    @property
    def is_strong(self) -> bool:
        """A strong cue that nothing round it has weakened."""
        return self.group.strong and self.judgement.standing is Standing.LIVE


@cache
def _surroundings() -> Surroundings:
    data = lexicon()
    return Surroundings(data.speech, data.idioms)


def find_hits(text: PlainText, data: Lexicon) -> tuple[Hit, ...]:
    """All hits in the order of the text; within one group the longest of overlapping ones."""
    matches = _matches(text.plain)
    around = _surroundings()
    idioms = around.idiom_spans(text)
    hits: list[Hit] = []
    for group in data.groups:
        if group.rule not in matches:
            continue
        for start, end in _longest(matches[group.rule]):
            judgement = Judgement(Standing.LIVE)
            if group.kind is Kind.DANGER:
                judgement = around.judge(text, start, end, group, idioms)
            hits.append(Hit(group, start, end, judgement))
    hits.sort(key=lambda hit: (hit.start, -hit.end, hit.group.rule))
    return _without_echoes(hits)


def _matches(plain: str) -> dict[str, set[tuple[int, int]]]:
    """Rule -> where its cues match."""
    found: dict[str, set[tuple[int, int]]] = {}
    for rule, cue in _index().likely(plain):
        for match in cue.pattern.finditer(plain):
            if match.end() > match.start():
                found.setdefault(rule, set()).add(match.span())
    return found


@cache
def _index() -> Index:
    return Index((group.rule, cue) for group in lexicon().groups for cue in group.cues)


def _longest(found: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of overlapping spans the longest."""
    spans = _ends(sorted(found), SPANS_COMPARED)
    if len(spans) == 1:
        return spans
    kept: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        if all(span[1] <= low or high <= span[0] for low, high in kept):
            kept.append(span)
    return _ends(sorted(kept), HITS_PER_GROUP)


def _ends(spans: list[tuple[int, int]], limit: int) -> list[tuple[int, int]]:
    """The first and the last of too many: a text of 20,000 characters ends where the caller is now."""
    return spans if len(spans) <= limit else spans[: limit // 2] + spans[-(limit // 2) :]


def _without_echoes(hits: list[Hit]) -> tuple[Hit, ...]:
    """Drop a match by sound where the words themselves were found, and a weak cue inside a strong one."""
    by_place: dict[Kind, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_place[hit.group.kind].append(hit)

    def is_echo(hit: Hit) -> bool:
        if hit.group.kind is not Kind.DANGER or hit.group.strong:
            return False
        by_sound = hit.group.rule.endswith(SOUND_SUFFIX)
        return any(
            other is not hit
            and not other.group.rule.endswith(SOUND_SUFFIX)
            and (other.group.strong or by_sound)
            and other.start < hit.end
            and hit.start < other.end
            and (by_sound or (other.start <= hit.start and hit.end <= other.end))
            for other in by_place[Kind.DANGER]
        )

    return tuple(hit for hit in hits if not is_echo(hit))
