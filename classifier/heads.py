"""The trained heads at run time: features in, probabilities and the words that moved them out. numpy only.

Two models of one form: "words" (n-grams, rules, concepts) and "sentence" (the same and the sentence encoder). The file
holds small integers with one scale a column; train.py writes it, and nothing here can learn.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.corpus import HOTLINES, PLATFORMS
from classifier.features import Features
from classifier.lexicon import lexicon

Row = NDArray[np.float32]

FOLDER = Path(str(files("classifier") / "model"))
KIND_WEIGHTS = (1.0, 0.7, 0.7)  # of n-grams, rules, concepts
NEAR = 2.0  # exp(-NEAR * (1 - cosine)): how far a known sentence reaches
NEAR_WEIGHT = 2.5


def head_names() -> dict[str, tuple[str, ...]]:
    """Every head with its classes, in the order of the model's columns."""
    data = lexicon()
    yes_or_no = ("no", "yes")
    return {
        "danger": yes_or_no,
        "platform": PLATFORMS,
        "category": tuple(row.name for row in data.categories),
        "department": tuple(row.name for row in data.departments),
        "level": ("1", "2", "3"),
        **{f"line.{line}": yes_or_no for line in HOTLINES},
    }


@dataclass(frozen=True, slots=True)
class Weighed:
    """The known features of one text, with their numbers in the vocabulary and their values."""

    names: list[str]
    numbers: list[int]
    values: Row


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which features count, and how much: rarer ones more. Values of one kind have length 1 together."""

    index: Mapping[str, int]
    rarity: Row

    def weigh(self, found: Features) -> Weighed:
        """Numbers and values of the known features of one text."""
        names: list[str] = []
        numbers: list[int] = []
        times: list[int] = []
        ends = []
        number_of = self.index.get
        for kind in found.kinds():
            for name, seen in kind.items():
                if (number := number_of(name)) is not None:
                    names.append(name)
                    numbers.append(number)
                    times.append(seen)
            ends.append(len(numbers))
        raw = (
            (1 + np.log(np.array(times, dtype=np.float32))) * self.rarity[numbers]
            if numbers
            else np.zeros(0, np.float32)
        )
        start = 0
        for end, weight in zip(ends, KIND_WEIGHTS, strict=True):
            if end > start:
                raw[start:end] *= weight / math.sqrt(float(raw[start:end] @ raw[start:end]))
            start = end
        return Weighed(names, numbers, raw.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the heads think: for every head the probability of each of its classes; calibrated."""

    shares: Mapping[str, Row]

    @property
    def danger(self) -> float:
        """How much it sounds like danger, 0..1."""
        return float(self.shares["danger"][1])


@dataclass(frozen=True, slots=True)
class Model:
    """One trained model. `known` are the sentences it was trained on, as centred vectors; empty without encoder."""

    vocabulary: Vocabulary
    names: Mapping[str, tuple[str, ...]]
    weights: NDArray[np.int8]  # features x columns
    scales: Row  # of the columns
    bias: Row
    middle: Row  # the mean sentence vector
    known: Row  # sentences x 384
    known_weights: Row  # sentences x columns
    calibration: Mapping[str, Sequence[float]]  # head -> slope of its logits, then a shift a class
    facts: Mapping[str, Any]

    @property
    def reads_sentences(self) -> bool:
        """Whether it needs a sentence vector."""
        return bool(len(self.known))

    def opinion(self, found: Weighed, vector: Row | None) -> Opinion:
        """The calibrated probabilities for one text; `vector` is the encoder's, needed if it reads sentences."""
        logits = self.bias + (found.values @ self.weights[found.numbers]) * self.scales
        if self.reads_sentences:
            assert vector is not None
            logits = logits + nearness(vector[None, :], self.middle, self.known)[0] @ self.known_weights
        return Opinion(calibrated(self.names, logits, self.calibration))

    def pull(self, found: Weighed, column: int, against: Sequence[int]) -> dict[str, float]:
        """By how much each feature pulls towards one class and away from the mean of others."""
        rows = self.weights[found.numbers]
        towards = rows[:, column] * self.scales[column]
        away = (rows[:, list(against)] * self.scales[list(against)]).mean(axis=1)
        return dict(zip(found.names, (found.values * (towards - away)).tolist(), strict=True))

    def column(self, head: str, name: str) -> int:
        """The number of a class's column."""
        at = 0
        for other, classes in self.names.items():
            if other == head:
                return at + classes.index(name)
            at += len(classes)
        raise KeyError(head)


def nearness(vectors: Row, middle: Row, known: Row) -> Row:
    """How near each vector is to each known sentence, after the mean is taken off (cosines of e5 sit in 0.83-0.93)."""
    apart = vectors - middle
    apart = apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
    reach: Row = NEAR_WEIGHT * np.exp(-NEAR * (1 - apart @ known.T))
    return reach


def calibrated(
    names: Mapping[str, tuple[str, ...]], logits: Row, calibration: Mapping[str, Sequence[float]]
) -> dict[str, Row]:
    """Logits of all columns to probabilities, head by head."""
    sizes = [len(classes) for classes in names.values()]
    starts = np.cumsum([0, *sizes[:-1]])
    slopes = np.repeat(np.array([calibration[head][0] for head in names], dtype=np.float32), sizes)
    part = logits * slopes + np.array([shift for head in names for shift in calibration[head][1:]], dtype=np.float32)
    raised = np.exp(part - np.repeat(np.maximum.reduceat(part, starts), sizes))
    shares = raised / np.repeat(np.add.reduceat(raised, starts), sizes)
    return {head: shares[start : start + size] for head, start, size in zip(names, starts.tolist(), sizes, strict=True)}


@cache
def _vocabulary(names: bytes, rarity: bytes) -> Vocabulary:
    """Both models are trained on the same features: their names are kept once."""
    index = {name: number for number, name in enumerate(names.decode("utf-8").split("\n"))}
    return Vocabulary(index, np.frombuffer(rarity, dtype=np.float16).astype(np.float32))


@cache
def load(name: str) -> Model | None:
    """The model "words" or "sentence" from the repository, or None when it was never trained."""
    path = FOLDER / f"{name}.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        facts = json.loads(bytes(arrays["facts"]))
        known = arrays["known"].astype(np.float32)
        known /= np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-9) if len(known) else 1.0
        return Model(
            vocabulary=_vocabulary(arrays["names"].tobytes(), arrays["rarity"].tobytes()),
            names=head_names(),
            weights=arrays["weights"],
            scales=arrays["scales"].astype(np.float32),
            bias=arrays["bias"].astype(np.float32),
            middle=arrays["middle"].astype(np.float32),
            known=known,
            known_weights=arrays["known_weights"].astype(np.float32),
            calibration=facts["calibration"],
            facts=facts,
        )
