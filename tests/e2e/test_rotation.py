"""Files are put aside in the middle of calls: the journal, with the program alive and dead, and Asterisk's own."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from agi.rotation import rotate
from callflow.guard.shelf import OPENED_EVERY_TIME, STAYS_OPEN, Shelf
from tests.e2e.records import doubled, is_whole
from tests.e2e.scene import Scene, eventually, heal, strike


@pytest.mark.covers("C-01")
async def test_a_journal_that_is_rotated_while_the_program_is_dead_loses_no_step_of_a_call(scene: Scene) -> None:
    journal = scene.plan.sites[0].place.journal / "steps.csv"
    await scene.talk()
    incident = await scene.incident()
    await asyncio.to_thread(rotate, journal, 0)
    await scene.key_at_the_desk()
    ringing = await scene.rings()
    strike(scene.plan, "12345", "python", signal.SIGKILL)
    await asyncio.to_thread(rotate, journal, 0)
    await scene.li_answers(ringing)
    await asyncio.to_thread(rotate, journal, 0)
    await scene.zhang_leaves(by_himself=True)
    await heal(scene.plan)
    await scene.citizen_hangs_up()
    origin, target = await scene.records(incident, is_whole)

    assert is_whole(origin, target), (origin["calls"], target["calls"])
    phases = [entry["detail"]["to"] for entry in origin["entries"] if entry["what"] == "phase"]
    assert phases == ["queued", "talking", "inviting", "three_way", "handed_over", "ended"]
    assert (doubled(origin), doubled(target)) == ([], [])
    assert scene.silences() == []


async def test_asterisk_writes_on_in_new_files_when_its_logs_and_records_are_put_aside(scene: Scene) -> None:
    place = scene.plan.sites[0].place
    shelf = Shelf(place.log, place.run / "asterisk.ctl", most_bytes=1, old=9, keep_days=180)
    await scene.talk()
    aside = await asyncio.to_thread(shelf.tidy)
    await scene.citizen_hangs_up()

    async def written() -> list[str]:
        return [
            name for name in OPENED_EVERY_TIME if (place.log / name).exists() and "carrier" in read(place.log / name)
        ]

    assert await eventually(written, lambda names: len(names) == len(OPENED_EVERY_TIME)) == list(OPENED_EVERY_TIME)
    assert set(aside) >= {"security", OPENED_EVERY_TIME[1]}
    assert [name for name in STAYS_OPEN if not (place.log / name).exists()] == [], "begun anew"


def read(path: Path) -> str:
    """As far as it is written."""
    return path.read_text("utf-8", "replace")
