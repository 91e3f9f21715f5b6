"""The utterances as numbers: features with their rarity, kernels between utterances, groups of near-twins."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.corpus import Utterance
from classifier.encoder import Encoder
from classifier.features import Features, excerpt, features
from classifier.heads import Vocabulary, head_names, nearness
from classifier.hits import Hit, find_hits
from classifier.lexicon import lexicon
from classifier.normalise import PlainText, normalise
from classifier.solve import Matrix

SEEN_AT_LEAST = 2  # what one utterance alone has teaches nothing about others
COMMON = 50  # a feature that more than one in so many utterances has
TWINS = 0.40  # cosine of n-grams above which two utterances must not sit on both sides of a split


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance as the pipeline hears it."""

    utterance: Utterance
    plain: PlainText
    hits: tuple[Hit, ...]
    features: Features


def hear(utterances: Sequence[Utterance]) -> tuple[Heard, ...]:
    """Normalise, find the rules, make the features."""
    data = lexicon()
    heard = []
    for row in utterances:
        plain = normalise(row.text, data.fillers)
        hits = find_hits(plain, data)
        heard.append(Heard(row, plain, hits, features(plain, hits)))
    return tuple(heard)


def vocabulary_of(heard: Sequence[Heard]) -> Vocabulary:
    """Every feature seen often enough, in the order of the alphabet."""
    seen = Counter(name for row in heard for names in row.features.kinds() for name in names)
    kept = sorted(name for name, times in seen.items() if times >= SEEN_AT_LEAST)
    rarity = np.log((1 + len(heard)) / (1 + np.array([seen[name] for name in kept]))) + 1
    return Vocabulary({name: number for number, name in enumerate(kept)}, rarity.astype(np.float16).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Sparse:
    """Rows of features, turned: for every feature the utterances that have it, and its values there."""

    rows: int
    holders: Mapping[int, tuple[NDArray[np.intp], Matrix]]

    def kernel(self) -> Matrix:
        """Rows times rows. What many have is multiplied as a table, what few have one by one."""
        whole = np.zeros((self.rows, self.rows), dtype=np.float32)
        common = [pair for pair in self.holders.values() if len(pair[0]) * COMMON > self.rows]
        table = np.zeros((self.rows, len(common)), dtype=np.float32)
        for column, (at, values) in enumerate(common):
            table[at, column] = values
        whole += table @ table.T
        for at, values in self.holders.values():
            if len(at) * COMMON <= self.rows:
                whole[np.ix_(at, at)] += np.outer(values, values)
        return whole

    def back(self, weights: Matrix, features_count: int) -> Matrix:
        """Weights of rows to weights of features."""
        out = np.zeros((features_count, weights.shape[1]))
        for number, (at, values) in self.holders.items():
            out[number] = values @ weights[at]
        return out


def turned(heard: Sequence[Heard], vocabulary: Vocabulary) -> Sparse:
    """The utterances' features by feature."""
    at: dict[int, list[int]] = {}
    values: dict[int, list[float]] = {}
    for row, one in enumerate(heard):
        found = vocabulary.weigh(one.features)
        for number, value in zip(found.numbers, found.values.tolist(), strict=True):
            at.setdefault(number, []).append(row)
            values.setdefault(number, []).append(value)
    return Sparse(len(heard), {number: (np.array(at[number]), np.array(values[number])) for number in sorted(at)})


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentence vectors, centred and cut to whole numbers just as the model keeps them."""

    middle: NDArray[np.float32]
    small: NDArray[np.int8]

    def kernel(self) -> Matrix:
        """How near each is to each."""
        known = self.small.astype(np.float32)
        known /= np.linalg.norm(known, axis=1, keepdims=True)
        return nearness(known, np.zeros(known.shape[1], dtype=np.float32), known)

    def far_from(self, heard: Sequence[Heard], encoder: Encoder, numbers: Sequence[int]) -> float:
        """How far the worst of these is from what the encoder says now: 1 - cosine."""
        apart = _centred(_read([heard[number] for number in numbers], encoder), self.middle)
        known = self.small[list(numbers)].astype(np.float32)
        known /= np.linalg.norm(known, axis=1, keepdims=True)
        return float(1 - (apart * known).sum(axis=1).min())


def _read(heard: Sequence[Heard], encoder: Encoder) -> NDArray[np.float32]:
    return encoder.encode([excerpt(row.plain.plain) for row in heard])


def _centred(vectors: NDArray[np.float32], middle: NDArray[np.float32]) -> NDArray[np.float32]:
    apart = vectors - middle
    whole: NDArray[np.float32] = apart / np.linalg.norm(apart, axis=1, keepdims=True)
    return whole


def sentences(heard: Sequence[Heard], encoder: Encoder) -> Sentences:
    """Encode all excerpts, take off the mean, cut."""
    vectors = _read(heard, encoder)
    middle = vectors.mean(axis=0).astype(np.float16).astype(np.float32)
    apart = _centred(vectors, middle)
    top = np.abs(apart).max(axis=1, keepdims=True)
    return Sentences(middle, np.round(apart / top * 127).astype(np.int8))


def targets(utterances: Sequence[Utterance]) -> dict[str, Matrix]:
    """For every head rows of shares: equally right answers share; all 0 where the label was not judged."""
    found: dict[str, Matrix] = {}
    for head, classes in head_names().items():
        table = np.zeros((len(utterances), len(classes)))
        for number, row in enumerate(utterances):
            right = [name for name in _right(row, head) if name in classes]
            for name in right:
                table[number, classes.index(name)] = 1 / len(right)
        found[head] = table
    return found


def _right(row: Utterance, head: str) -> tuple[str, ...]:
    said = {True: ("yes",), False: ("no",), None: ()}
    if head == "danger":
        return said[row.danger]
    if head == "level":
        return () if row.level is None else (str(row.level),)
    if head.startswith("line."):
        return () if row.hotlines is None else said[head.removeprefix("line.") in row.hotlines]
    answers: tuple[str, ...] = getattr(row, head)
    return answers


def twin_groups(heard: Sequence[Heard], kernel: Matrix) -> NDArray[np.intp]:
    """A number for each utterance; near-twins and generated variants have their original's."""
    parent = list(range(len(heard)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    length = np.sqrt(np.maximum(np.diag(kernel), 1e-12))
    for one, other in zip(*np.nonzero(np.triu(kernel / length / length[:, None], 1) > TWINS), strict=True):
        parent[root(int(one))] = root(int(other))
    number_of = {row.utterance.id: number for number, row in enumerate(heard)}
    for number, row in enumerate(heard):
        if row.utterance.made_from in number_of:
            parent[root(number)] = root(number_of[row.utterance.made_from])
    return np.array([root(number) for number in range(len(heard))])
