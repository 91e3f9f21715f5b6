"""A recording as the ears hear it: the file's own 20 ms pieces as packets, so that every figure of the ears holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from callflow.lab.plan import SitePlan
from softphone_sim.ears.listen import (
    MUSIC,
    NS_PER_MS,
    PACKET_MS,
    PARTY_TONES_HZ,
    RINGBACK,
    TONE_OF_MUSIC_HZ,
    TONE_OF_RINGBACK_HZ,
    Heard,
    intervals,
    listen,
)
from softphone_sim.ears.tape import PACKET, PCMA
from softphone_sim.phone.tap import SAMPLES_KEPT
from softphone_sim.script.load import Script
from softphone_sim.script.model import ActorSpec


def journal_lines(site: SitePlan, step: str) -> list[list[str]]:
    """The journal's lines of one step, each cut into its columns."""
    lines = site.place.journal.joinpath("steps.csv").read_text("ascii").splitlines()
    return [cells for cells in (line.split(",") for line in lines) if cells[1] == step]


def files_of(site: SitePlan, incident: str) -> list[Path]:
    """The recordings that the journal names for this incident, in order."""
    begun = [cells[8].split()[0] for cells in journal_lines(site, "recording") if cells[3] == incident]
    return [site.place.recordings / f"{one.removeprefix('id=')}.alaw" for one in begun]


def ear_of(path: Path, tones_hz: Mapping[str, int], most_s: float = 1e6) -> Heard:
    """What is in the file, or in its first seconds; times count from its beginning."""
    raw = np.frombuffer(path.read_bytes(), dtype=np.uint8)[: round(most_s * 8000)]
    pieces = raw[: len(raw) - len(raw) % SAMPLES_KEPT].reshape(-1, SAMPLES_KEPT)
    packets = np.zeros(len(pieces), dtype=PACKET)
    count = np.arange(len(pieces))
    packets["time_ns"] = count * int(PACKET_MS * NS_PER_MS)
    packets["timestamp"], packets["sequence"] = count * SAMPLES_KEPT, count % (1 << 16)
    packets["payload_type"], packets["sample_count"], packets["payload"] = PCMA, SAMPLES_KEPT, pieces
    return listen(packets, tones_hz)


def scenes_of(heard: Heard) -> list[set[str]]:
    """Who talks with whom, scene after scene; what lasts less than a tenth of a second is a change, not a scene.

    One voice alone (the caller between two talks) is no scene either.
    """
    found: list[set[str]] = []
    for interval in intervals(heard, shortest_ms=100):
        if len(interval.voices) > 1 and (not found or found[-1] != interval.voices):
            found.append(set(interval.voices))
    return found


def in_fixed_voices(script: Script) -> tuple[Script, dict[str, int]]:
    """The script with a tone fixed for each of its actors, and which: so that a recording of it can be heard later."""
    tones_hz = dict(zip(script.actors, PARTY_TONES_HZ, strict=False))
    actors = {}
    for name, spec in script.actors.items():
        said = spec.model_dump(exclude_unset=True)
        actors[name] = ActorSpec.model_validate(
            {kind: part | {"tone_hz": tones_hz[name]} for kind, part in said.items()}
        )
    return replace(script, actors=actors), {MUSIC: TONE_OF_MUSIC_HZ, RINGBACK: TONE_OF_RINGBACK_HZ, **tones_hz}
