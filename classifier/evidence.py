"""Which words moved the heads: the model's part of the evidence, as spans with rule ids of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from classifier.features import Features, concepts_at, grams_at
from classifier.heads import Model, Weighed
from classifier.normalise import PlainText
from classifier.suggestion import Platform

SPANS_AT_MOST = 3
WORTH_SHOWING = 0.25  # of the strongest character's pull
READ_AT_MOST = 2_000  # characters in which words are sought

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was answered, and is to be explained."""

    danger: bool
    platform: Platform
    category: str | None

    def heads(self) -> Iterator[tuple[str, str]]:
        """The heads whose answer is to be explained, with that answer."""
        if self.danger:
            yield "danger", "yes"
        elif self.category is not None:
            yield "category", self.category
        if self.platform is Platform.NONE:
            yield "platform", self.platform.value


def pulled_words(text: PlainText, found: Features, weighed: Weighed, model: Model, asked: Asked) -> Iterator[Span]:
    """(start, end, rule) in the original text for the words that pulled most towards the answer.

    The sentence encoder reads a text as a whole, so its pull has no words; these are those of the other heads.
    """
    if not text.plain.strip("\n"):
        return
    for head, name in asked.heads():
        column = model.column(head, name)
        others = [model.column(head, other) for other in model.names[head] if other != name]
        spans = _spans(text.plain[:READ_AT_MOST], found, model.pull(weighed, column, others))
        if not spans and head == "danger":
            spans = [(0, min(len(text.plain), READ_AT_MOST))]
        for start, end in spans:
            yield (*text.span(start, end), "danger.words" if head == "danger" else f"model.{head}")


def _spans(plain: str, found: Features, pulls: Mapping[str, float]) -> list[tuple[int, int]]:
    """Runs of characters with the strongest pull, the best first."""
    weight = [0.0] * len(plain)
    for at, gram in grams_at(plain):
        if (pull := pulls.get(gram)) is not None:
            share = pull / len(gram) / found.grams[gram]
            for place in range(at, at + len(gram)):
                weight[place] += share
    for start, end, concept in concepts_at(plain):
        if (pull := pulls.get(f"c:{concept}")) is not None:
            for place in range(start, end):
                weight[place] += pull / (end - start)
    top = max(weight, default=0.0)
    return _runs(weight, top * WORTH_SHOWING) if top > 0 else []


def _runs(weight: list[float], least: float) -> list[tuple[int, int]]:
    runs: list[tuple[float, int, int]] = []
    start = None
    for place, value in enumerate([*weight, 0.0]):
        if value >= least and start is None:
            start = place
        elif value < least and start is not None:
            if place - start > 1:  # a single character explains nothing
                runs.append((sum(weight[start:place]), start, place))
            start = None
    best = sorted(runs, reverse=True)[:SPANS_AT_MOST]
    return [(start, end) for _, start, end in best]
