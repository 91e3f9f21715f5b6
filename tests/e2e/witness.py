"""What a failed story leaves for its reader: who did what, who heard whom, what each platform wrote down meanwhile.

A story that fails once in a hundred runs is on nobody's screen when it does; this is printed with its failure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from callflow.lab.plan import Plan, SitePlan
from softphone_sim.ears.listen import intervals, packets_lost
from softphone_sim.run.stage import Stage
from tests.e2e.channels import listed_channels

LINES_EACH = 120
TELLING = {"WARNING", "ERROR"}


def told(stage: Stage, plan: Plan) -> Iterator[str]:
    """The stage's timeline, every phone's ears, and each platform's journal and warnings since the stage began."""
    yield "== the stage"
    for entry in stage.timeline[-LINES_EACH:]:
        yield f"{_after(stage, entry.time_ns)}  {entry.who:10} {entry.kind:7} {entry.what}"
    yield "== who heard whom"
    for name, actor in stage.actors.items():
        heard = stage.heard_by(actor, stage.began_ns)
        yield f"{name}: {len(heard.packets)} packets, {packets_lost(heard)} lost"
        for part in intervals(heard)[-LINES_EACH:]:
            voices = ", ".join(sorted(part.voices)) or "nobody"
            yield f"{_after(stage, part.start_ns)} to {_after(stage, part.end_ns)}  {voices}"
    for site in plan.sites:
        yield f"== {site.id}, journal"
        yield from _journal(stage, site)
        yield f"== {site.id}, Asterisk; on its list of channels: {', '.join(listed_channels(plan, site)) or 'nobody'}"
        yield from _warnings(site.place.log / "full", stage.began_ns)
    yield f"== told {_after(stage, time.time_ns())} after the stage began"


def _after(stage: Stage, time_ns: int) -> str:
    return f"{(time_ns - stage.began_ns) / 1e9:8.3f}"


def _journal(stage: Stage, site: SitePlan) -> Iterator[str]:
    lines = (line.partition(",") for line in _lines(site.place.journal / "steps.csv"))
    since = [(round(float(at) * 1e9), rest) for at, _, rest in lines if float(at) * 1e9 >= stage.began_ns]
    yield from (f"{_after(stage, at_ns)}  {rest}" for at_ns, rest in since[-LINES_EACH:])


def _warnings(log: Path, began_ns: int) -> Iterator[str]:
    said = [json.loads(line) for line in _lines(log) if line.startswith("{")]
    warned = [one for one in said if one["logmsg"]["level"] in TELLING]
    since = [one for one in warned if datetime.fromisoformat(one["timestamp"]).timestamp() * 1e9 >= began_ns]
    yield from (f"{one['timestamp']} {one['logmsg']['message'].strip()}" for one in since[-LINES_EACH:])


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
