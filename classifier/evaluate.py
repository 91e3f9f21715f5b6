"""`./run classify evaluate`: how good the suggestions are on utterances that the heads never saw.

Without a file: by near-twin groups and by authors, on the corpus. With --blind FILE: the committed models on a set
that neither rules nor heads were tuned on.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier import crossval, train
from classifier.corpus import Utterance, corpus, read_file
from classifier.decide import Case, decide, judge
from classifier.encoder import Encoder, encoder
from classifier.figures import Pair, Rate, calibration_error, rates, reliability_svg
from classifier.lexicon import lexicon
from classifier.matrix import twin_groups
from classifier.solve import Solved, solve
from classifier.suggest import classify
from classifier.suggestion import Platform
from classifier.tuning import DEFAULT, Tuning

POINTS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
LEAST_SHOWN = 8  # a rate of fewer utterances is not printed


def blind(path: Path, tuning: Tuning = DEFAULT) -> str:
    """The report on a file of utterances in the corpus's form. Raises ValueError, OSError."""
    pairs = [(row, classify(row.text, None, tuning)) for row in read_file(path)]
    reads = "with" if encoder() is not None else "WITHOUT"
    return _report(f"{path.name}: {len(pairs)} utterances, {reads} the sentence encoder", pairs)


def unseen_cases(
    made: train.Material, solutions: Mapping[str, Solved], model: str, fold: NDArray[np.intp], tuning: Tuning = DEFAULT
) -> list[Case]:
    """Every utterance as heads hear it that never saw its fold."""
    return list(crossval.cases(made, crossval.unseen(made, solutions[model], solutions["words"], fold), tuning))


def answered(made: train.Material, cases: Sequence[Case], tuning: Tuning = DEFAULT) -> list[Pair]:
    """Utterances with the suggestions for them."""
    answers = (decide(case, lexicon(), tuning, None) for case in cases)
    return list(zip(made.utterances, answers, strict=True))


def report(keep: Path, tell: Callable[[str], None], plot: Path | None = None) -> None:
    """Tell the figures of both models by both splits, one after the other. Minutes; vectors are kept in `keep`."""
    made = material(keep)
    for split, fold in (
        ("authors", train.authors(made)),
        ("groups", train.folds(twin_groups(made.heard, made.kernels["words"]))),
    ):
        solutions = {name: solve(kernel, made.targets, fold) for name, kernel in made.kernels.items()}
        for model in made.kernels:
            cases = unseen_cases(made, solutions, model, fold)
            pairs = answered(made, cases)
            tell(_report(f"model {model}, never seen: {split}; {len(pairs)} utterances", pairs))
            tell(_operating_points(made, cases))
            if plot is not None and split == "authors":
                target = plot.with_name(f"{plot.stem}-{model}.svg")
                target.write_text(reliability_svg(pairs, f"{model}, authors never seen"), encoding="utf-8")


def material(keep: Path, *, trust: bool = False) -> train.Material:
    """The corpus as numbers, with sentences where this machine can read them; `trust` as in `train.material`."""
    return train.material(corpus(), Encoder(keep) if encoder() is not None else None, trust=trust)


def _report(title: str, pairs: Sequence[Pair]) -> str:
    lines = [title, "  rate [Wilson 95 %] (right/seen)"]
    lines += [f"  {name:34} {rate}" for name, rate in rates(pairs).items()]
    lines.append(f"  {'expected calibration error':34} {calibration_error(pairs):.3f}")
    ways: tuple[tuple[str, Callable[[Utterance], Sequence[str]]], ...] = (
        ("author", lambda row: (row.author,)),
        ("kind", lambda row: (row.kind,)),
        ("failure class", lambda row: row.traits),
    )
    for way, of in ways:
        lines.append(
            f"  per {way}: platform | danger missed (under-triage) | false alarms (over-triage) | category top 1"
        )
        names = Counter(name for row, _ in pairs for name in of(row))
        for name, seen in sorted(names.items()):
            if seen >= LEAST_SHOWN:
                part = rates([pair for pair in pairs if name in of(pair[0])])
                missed = Rate(part["danger recall"].seen - part["danger recall"].right, part["danger recall"].seen)
                shown = (part["platform"], missed, part["danger false alarms"], part["category top 1"])
                lines.append(
                    f"    {name:16} " + " | ".join(f"{rate.value:.2f} ({rate.right}/{rate.seen})" for rate in shown)
                )
    return "\n".join([*lines, *_confusion(pairs)])


def _operating_points(made: train.Material, cases: Sequence[Case]) -> str:
    """What a site gets for each setting of `danger_at`."""
    lines = ["  danger_at: recall | false alarms | ordinary messages flagged"]
    for point in POINTS:
        tuning = replace(DEFAULT, danger_at=point)
        said = [(row, judge(case, tuning).danger) for row, case in zip(made.utterances, cases, strict=True)]
        danger = [found for row, found in said if row.danger]
        harmless = [found for row, found in said if row.danger is False]
        ordinary = [found for row, found in said if row.danger is False and set(row.platform) <= {"12345", "none"}]
        shares = " | ".join(f"{sum(part) / len(part):.3f}" for part in (danger, harmless, ordinary))
        lines.append(f"    {point:.2f}: {shares}")
    return "\n".join(lines)


def _confusion(pairs: Sequence[Pair]) -> list[str]:
    """Platforms as a table; of the categories only what is mistaken most."""
    names = [platform.value for platform in Platform]
    table = Counter((row.platform[0], got.platform.value) for row, got in pairs)
    lines = ["  platform: labelled (rows) against suggested", "    " + "".join(f"{name:>8}" for name in ["", *names])]
    lines += ["    " + f"{row:>8}" + "".join(f"{table[row, name]:8}" for name in names) for row in names]
    wrong = Counter(
        (row.category[0], got.category)
        for row, got in pairs
        if row.category and got.category and got.category not in row.category
    )
    mistaken = ", ".join(f"{right} as {said} {times}" for (right, said), times in wrong.most_common(12))
    return [*lines, f"  categories mistaken most: {mistaken}"]


def held(keep: Path, folder: Path) -> tuple[bool, str]:
    """Train anew into `folder`, compare with the committed models, and hold the figures against floors.toml.

    Of the sentences only a sample is read anew: reading all would take longer than everything else together.

    Raises:
        ValueError: the sample differs from the vectors in the committed model.
    """
    made = material(keep, trust=True)
    solutions = train.solved(made)
    train.train(made, solutions, folder)
    said = [train.compare(name, folder) for name in ("words", "sentence") if (folder / f"{name}.npz").is_file()]
    floors = tomllib.loads((files("classifier") / "data" / "floors.toml").read_text(encoding="utf-8"))
    apart = frozenset(floors.pop("apart"))
    good = all(line.startswith("same") for line in said)
    for model, parts in floors.items():
        if model not in made.kernels:
            said.append(f"{model}: not measured, this machine has no sentence encoder")
            continue
        pairs = answered(made, unseen_cases(made, solutions, model, train.authors(made)))
        for part, bounds in parts.items():
            measured = rates([pair for pair in pairs if (pair[0].author in apart) == (part == "apart")])
            for name, bound in bounds.items():
                value, kept = measured[name].value, _keeps(measured[name].value, bound)
                good &= kept
                said.append(f"{'holds' if kept else 'DROPPED'} {model}, {part}: {name} {value:.3f}, bound {bound}")
    return good, "\n".join(said)


def _keeps(value: float, bound: str) -> bool:
    sign, number = bound.split()
    return value >= float(number) if sign == ">=" else value <= float(number)
