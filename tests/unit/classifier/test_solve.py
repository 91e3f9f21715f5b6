"""Heads in closed form: what is said of a group left out is what heads say that were trained without it."""

import numpy as np
import pytest

from classifier import solve as solving
from classifier.solve import BIAS, PENALTY, SHARPNESS, Matrix, solve
from classifier.train import alike, calibrate

ROWS, GROUPS = 30, 3


def _made() -> tuple[Matrix, Matrix, Matrix]:
    chance = np.random.default_rng(7)
    features = chance.normal(size=(ROWS, 8))
    right = (features[:, 0] + 0.3 * features[:, 1] > 0).astype(int)
    return features @ features.T, np.eye(2)[right], right


def test_a_group_left_out_is_answered_as_by_heads_that_never_saw_it() -> None:
    kernel, table, _ = _made()
    group = np.arange(ROWS) % GROUPS

    solved = solve(kernel, {"head": table}, group)

    for number in range(GROUPS):
        known, asked = group != number, group == number
        metric = kernel[np.ix_(known, known)] + BIAS + PENALTY * np.eye(known.sum())
        weights = np.linalg.solve(metric, table[known] - table.mean(axis=0))
        alone = (kernel[np.ix_(asked, known)] + BIAS) @ weights + table.mean(axis=0)
        assert np.allclose(solved.unseen["head"][asked], SHARPNESS * alone, atol=1e-2)
        without = solved.without[number]["head"]
        assert np.allclose(without.weights[asked], 0, atol=1e-4)
        assert np.allclose(kernel[asked] @ without.weights + without.bias, SHARPNESS * alone, atol=1e-2)


def test_the_factor_taken_by_halves_is_the_whole_ones_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, _, _ = _made()
    metric = kernel + np.eye(ROWS)
    monkeypatch.setattr(solving, "BLOCK", 4)

    root = solving.inverted_factor(metric)

    assert np.allclose(root, np.linalg.inv(np.linalg.cholesky(metric)))
    assert np.allclose(np.triu(root, 1), 0)


def test_calibration_finds_the_slope_and_how_rare_a_class_is() -> None:
    chance = np.random.default_rng(0)
    logits, shifts = chance.normal(size=(4000, 3)), np.array([0.0, -1.5, 0.7])
    raised = np.exp(2.5 * logits + shifts)
    shares = raised / raised.sum(axis=1, keepdims=True)
    table = np.eye(3)[[chance.choice(3, p=row) for row in shares]]

    slope, *found = calibrate(logits, table)
    far = calibrate(logits / 40, table)

    assert abs(slope - 2.5) < 0.2
    assert np.allclose(found, shifts, atol=0.2)
    assert abs(far[0] / 40 - slope) < 0.05


def test_a_row_that_counts_twice_calibrates_as_two_rows() -> None:
    chance = np.random.default_rng(3)
    logits, table = chance.normal(size=(60, 3)), np.eye(3)[chance.integers(0, 3, 60)]

    twice = calibrate(logits, table, np.where(np.arange(60) < 20, 2.0, 1.0))

    assert twice == calibrate(np.concatenate([logits, logits[:20]]), np.concatenate([table, table[:20]]))
    assert twice != calibrate(logits, table)


def test_who_wrote_much_counts_no_more_than_who_wrote_little() -> None:
    weight = alike(np.array(["much", "much", "little", "much"]))

    assert np.isclose(weight[2], weight[[0, 1, 3]].sum())
    assert np.isclose(weight.mean(), 1)


def test_rows_without_a_judgement_teach_that_head_nothing_wrong() -> None:
    kernel, table, right = _made()
    half = np.arange(ROWS) % 2 == 0

    solved = solve(kernel, {"whole": table, "half": np.where(half[:, None], table, 0)}, np.arange(ROWS))
    said = kernel @ solved.heads["half"].weights + solved.heads["half"].bias

    assert (said[half].argmax(axis=1) == right[half]).all()
    assert np.isfinite(solved.unseen["half"]).all()
    assert (solved.unseen["whole"].argmax(axis=1) == right).mean() > 0.7


def test_the_same_input_gives_the_same_bytes() -> None:
    kernel, table, _ = _made()

    one, other = (solve(kernel, {"head": table}, np.arange(ROWS)) for _ in range(2))

    assert one.heads["head"].weights.tobytes() == other.heads["head"].weights.tobytes()
