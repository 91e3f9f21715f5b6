"""`./run classify [TEXT | --jsonl | --labels | train | evaluate]`."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from classifier import evaluate, homophones, train
from classifier.suggest import classify, labels
from classifier.tuning import DEFAULT, Tuning, read_tuning

USAGE = """用法 usage: classify TEXT [--site 12345|110]   one text, answer as JSON
       classify --jsonl          one {"id","text","site"?} per line on stdin, one answer per line
       classify --labels         the exact names of headings and departments
       classify train            builds both models from classifier/data anew (minutes)
       classify evaluate [--plot FILE.svg]    figures on what the heads never saw, by near-twins and authors (minutes)
       classify evaluate --blind FILE.jsonl   figures of the committed models on a set of others
       classify evaluate --hold  trains anew, compares, fails when a figure drops
       classify candidates URL   overrides at a site as training candidates, to be read by a person first (callflow)
   CALLFLOW_TUNING names a site's TOML file (operating point, places, departments, precedents)"""
SITES = ("12345", "110")
WRONG_USE = 2
FAILED = 1


def main(argv: Sequence[str], lines: Iterable[str] | None = None) -> int:
    """Run the command; `lines` stand for stdin. Returns the exit code: 0 done, 1 failed, 2 wrong use."""
    arguments = list(argv)
    if not arguments or arguments[0] in {"-h", "--help"}:
        sys.stdout.write(USAGE + "\n")
        return 0 if arguments else WRONG_USE
    try:
        return _run(arguments, lines)
    except (OSError, ValueError) as refused:
        sys.stderr.write(f"classify: {refused}\n")
        return FAILED


def _run(arguments: list[str], lines: Iterable[str] | None) -> int:
    match arguments:
        case ["--jsonl"]:
            tuning = _tuning()
            for line in answers(_stdin() if lines is None else lines, tuning):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        case ["evaluate", "--blind", name]:
            sys.stdout.write(evaluate.blind(Path(name), _tuning()) + "\n")
        case ["evaluate", "--hold"]:
            return _hold()
        case ["evaluate"] | ["evaluate", "--plot", _]:
            plot = Path(arguments[2]) if arguments[1:] else None
            evaluate.report(vectors_kept(), _tell, plot)
        case [word] if (command := WORDS.get(word)) is not None:
            sys.stdout.write(command() + "\n")
        case [text] if not text.startswith("--"):
            _print_one(text, None)
        case [text, "--site", site] | ["--site", site, text] if site in SITES:
            _print_one(text, site)
        case _:
            sys.stderr.write(USAGE + "\n")
            return WRONG_USE
    return 0


WORDS: dict[str, Callable[[], str]] = {
    "--labels": lambda: json.dumps(labels(), ensure_ascii=False, indent=2),
    "train": lambda: "\n".join(train.main(vectors_kept())),
    "homophones": lambda: f"wrote {homophones.write()}",  # after a change of `sound` phrases
}


def vectors_kept() -> Path:
    """Where sentence vectors of the corpus stay between trainings; may be removed at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callflow" / "sentences"


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n\n")
    sys.stdout.flush()


def _hold() -> int:
    with tempfile.TemporaryDirectory() as folder:
        good, said = evaluate.held(vectors_kept(), Path(folder))
    sys.stdout.write(said + "\n")
    return 0 if good else FAILED


def _tuning() -> Tuning:
    name = os.environ.get("CALLFLOW_TUNING")
    return read_tuning(Path(name)) if name else DEFAULT


def _stdin() -> Iterator[str]:
    """Lines of stdin; bytes that are no UTF-8 must not end the stream."""
    return (raw.decode("utf-8", "replace") for raw in sys.stdin.buffer)


def answers(lines: Iterable[str], tuning: Tuning = DEFAULT) -> Iterator[str]:
    """One JSON answer per input line, in order; a bad line gives {"id","error"} and the stream goes on."""
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line, tuning), ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def _answer(line: str, tuning: Tuning) -> dict[str, object]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as broken:
        return {"id": None, "error": f"not JSON: {broken}"}
    if not isinstance(request, dict):
        return {"id": None, "error": "the line must be an object with id and text"}
    identity, text, site = request.get("id"), request.get("text"), request.get("site")
    if not isinstance(text, str):
        return {"id": identity, "error": "text is missing or not a string"}
    if site is not None and site not in SITES:
        return {"id": identity, "error": f"site must be one of {', '.join(SITES)}, or left out"}
    return {"id": identity, **classify(text, site, tuning).as_json()}


def _print_one(text: str, site: str | None) -> None:
    suggestion = classify(text, site, _tuning())
    answer = {"id": None, **suggestion.as_json()}
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    for reason in suggestion.reasons:  # for a person; programs read stdout
        sys.stderr.write(f"- {reason.zh} / {reason.en} [{reason.rule}]\n")
