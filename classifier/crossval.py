"""What the heads say of utterances that they never saw: by groups of near-twins, or by authors."""

from collections.abc import Iterator
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
from classifier.solve import Matrix, fit
from classifier.train import PENALTY, Material, calibrate
from classifier.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Unseen:
    """Logits of every utterance from heads that never saw its fold, and how a sentence sounds to them."""

    logits: dict[str, Matrix]
    words_of_danger: dict[int, tuple[NDArray[np.floating], float]]  # fold -> weights of features, bias
    fold: NDArray[np.intp]


def unseen(made: Material, model: str, fold: NDArray[np.intp]) -> Unseen:
    """Fit once a fold, always without it."""
    kernel, wanted = made.kernels[model], made.targets
    logits: dict[str, Matrix] = {head: np.zeros(table.shape) for head, table in wanted.items()}
    by_fold: dict[int, tuple[NDArray[np.floating], float]] = {}
    for number in np.unique(fold).tolist():
        known, asked = fold != number, fold == number
        tables = [table[known] for table in wanted.values()]
        fitted = dict(zip(wanted, fit(kernel[np.ix_(known, known)], tables, PENALTY), strict=True))
        for head, one in fitted.items():
            logits[head][asked] = kernel[np.ix_(asked, known)] @ one.weights + one.bias
        danger = (
            fitted["danger"]
            if model == "words"
            else fit(made.kernels["words"][np.ix_(known, known)], [wanted["danger"][known]], PENALTY)[0]
        )
        spread = np.zeros((len(known), 2))
        spread[known] = danger.weights
        by_feature = made.sparse.back(spread, len(made.vocabulary.index))
        by_fold[number] = (by_feature[:, 1] - by_feature[:, 0], float(danger.bias[1] - danger.bias[0]))
    return Unseen(logits, by_fold, fold)


def cases(made: Material, told: Unseen, tuning: Tuning) -> Iterator[Case]:
    """Every utterance as the pipeline would have heard it with heads that never saw it."""
    calibration = {head: calibrate(told.logits[head], table, head) for head, table in made.targets.items()}
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
