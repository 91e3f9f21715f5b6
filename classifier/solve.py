"""Ridge regression in the space of a kernel, in closed form. numpy only, no chance in it, nothing to converge.

One factor of the kernel gives the weights for all heads, and also what they would be without any group of rows: leaving
a group out costs one small system more, no training anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating]

PENALTY = 0.4
BIAS = 1.0  # one more feature, the same for every row
SHARPNESS = 8.0  # shares of 0..1 to logits; calibration finds the true slope of each head
BLOCK = 1024  # rows inverted at once
FILLINGS = 2  # times that rows without a judgement take what the heads say that never saw their group


@dataclass(frozen=True, slots=True)
class Head:
    """Logits of row i: kernel(i, known) @ weights + bias."""

    weights: Matrix  # known rows x classes
    bias: Matrix  # classes


@dataclass(frozen=True, slots=True)
class Solved:
    """Heads that know every row, and what is said of each row by heads that never saw its group."""

    heads: Mapping[str, Head]
    unseen: Mapping[str, Matrix]  # head -> logits, rows x classes
    without: Mapping[int, Mapping[str, Head]]  # group -> heads that never saw it; their weights there are 0


def times(lower: Matrix, table: Matrix) -> Matrix:
    """A lower triangular matrix times a table, by halves: half of its numbers are 0 and need no work."""
    rows = len(lower)
    if rows <= BLOCK:
        return lower @ table
    half = rows // 2
    foot = lower[half:, :half] @ table[:half]
    foot += times(lower[half:, half:], table[half:])
    return np.concatenate([times(lower[:half, :half], table[:half]), foot])


def inverted_factor(metric: Matrix) -> Matrix:
    """The inverse of the lower Cholesky factor, by halves; numpy 2.4's own dies at 16,509 rows on two threads."""
    rows = len(metric)
    if rows <= BLOCK:
        return np.tril(np.linalg.inv(np.linalg.cholesky(metric)))
    half = rows // 2
    whole = np.zeros_like(metric)
    whole[:half, :half] = head = inverted_factor(metric[:half, :half])
    below = times(head, metric[:half, half:]).T
    whole[half:, half:] = foot = inverted_factor(metric[half:, half:] - below @ below.T)
    whole[half:, :half] = -times_right(times(foot, below), head)
    return whole


def times_right(table: Matrix, lower: Matrix) -> Matrix:
    """A table times a lower triangular matrix, as `times`."""
    rows = len(lower)
    if rows <= BLOCK:
        return table @ lower
    half = rows // 2
    head = table[:, half:] @ lower[half:, :half]
    head += times_right(table[:, :half], lower[:half, :half])
    return np.concatenate([head, times_right(table[:, half:], lower[half:, half:])], axis=1)


def solve(kernel: Matrix, targets: Mapping[str, Matrix], group: NDArray[np.intp]) -> Solved:
    """Least squares with PENALTY for every head at once.

    Args:
        kernel: rows x rows.
        targets: one table a head: rows x classes, each row shares that add up to 1, or all 0 for a row that this head
            does not know.
        group: which rows are left out together.
    """
    metric = kernel.astype(np.float32) + np.float32(BIAS)
    metric[np.diag_indices_from(metric)] += np.float32(PENALTY)
    root = inverted_factor(metric)  # the inverse is root.T @ root, and is never needed whole
    del metric
    judged = {head: table.sum(axis=1) > 0 for head, table in targets.items()}
    means = {head: table[judged[head]].mean(axis=0) for head, table in targets.items()}
    columns, at = {}, 0
    for head, table in targets.items():
        columns[head] = slice(at, at + table.shape[1])
        at += table.shape[1]
    wanted = np.concatenate(
        [np.where(judged[head][:, None], table - means[head], 0) for head, table in targets.items()], axis=1
    ).astype(np.float32)
    rows_of = {number: np.flatnonzero(group == number) for number in np.unique(group).tolist()}
    top = {number: int(rows[0]) for number, rows in rows_of.items()}  # above it these columns of the root are 0
    seen = {number: np.ascontiguousarray(root[top[number] :, rows]) for number, rows in rows_of.items()}
    blocks = {number: part.T @ part for number, part in seen.items()}
    weights, pulls = root.T @ (root @ wanted), {}
    for filling in range(FILLINGS + 1):
        pulls = {number: np.linalg.solve(blocks[number], weights[rows]) for number, rows in rows_of.items()}
        unseen = wanted.copy()
        for number, rows in rows_of.items():
            unseen[rows] -= pulls[number]
        if filling < FILLINGS:
            for head, part in columns.items():
                wanted[~judged[head], part] = unseen[~judged[head], part]
            weights = root.T @ (root @ wanted)

    def heads(of: Matrix) -> dict[str, Head]:
        return {
            head: Head(SHARPNESS * of[:, part], SHARPNESS * (BIAS * of[:, part].sum(axis=0) + means[head]))
            for head, part in columns.items()
        }

    return Solved(
        heads(weights),
        {head: SHARPNESS * (unseen[:, part] + means[head]) for head, part in columns.items()},
        {number: heads(weights - root[top[number] :].T @ (seen[number] @ pulls[number])) for number in rows_of},
    )
