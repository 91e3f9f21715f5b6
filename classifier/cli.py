"""`./run classify [TEXT | --jsonl | --labels | train | evaluate]`."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from classifier import evaluate, homophones
from classifier.suggest import classify, labels

USAGE = """用法 usage: classify TEXT [--site 12345|110]   one text, answer as JSON
       classify --jsonl          one {"id","text","site"?} per line on stdin, one answer per line
       classify --labels         the exact names of headings and departments
       classify evaluate         figures on the development set (our own writing)
       classify train            not in this version"""
SITES = ("12345", "110")
WRONG_USE = 2
NOT_YET = "训练尚未提供。train comes with the trained model; this version is rules and data only."
WORDS: dict[str, Callable[[], str]] = {
    "--labels": lambda: json.dumps(labels(), ensure_ascii=False, indent=2),
    "evaluate": evaluate.report,
    "evaluate --write": lambda: f"wrote {evaluate.write_confidence()}",
    "homophones": lambda: f"wrote {homophones.write()}",  # after a change of `sound` phrases; before evaluate --write
}


def main(argv: Sequence[str], lines: Iterable[str] | None = None) -> int:
    """Run the command; `lines` stand for stdin. Returns the exit code: 0 done, 2 wrong use or not yet there."""
    arguments = list(argv)
    if not arguments or arguments[0] in {"-h", "--help"}:
        sys.stdout.write(USAGE + "\n")
        return 0 if arguments else WRONG_USE
    match arguments:
        case ["--jsonl"]:
            for line in answers(_stdin() if lines is None else lines):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        case [text] if text not in {*WORDS, "train"} and not text.startswith("--"):
            _print_one(text, None)
        case [text, "--site", site] | ["--site", site, text] if site in SITES:
            _print_one(text, site)
        case _ if (word := WORDS.get(" ".join(arguments))) is not None:
            sys.stdout.write(word() + "\n")
        case _:
            sys.stderr.write((NOT_YET if arguments == ["train"] else USAGE) + "\n")
            return WRONG_USE
    return 0


def _stdin() -> Iterator[str]:
    """Lines of stdin; bytes that are no UTF-8 must not end the stream."""
    return (raw.decode("utf-8", "replace") for raw in sys.stdin.buffer)


def answers(lines: Iterable[str]) -> Iterator[str]:
    """One JSON answer per input line, in order; a bad line gives {"id","error"} and the stream goes on."""
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line), ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def _answer(line: str) -> dict[str, object]:
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
    return {"id": identity, **classify(text, site).as_json()}


def _print_one(text: str, site: str | None) -> None:
    suggestion = classify(text, site)
    answer = {"id": None, **suggestion.as_json()}
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    for reason in suggestion.reasons:  # for a person; programs read stdout
        sys.stderr.write(f"- {reason.zh} / {reason.en} [{reason.rule}]\n")
