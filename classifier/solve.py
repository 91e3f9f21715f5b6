"""Logistic regression in the space of a kernel, by L-BFGS in that space's own metric. numpy only, no chance in it.

One product with the kernel an iteration: the directions are sums of vectors whose products are known already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating]

MEMORY = 8
ITERATIONS = 60
TOLERANCE = 1e-4  # of the gradient's length, against its first
SHRINK, ENOUGH = 0.5, 1e-4  # line search
BIAS_SCALE = 10.0
SHORTEST = 1e-6


@dataclass(frozen=True, slots=True)
class Head:
    """Logits of row i: kernel(i, known) @ weights + bias."""

    weights: Matrix  # known rows x classes
    bias: Matrix  # classes


def softmax(logits: Matrix) -> Matrix:
    """Row by row, safe for large numbers."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Matrix = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def fit(kernel: Matrix, targets: Sequence[Matrix], penalty: float) -> list[Head]:
    """Minimise cross-entropy plus penalty/2 times the squared length in the kernel's space, for several heads at once.

    `targets`, one table a head: rows x classes, each row shares that add up to 1, or all 0 for a row that this head
    does not know.
    """
    # The bias is one more feature, the same for every row, nearly free of penalty.
    metric = (kernel + BIAS_SCALE).astype(np.float32)
    ends = np.cumsum([table.shape[1] for table in targets]).tolist()
    blocks = [slice(end - table.shape[1], end) for end, table in zip(ends, targets, strict=True)]
    whole = np.concatenate(targets, axis=1).astype(np.float32)
    weights = _descend(metric, lambda logits: _loss(logits, whole, blocks), whole.shape, penalty)
    return [Head(weights[:, block], BIAS_SCALE * weights[:, block].sum(axis=0)) for block in blocks]


def _loss(logits: Matrix, targets: Matrix, blocks: Sequence[slice]) -> tuple[float, Matrix]:
    value = 0.0
    slope = np.empty_like(logits)
    for block in blocks:
        part, table = logits[:, block], targets[:, block]
        counts = table.sum(axis=1, keepdims=True)
        top = part.max(axis=1, keepdims=True)
        raised = np.exp(part - top)
        total = raised.sum(axis=1, keepdims=True)
        value += float((counts * (np.log(total) + top)).sum(dtype=np.float64) - (table * part).sum(dtype=np.float64))
        slope[:, block] = raised / total * counts - table
    return value, slope


def _descend(
    metric: Matrix, loss: Callable[[Matrix], tuple[float, Matrix]], shape: tuple[int, ...], penalty: float
) -> Matrix:
    """L-BFGS with the inner product <a, b> = sum(a * metric b)."""
    at, at_seen = np.zeros(shape, np.float32), np.zeros(shape, np.float32)  # weights, and metric @ weights
    value, slope = loss(at_seen)
    past: list[tuple[Matrix, Matrix, Matrix, Matrix, float]] = []  # step, its product, change, its product, 1/<s,y>
    slope_seen = metric @ slope
    first = float((slope * slope_seen).sum())
    for _ in range(ITERATIONS):
        steep = float((slope * slope_seen).sum())
        if steep <= TOLERANCE**2 * first:
            break
        way, way_seen = _direction(slope, slope_seen, past)
        downhill = float((way * slope_seen).sum())
        length = 1.0 if past else 1.0 / np.sqrt(steep)
        while True:
            moved, moved_seen = at + length * way, at_seen + length * way_seen
            cost, part = loss(moved_seen)
            cost += penalty / 2 * float((moved * moved_seen).sum())
            if cost <= value + ENOUGH * length * downhill or length < SHORTEST:
                break
            length *= SHRINK
        grown = part + penalty * moved
        grown_seen = metric @ grown
        step, step_seen = moved - at, moved_seen - at_seen
        turn, turn_seen = grown - slope, grown_seen - slope_seen
        curve = float((step * turn_seen).sum())
        if curve > 0:
            past = [*past, (step, step_seen, turn, turn_seen, 1 / curve)][-MEMORY:]
        at, at_seen, value, slope, slope_seen = moved, moved_seen, cost, grown, grown_seen
    return at


def _direction(
    slope: Matrix, slope_seen: Matrix, past: list[tuple[Matrix, Matrix, Matrix, Matrix, float]]
) -> tuple[Matrix, Matrix]:
    way, way_seen = -slope, -slope_seen
    shares = []
    for step, _, turn, turn_seen, share in reversed(past):
        part = share * float((step * way_seen).sum())
        way, way_seen = way - part * turn, way_seen - part * turn_seen
        shares.append(part)
    if past:
        _, _, turn, turn_seen, share = past[-1]
        scale = 1 / (share * float((turn * turn_seen).sum()))
        way, way_seen = way * scale, way_seen * scale
    for (step, step_seen, _, turn_seen, share), part in zip(past, reversed(shares), strict=True):
        back = part - share * float((way * turn_seen).sum())
        way, way_seen = way + back * step, way_seen + back * step_seen
    return way, way_seen
