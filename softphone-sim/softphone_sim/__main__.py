"""`python -m softphone_sim call SCRIPT.yaml…`: plays call scripts and says what held."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from softphone_sim.lab import Lab, LabError, addresses_of, read_lab
from softphone_sim.report.document import document_of
from softphone_sim.report.junit import write_junit
from softphone_sim.report.ladder import write_ladder
from softphone_sim.report.terminal import Timeline
from softphone_sim.run.play import Result, play
from softphone_sim.script.load import Script, ScriptError, read_script

PASSED, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="softphone_sim", description=__doc__)
    call = parser.add_subparsers(dest="command", required=True).add_parser("call", help="play call scripts")
    call.add_argument("scripts", nargs="+", type=Path, metavar="SCRIPT.yaml")
    call.add_argument("--lab", type=Path, metavar="STATUS.json", help="what ./run status --json printed")
    call.add_argument(
        "--addresses", default="", metavar="A,B | A-79", help="where agents' phones stand (default: the lab's block)"
    )
    call.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    call.add_argument("--svg", type=Path, metavar="DIR", help="write a ladder diagram of each script")
    call.add_argument("--json", action="store_true", help="print one JSON document instead of the timeline")
    call.add_argument(
        "--limit", type=float, default=300.0, metavar="SECONDS", help="longest time of one script (default 300)"
    )
    call.add_argument("--check", action="store_true", help="only check the scripts")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """0 all held, 1 an expectation failed, 2 a script or the lab cannot be used, 130 interrupted."""
    options = _arguments(given)
    try:
        scripts = _scripts(options.scripts)
        lab = read_lab(options.lab) if options.lab else None
        addresses = addresses_of(options.addresses) if options.addresses else ()
    except (ScriptError, LabError) as why:
        print(why, file=sys.stderr)  # noqa: T201 - the program's own words
        return MISUSED
    if options.check:
        print(f"{len(scripts)} scripts are sound")  # noqa: T201 - the program's own words
        return PASSED
    try:
        results = asyncio.run(_play_all(scripts, lab, addresses, options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted; every phone has been ended", file=sys.stderr)  # noqa: T201 - the program's own words
        return INTERRUPTED
    _report(results, options)
    return PASSED if all(result.ok for result in results) else FAILED


def _scripts(files: Sequence[Path]) -> list[Script]:
    scripts, errors = [], []
    for file in files:
        try:
            scripts.append(read_script(file))
        except ScriptError as why:
            errors.append(str(why))
    if errors:
        raise ScriptError("\n".join(errors))
    return scripts


async def _play_all(
    scripts: Sequence[Script], lab: Lab | None, addresses: tuple[str, ...], options: argparse.Namespace
) -> list[Result]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    timeline = Timeline(sys.stderr if options.json else sys.stdout)
    results = []
    for script in scripts:
        timeline.title(f"{script.name}  ({script.file})")
        result = await play(script, lab, addresses=addresses, on_entry=timeline.show, limit_s=options.limit)
        timeline.verdict(result)
        results.append(result)
    return results


def _report(results: Sequence[Result], options: argparse.Namespace) -> None:
    if options.json:
        document = {"ok": all(result.ok for result in results), "scripts": [document_of(result) for result in results]}
        json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
        print()  # noqa: T201 - the end of the document
    if options.junit:
        write_junit(results, options.junit)
    if options.svg:
        for result in results:
            write_ladder(result, options.svg / f"{result.file.stem}.svg")


if __name__ == "__main__":
    sys.exit(main())
