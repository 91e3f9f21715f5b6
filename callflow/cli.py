"""The commands behind `./run`: each says what it does, what failed and what to do, and exits non-zero on failure."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from callflow.adapters.sql.errors import BackupError
from callflow.lab import lab
from callflow.lab.keys import KeysError
from callflow.lab.plan import ONE_BOX_ASKED, LabError, plan_lab
from callflow.sitefile import SiteFileError

BENCHES = ("handover", "handover_recorded", "desk", "ami", "agi", "exchange", "tickets", "classifier")
"""Each is a module of `callflow.bench` with `run_bench`."""

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
Base = Annotated[int, typer.Option("--base", help="third octet of the lab's addresses, 0 to 255")]
OneBox = Annotated[
    bool,
    typer.Option("--one-box", envvar=ONE_BOX_ASKED, help="both platforms at one address (docs/one-box.md)"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
errors = Console(stderr=True, highlight=False, soft_wrap=True)

CLEAR_ERRORS = (LabError, KeysError, SiteFileError, BackupError)
"""Errors whose message is the whole story: cause and cure."""


def main() -> None:
    """Run a command; errors that we foresaw are one sentence, not a traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(prog_name="./run")
    except CLEAR_ERRORS as error:
        stop(str(error))


def stop(message: str) -> NoReturn:
    """End with one sentence on the error stream."""
    sys.stderr.write(f"run: {message}\n")
    sys.exit(1)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    errors.print(line, soft_wrap=True)  # an address stays in one piece, also in a pipe


