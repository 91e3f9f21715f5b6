"""`./run classify train`: from the utterances in the repository to the two models. The same input, the same bytes."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier import matrix
from classifier.corpus import Utterance, corpus, corpus_hash
from classifier.encoder import Encoder
from classifier.heads import FOLDER, Vocabulary
from classifier.lexicon import lexicon
from classifier.solve import Head, Matrix, Solved, solve

FOLDS = 3
SAMPLE = 16  # one utterance in so many is read anew
MOVED = 0.02  # 1 - cosine: a vector cut to whole numbers is 0.0001 off, that of another sentence 0.3
FAIR_WRITERS = frozenset(
    {f"writer-{name}" for name in (*"diptuvwxz", "aa", "ac", "ae")} | {f"fair-{number}" for number in range(1, 7)}
)
"""What the confidence is calibrated on: they were asked for a fair sample, the others for traps, twins or one thing."""
HIDING_WRITERS = frozenset({"writer-m", "writer-n"})
"""Told to hide danger or the second matter: calibrated on them, all else would sound more dangerous than it is."""
NEWTON_STEPS = 15
SMALLEST_STEP = 1e-9
SHRINK = 1.0  # pulls shifts of classes that hardly occur towards 0
CLOCK = (1980, 1, 1, 0, 0, 0)  # in the archive: a training leaves no time of day


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that training and evaluation need, made once."""

    heard: tuple[matrix.Heard, ...]
    vocabulary: Vocabulary
    sparse: matrix.Sparse
    sentences: matrix.Sentences | None
    targets: Mapping[str, Matrix]
    kernels: Mapping[str, Matrix]  # "words", and "sentence" where there is an encoder

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """The utterances in their order."""
        return tuple(row.utterance for row in self.heard)


def material(utterances: Sequence[Utterance], encoder: Encoder | None, *, trust: bool = False) -> Material:
    """Features, vectors, kernels and targets of these utterances.

    `trust`: take the sentence vectors of the committed model where it knows the same corpus, and read only a sample
    anew. Raises ValueError when the sample differs.
    """
    heard = matrix.hear(utterances)
    vocabulary = matrix.vocabulary_of(heard)
    sparse = matrix.turned(heard, vocabulary)
    words = sparse.kernel()
    kernels = {"words": words}
    sentences = None
    if encoder is not None:
        sentences = committed(heard, encoder) if trust else None
        sentences = sentences or matrix.sentences(heard, encoder)
        kernels["sentence"] = words + sentences.kernel()
    return Material(heard, vocabulary, sparse, sentences, matrix.targets(utterances), kernels)


def committed(heard: Sequence[matrix.Heard], encoder: Encoder) -> matrix.Sentences | None:
    """The sentence vectors in the committed model; None when it was trained on other utterances.

    Raises:
        ValueError: one in SAMPLE, read anew, is not what is there.
    """
    path = FOLDER / "sentence.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        if json.loads(bytes(arrays["facts"]))["corpus"] != corpus_hash():
            return None
        known = matrix.Sentences(arrays["middle"].astype(np.float32), arrays["known"])
    far = known.far_from(heard, encoder, range(0, len(heard), SAMPLE))
    if far > MOVED:
        raise ValueError(f"the sentence vectors of the committed model are {far:.3f} off: run ./run classify train")
    return known


def folds(groups: NDArray[np.intp], count: int = FOLDS) -> NDArray[np.intp]:
    """A fold for each utterance; a group is never divided. No chance in it: groups are dealt out by a fixed shuffle."""
    names = np.unique(groups)
    dealt = dict(zip(np.random.default_rng(12345).permutation(names).tolist(), range(len(names)), strict=True))
    return np.array([dealt[group] % count for group in groups.tolist()])


def authors(made: Material) -> NDArray[np.intp]:
    """The author of each utterance as a number; a generated variant goes with its original's, or it would leak."""
    author_of = {row.id: row.author for row in made.utterances}
    names = sorted(set(author_of.values()))
    return np.array([names.index(author_of[row.made_from or row.id]) for row in made.utterances])


def solved(made: Material) -> dict[str, Solved]:
    """The heads of every model that this machine can make, with what they say of authors whom they never saw."""
    return {name: solve(kernel, made.targets, authors(made)) for name, kernel in made.kernels.items()}


def calibrations(made: Material, unseen: Mapping[str, Matrix]) -> dict[str, tuple[float, ...]]:
    """Slope and shifts of each of these heads, on what it says of writers whom it never saw.

    Danger and the hotlines are calibrated on nearly everybody, traps and all: how often danger is called counts there.
    Elsewhere each author counts the same, however much he wrote: the confidence is wrong by author, not by utterance.
    """
    authors_of = np.array([row.author for row in made.utterances])
    everybody = ~np.isin(authors_of, list(HIDING_WRITERS))
    fair = np.isin(authors_of, list(FAIR_WRITERS))
    found = {}
    for head, logits in unseen.items():
        if head == "danger" or head.startswith("line.") or not fair.any():
            found[head] = calibrate(logits[everybody], made.targets[head][everybody])
        else:
            found[head] = calibrate(logits[fair], made.targets[head][fair], alike(authors_of[fair]))
    return found


def alike(author: NDArray[np.str_]) -> Matrix:
    """Weights of rows with which every author counts the same; 1 in the mean."""
    _, number, written = np.unique(author, return_inverse=True, return_counts=True)
    weight: Matrix = written.mean() / written[number]
    return weight


