"""What the trained heads see of a text: character n-grams, what it is about (concepts and their pairs), rules hit.

A feature is a name and a raw value; the three kinds are weighed apart, because ten n-grams of a cry must not drown
the one rule that hears it. Everything works on plain text (normalise.py), so that offsets lead back to the words.
"""

import math
import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from classifier.hits import Hit
from classifier.lexicon import Kind
from classifier.normalise import PlainText

LONGEST_GRAM = 3
WINDOW, STEP = 40, 20  # concepts are paired within this many characters: two steps
EXCERPT = 40  # characters the sentence encoder reads; each costs about a millisecond on one core
SHORTEST_CLAUSE = 4  # below this a clause says nothing

_DIGIT = re.compile(r"[0-9]")
_BREAK = re.compile(r"\W+")
_CLAUSE = re.compile(r"[^，。！？!?；;,、：:\n]+")

_NONE: frozenset[str] = frozenset()

GRAM, RULE, CONCEPT = range(3)  # the kinds; also their order in Features


@dataclass(frozen=True, slots=True)
class Features:
    """Names with raw values, by kind."""

    grams: dict[str, int]
    rules: dict[str, int]
    concepts: dict[str, int]

    def kinds(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """The three in the order of GRAM, RULE, CONCEPT."""
        return self.grams, self.rules, self.concepts


@cache
def words_of_concepts() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[int, ...]]]:
    """Word -> its concepts; and first character -> how long the words are that begin so."""
    text = (files("classifier") / "data" / "concepts.toml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for part in tomllib.loads(text).values():
        for concept, words in part.items():
            for word in words.split():
                found.setdefault(word, []).append(concept)
    lengths: dict[str, set[int]] = {}
    for word in found:
        lengths.setdefault(word[0], set()).add(len(word))
    return (
        {word: tuple(sorted(set(names))) for word, names in found.items()},
        {first: tuple(sorted(some)) for first, some in lengths.items()},
    )


def features(text: PlainText, hits: Iterable[Hit]) -> Features:
    """All features of one text; the same text and hits give the same features."""
    grams: dict[str, int] = {}
    for _, gram in grams_at(text.plain):
        grams[gram] = grams.get(gram, 0) + 1
    return Features(grams, _rules(hits), _concepts(text.plain))


def grams_at(plain: str) -> Iterator[tuple[int, str]]:
    """(start, n-gram) for every n-gram up to LONGEST_GRAM within a clause; digits count as one."""
    folded = _DIGIT.sub("0", plain)
    start = 0
    for segment in [*_BREAK.finditer(folded), None]:
        end = len(folded) if segment is None else segment.start()
        for at in range(start, end):
            for length in range(1, min(LONGEST_GRAM, end - at) + 1):
                yield at, folded[at : at + length]
        if segment is not None:
            start = segment.end()


def concepts_at(plain: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, concept) for every word that stands for one, also inside longer words."""
    words, lengths = words_of_concepts()
    for at, first in enumerate(plain):
        for length in lengths.get(first, ()):
            word = plain[at : at + length]
            if len(word) == length:
                for concept in words.get(word, ()):
                    yield at, at + length, concept


def _concepts(plain: str) -> dict[str, int]:
    names: dict[str, int] = {}
    by_step: dict[int, set[str]] = {}  # a window is two steps: each place is looked at twice, however long the text
    for start, _, concept in concepts_at(plain):
        names[f"c:{concept}"] = 1
        by_step.setdefault(start // STEP, set()).add(concept)
    steps = range(max(1, math.ceil((len(plain) - WINDOW + STEP) / STEP)))
    windows = (tuple(sorted(by_step.get(step, _NONE) | by_step.get(step + 1, _NONE))) for step in steps)
    for near in dict.fromkeys(windows):  # in the order of the text: the same text, the same order of features
        names.update((f"p:{one}+{other}", 1) for i, one in enumerate(near) for other in near[i + 1 :])
    return names


def _rules(hits: Iterable[Hit]) -> dict[str, int]:
    """A danger rule says besides how it stands; and whether any strong or weak cue stands at all."""
    names: dict[str, int] = {}
    for hit in hits:
        if hit.group.is_local:
            continue  # a site's own cue: the model has never seen it
        if hit.group.kind is not Kind.DANGER:
            names[f"r:{hit.group.rule}"] = 1
            continue
        standing = hit.judgement.standing.name.lower()
        names[f"r:{hit.group.rule}!{standing}"] = 1
        names[f"r:danger!{standing}!{'strong' if hit.group.strong else 'weak'}"] = 1
    return names


def excerpt(plain: str) -> str:
    """What the encoder reads: the whole, or of a longer text the clauses that are about most, in their order."""
    if len(plain) <= EXCERPT:
        return plain
    clauses = [match.span() for match in _CLAUSE.finditer(plain)]
    found = list(concepts_at(plain))
    starts = [start for start, _, _ in found]

    def weight(span: tuple[int, int]) -> float:
        near = found[bisect_left(starts, span[0]) : bisect_left(starts, span[1])]
        inside = {concept for _, end, concept in near if end <= span[1]}
        length = SHORTEST_CLAUSE + min(span[1] - span[0], EXCERPT)
        return len(inside) / math.sqrt(length)

    chosen: list[tuple[int, int]] = []
    room = EXCERPT
    for span in sorted(clauses, key=lambda span: (-weight(span), span)):
        if room < SHORTEST_CLAUSE:
            break
        chosen.append((span[0], min(span[1], span[0] + room)))
        room -= chosen[-1][1] - chosen[-1][0] + 1
    return "，".join(plain[start:end] for start, end in sorted(chosen))