def _print(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


@app.command()
def up(base: Base = 0, *, one_box: OneBox = False) -> None:
    """Bring up the lab: two PBXes, two Redis, both sites; what already runs stays."""
    status = lab.up(plan_lab(base, one_box=one_box), _say, citizen=True)
    for site in status["sites"]:
        seat = next((agent for agent in site["agents"] if agent["phone"] == "browser"), site["agents"][0])
        _say(f"{site['id']} desk 坐席: {site['http']}  user {seat['desk_user']}  password {seat['desk_password']}")
    _say(f"citizen 诉求人: {status['citizen']['http']}  no log-in; all three in one browser play the whole story")
    words = f" --base {base}" if base else ""
    _say(f"other accounts, SIP phones: ./run status --json{words}    其他账号见 status")
    _say(f"end 结束: ./run down{words}")


@app.command()
def down(base: Base = 0) -> None:
    """End the lab's processes; data and keys stay."""
    ended = lab.down(plan_lab(base))
    _say(f"lab {base}: {len(ended)} processes ended  已停止" if ended else f"lab {base}: nothing was running  未在运行")


@app.command()
def status(base: Base = 0, *, as_json: AsJson = False) -> None:
    """Say what runs and where."""
    document = lab.status(plan_lab(base))
    if document is None:
        stop(f"lab {base} is not up; ./run up brings it up")
    if as_json:
        _print(document)
        return
    for site in document["sites"]:
        living = [name for name, pids in site["pids"].items() if pids]
        _say(f"{site['id']}: {', '.join(living) or 'nothing'} running; desk {site['http']}, SIP {site['sip']}")


@app.command()
def site() -> None:
    """Run one site's program in the foreground (its surroundings come as CALLFLOW_… variables)."""
    from callflow.app import serve  # noqa: PLC0415 - other commands start without the whole program

    sys.exit(serve())


@app.command()
def guard() -> None:
    """Run one site's guard in the foreground: whoever attacks the PBX is refused for a time."""
    from callflow.guard.program import serve as stand_guard  # noqa: PLC0415 - see `site`

    sys.exit(stand_guard())


@app.command()
def demo(base: Base = 0, *, as_json: AsJson = False, keep: bool = False) -> None:
    """Play the five scenes on a lab of its own and show expected against seen."""
    from callflow.demo.show import run_demo  # noqa: PLC0415 - see `site`

    sys.exit(run_demo(plan_lab(base), as_json=as_json, keep=keep))


@app.command()
def doctor(base: Base = 0, *, as_json: AsJson = False) -> None:
    """Say what is present, missing, old or misconfigured, and how to mend it."""
    from callflow.lab.doctor import examine  # noqa: PLC0415 - see `site`

    sys.exit(examine(base, as_json=as_json))


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def call(context: typer.Context, base: Base = 0) -> None:
    """Play call scripts with real phones, against the running lab or the one named by --lab."""
    from softphone_sim.__main__ import main as play  # noqa: PLC0415 - see `site`

    words = list(context.args)
    if "--lab" not in words:
        plan = plan_lab(base)
        if lab.status(plan) is None:
            stop(f"lab {base} is not up; ./run up brings it up, or name another one with --lab STATUS.json")
        words += ["--lab", str(plan.status_file)]
    sys.exit(play(["call", *words]))


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def classify(context: typer.Context) -> None:
    """Classify a text: which platform, which category, how urgent, and why."""
    from classifier.cli import main as classifier_main  # noqa: PLC0415 - see `site`

    if context.args[:1] == ["candidates"]:
        sys.exit(_candidates(context.args[1:]))
    sys.exit(classifier_main(context.args))


def _candidates(words: list[str]) -> int:
    """What agents did otherwise than suggested, one JSON object a line."""
    from callflow.adapters.sql.candidates import PLATFORMS, candidates  # noqa: PLC0415 - see `site`
    from callflow.adapters.sql.database import Database  # noqa: PLC0415 - see `site`
    from callflow.service.ports import FactsAway  # noqa: PLC0415 - see `site`

    match words:
        case [url, site_id] if site_id in PLATFORMS:
            pass
        case _:
            stop("classify candidates needs the site's database and its platform: sqlite:///…/facts.db 12345")

    async def read() -> list[dict[str, Any]]:
        database = await Database.open(url)
        try:
            return await candidates(database, site_id)
        finally:
            await database.close()

    try:
        found = asyncio.run(read())
    except FactsAway as error:
        stop(f"the database cannot be read: {error}")
    for row in found:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    return 0


@app.command()
def bench(
    name: Annotated[
        str, typer.Argument(help="handover, handover_recorded, desk, ami, agi, exchange, tickets, classifier")
    ] = "handover",
    base: Base = 0,
    out: Annotated[Path | None, typer.Option("--out", help="also write the JSON report here")] = None,
) -> None:
    """Measure, as ratios within one run."""
    if name not in BENCHES:
        stop(f"bench {name}: unknown; there is: {', '.join(BENCHES)}")
    sys.exit(import_module(f"callflow.bench.{name}").run_bench(plan_lab(base), out))


@app.command()
def conformance(
    url: Annotated[
        str, typer.Argument(help="his door (https:…), file:/OUT,/INTO, or pull://HOST:PORT where he comes to fetch")
    ],
    site: Annotated[str, typer.Option("--as", help="the site that asks; in a lab the other one")] = "",
    peer: Annotated[str, typer.Option("--peer", help="the site that is asked; in a lab by its address")] = "",
    keys: Annotated[Path | None, typer.Option("--keys", help="keys directory that holds the asking site's")] = None,
    base: Base = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Examine a peer of the exchange: a verdict for each requirement row."""
    from callflow.conformance.run import run_conformance  # noqa: PLC0415 - see `site`

    sys.exit(run_conformance(plan_lab(base), url, keys=keys, site=site, peer=peer, as_json=as_json))


@app.command()
def chaos(
    calls: Annotated[int, typer.Option("--calls", min=1, max=2000, help="how many calls")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="fixes the plan")] = 1,
    broken: Annotated[
        str, typer.Option("--break", help="switch one safety off: after, reconcile, outbox, recall")
    ] = "",
    base: Base = 77,
    *,
    as_json: AsJson = False,
) -> None:
    """Real calls on a lab of its own while its parts die, then the ledger: phones and packets against the books."""
    from callflow.chaos.house import BREAKS  # noqa: PLC0415 - see `site`
    from callflow.chaos.run import run_chaos  # noqa: PLC0415 - see `site`

    if broken and broken not in BREAKS:
        stop(f"--break {broken}: there is no such safety; there are: {', '.join(BREAKS)}")
    sys.exit(run_chaos(base, calls=calls, seed=seed, broken=broken or None, as_json=as_json))


Folder = Annotated[Path, typer.Argument(help="each platform has a folder of its own in it")]
OneSite = Annotated[str, typer.Option("--site", help="12345 or 110; both by default")]
Url = Annotated[str, typer.Option("--url", help="a database that is not the lab's; with --site and --journal")]
JournalFile = Annotated[Path | None, typer.Option("--journal", help="its journal, …/journal/steps.csv")]


@app.command()
def backup(folder: Folder, site: OneSite = "", base: Base = 0, url: Url = "", journal: JournalFile = None) -> None:
    """Copy books and journal into a new folder while calls and tickets go on."""
    from callflow.lab.backup import back_up, places  # noqa: PLC0415 - see `site`

    for place in places(base, site, url, journal):
        held = back_up(place, folder / place.site)["holds"]
        _say(f"{place.site}: {held['tickets']} tickets, {held['calls']} calls, audit to {held['audit_entry']}  已备份")


@app.command()
def restore(folder: Folder, site: OneSite = "", base: Base = 0, url: Url = "", journal: JournalFile = None) -> None:
    """Make the books of empty sites, whose programs do not run, from a backup."""
    from callflow.lab.backup import places  # noqa: PLC0415 - see `site`
    from callflow.lab.backup import restore as make_again  # noqa: PLC0415 - see `site`

    for place in places(base, site, url, journal):
        held = make_again(folder / place.site, place)["holds"]
        _say(f"{place.site}: {held['tickets']} tickets, {held['calls']} calls, audit to {held['audit_entry']}  已恢复")


@app.command()
def pbx(
    verb: Annotated[str, typer.Argument(help="show, lift, check, reload, drain, resume, reset-factor")],
    what: Annotated[
        str,
        typer.Argument(help="of show: calls, agents, peers, handovers, bans; of lift: an address; else an account"),
    ] = "",
    site_id: Annotated[str, typer.Option("--site", help="12345 or 110; both by default")] = "",
    base: Base = 0,
    url: Annotated[str, typer.Option("--url", help="of reset-factor: books that are not the lab's")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Look at and look after the lab's PBXes."""
    if verb == "reset-factor":
        from callflow.lab.accounts import reset_factor  # noqa: PLC0415 - see `site`

        reset_factor(base, site_id, what, url)
        return _say(f"{what}: second factor reset, enrol anew at the next sign-in  已重置")
    from callflow.lab.admin import administer  # noqa: PLC0415 - see `site`

    sys.exit(administer(plan_lab(base), verb, what, site_id, as_json=as_json))
