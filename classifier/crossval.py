"""What the heads say of utterances that they never saw: by groups of near-twins, or by authors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.cries import cries
from classifier.decide import Case
from classifier.features import features
from classifier.heads import Opinion, calibrated, head_names
from classifier.hits import find_hits
from classifier.lexicon import lexicon
from classifier.normalise import normalise
from classifier.solve import Matrix, Solved
from classifier.train import Material, calibrations
from classifier.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Unseen:
    """Logits of every utterance from heads that never saw its fold, and how a sentence sounds to them."""

    logits: Mapping[str, Matrix]
    words_of_danger: dict[int, tuple[NDArray[np.floating], float]]  # fold -> weights of features, bias; calibrated
    fold: NDArray[np.intp]


def unseen(made: Material, solution: Solved, of_words: Solved, fold: NDArray[np.intp]) -> Unseen:
    """What `solution` says of what it never saw; `of_words`: the same split, the heads over words alone."""
    slope, *shifts = calibrations(made, {"danger": of_words.unseen["danger"]})["danger"]
    by_fold: dict[int, tuple[NDArray[np.floating], float]] = {}
    for number, heads in of_words.without.items():
        danger = heads["danger"]
        by_feature = slope * made.sparse.back(danger.weights, len(made.vocabulary.index))
        bias = slope * float(danger.bias[1] - danger.bias[0]) + shifts[1] - shifts[0]
        by_fold[number] = (by_feature[:, 1] - by_feature[:, 0], bias)
    return Unseen(solution.unseen, by_fold, fold)


def cases(made: Material, told: Unseen, tuning: Tuning) -> Iterator[Case]:
    """Every utterance as the pipeline would have heard it with heads that never saw it."""
    calibration = calibrations(made, told.logits)
    names, data = head_names(), lexicon()
    for number, row in enumerate(made.heard):
        logits = np.concatenate([told.logits[head][number] for head in names])
        opinion = Opinion(calibrated(names, logits.astype(np.float32), calibration))
        weights, bias = told.words_of_danger[int(told.fold[number])]

        def of_sentence(part: str, weights: NDArray[np.floating] = weights, bias: float = bias) -> float:
            alone = normalise(part, data.fillers)
            found = made.vocabulary.weigh(features(alone, find_hits(alone, data)))
            return float(1 / (1 + np.exp(-(found.values @ weights[found.numbers] + bias))))

        standing = cries(row.plain, row.hits, opinion.danger, tuning.clear_below, of_sentence)
        yield Case(row.plain, row.hits, row.features, None, opinion, None, standing)