def calibrate(logits: Matrix, table: Matrix, weight: Matrix | None = None) -> tuple[float, ...]:
    """One slope, then a shift a class, that make unseen logits honest: least cross-entropy, by Newton's method.

    The problem is convex: a step that does not go down is halved, and the end is the same wherever it begins. The first
    class's shift is 0. `weight`: how much each row counts, 1 if it is left out.
    """
    judged = table.sum(axis=1) > 0
    rows, wanted = logits[judged].astype(np.float64), table[judged]
    rows = rows - rows.mean(axis=1, keepdims=True)
    counts = np.ones((len(rows), 1)) if weight is None else weight[judged][:, None]

    def shares_of(point: Matrix) -> Matrix:
        part = rows * point[0] + point[1:]
        raised = np.exp(part - part.max(axis=1, keepdims=True))
        shares: Matrix = raised / raised.sum(axis=1, keepdims=True)
        return shares

    def cost(point: Matrix) -> float:
        said = np.log(np.maximum(shares_of(point), 1e-300))
        return float(SHRINK / 2 * (point[1:] ** 2).sum() - (counts * wanted * said).sum())

    found = np.array([1.0, *np.zeros(rows.shape[1])])
    for _ in range(NEWTON_STEPS):
        shares = shares_of(found)
        apart = rows - (shares * rows).sum(axis=1, keepdims=True)
        counted = counts * shares
        by_shift = (counted * apart).sum(axis=0)
        steep = np.block(
            [
                [np.array([[(counted * apart**2).sum() + 1e-9]]), by_shift[None, :]],
                [by_shift[:, None], np.diag(counted.sum(axis=0) + SHRINK) - counted.T @ shares],
            ]
        )
        miss = counts * (shares - wanted)
        step = np.linalg.solve(steep, np.array([(miss * rows).sum(), *(miss.sum(axis=0) + SHRINK * found[1:])]))
        while np.abs(step).max() > SMALLEST_STEP and cost(found - step) > cost(found):
            step /= 2
        found = found - step
    return tuple(np.round([found[0], *(found[1:] - found[1])], 4).tolist())


def train(made: Material, solutions: Mapping[str, Solved], folder: Path = FOLDER) -> list[str]:
    """Calibrate on unseen authors and write every model; returns what it wrote, one line each."""
    said = []
    for name, solution in solutions.items():
        calibration = calibrations(made, solution.unseen)
        arrays = _arrays(made, solution.heads, sentences=made.sentences if name == "sentence" else None)
        facts = {
            "calibration": calibration,
            "utterances": len(made.heard),
            "corpus": corpus_hash(),
            "rules": lexicon().version,
        }
        folder.mkdir(parents=True, exist_ok=True)
        size = _write(folder / f"{name}.npz", arrays, facts)
        said.append(f"{name}: {len(made.heard)} utterances, {len(made.vocabulary.index)} features, {size / 1e6:.1f} MB")
    return said


def _arrays(made: Material, heads: Mapping[str, Head], sentences: matrix.Sentences | None) -> dict[str, NDArray[Any]]:
    weights = np.concatenate([head.weights for head in heads.values()], axis=1)
    by_feature = made.sparse.back(weights, len(made.vocabulary.index))
    scales = np.maximum(np.abs(by_feature).max(axis=0), 1e-9) / 127
    return {
        "names": np.frombuffer("\n".join(made.vocabulary.index).encode("utf-8"), dtype=np.uint8),
        "rarity": made.vocabulary.rarity.astype(np.float16),
        "weights": np.round(by_feature / scales).astype(np.int8),
        "scales": scales.astype(np.float32),
        "bias": np.concatenate([head.bias for head in heads.values()]).astype(np.float32),
        "middle": np.zeros(0, np.float16) if sentences is None else sentences.middle.astype(np.float16),
        "known": np.zeros((0, 0), np.int8) if sentences is None else sentences.small,
        "known_weights": np.zeros((0, 0), np.float16) if sentences is None else weights.astype(np.float16),
    }


ROUNDING = 2  # whole steps of a weight by which another processor's rounding may differ


def compare(name: str, folder: Path) -> str:
    """How a model trained into `folder` compares with the committed one: "same …", or "DIFFERS …" with the reason."""
    with np.load(FOLDER / f"{name}.npz") as old, np.load(folder / f"{name}.npz") as new:
        if bytes(old["names"]) != bytes(new["names"]) or old["weights"].shape != new["weights"].shape:
            return f"DIFFERS {name}: other features; run ./run classify train and commit classifier/model"
        steps = int(np.abs(old["weights"].astype(np.int16) - new["weights"].astype(np.int16)).max())
        if steps > ROUNDING:
            return (
                f"DIFFERS {name}: a weight is {steps} steps off; run ./run classify train and commit classifier/model"
            )
    same = (FOLDER / f"{name}.npz").read_bytes() == (folder / f"{name}.npz").read_bytes()
    return f"same {name}: " + ("byte by byte" if same else f"weights within {steps} steps (another processor)")


def _write(path: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> int:
    """An .npz without times; returns its size in bytes."""
    said = np.frombuffer(json.dumps(facts, ensure_ascii=False, sort_keys=True).encode("utf-8"), dtype=np.uint8)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {**arrays, "facts": said}.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", CLOCK), stream.getvalue(), zipfile.ZIP_DEFLATED)
    return path.stat().st_size


def main(keep: Path) -> list[str]:
    """Train on the whole corpus. Vectors: of the committed model if it knows the same corpus (a sample is read anew).

    Else of `keep`; what is not there is read, 30 ms each.
    """
    made = material(corpus(), Encoder(keep), trust=True)
    return train(made, solved(made))
