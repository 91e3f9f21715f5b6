"""Asterisk's own channel event log beside the journal: every leg that the journal names ended there too, once."""

from __future__ import annotations

import asyncio
import csv
from collections import Counter

import pytest

from callflow.lab.plan import SitePlan
from tests.e2e.scene import Scene, eventually

UNIQUEID, EVENT = 3, 0


def hung_up(site: SitePlan) -> Counter[str]:
    """How often the event log says of each leg that it was hung up."""
    found: Counter[str] = Counter()
    for path in (site.place.log / "cel-custom").glob("cel.csv*"):  # with what was put aside
        with path.open(encoding="utf-8", newline="") as file:
            found.update(row[UNIQUEID] for row in csv.reader(file) if row[EVENT] == "HANGUP")
    return found


def legs(site: SitePlan) -> set[str]:
    """The legs whose end the journal tells, by their uniqueid."""
    lines = site.place.journal.joinpath("steps.csv").read_text("ascii").splitlines()
    return {cells[7] for cells in (line.split(",") for line in lines) if cells[1] in ("left", "ended")}


@pytest.mark.covers("S-20")
async def test_every_leg_of_the_journal_ended_once_in_asterisks_own_event_log(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    await scene.li_answers(await scene.rings())
    await scene.zhang_leaves(by_himself=False)
    await scene.citizen_hangs_up()
    for site in scene.plan.sites:
        told = await eventually(lambda site=site: asyncio.to_thread(legs, site), lambda found: len(found) > 1)
        seen = await asyncio.to_thread(hung_up, site)

        assert told
        assert {leg: seen[leg] for leg in told} == dict.fromkeys(told, 1)
