"""The ears: which tones are in each packet, and what follows from it.

Every party says one pure tone, so a packet's spectrum says who is in it, also when several speak at
once. All tones are multiples of 50 Hz: in 160 samples at 8 kHz they do not leak into each other.

The rules of this file: times are the wire's (kernel, nanoseconds); a *silence* is the time between two
packets that carry the tone, less the one packet period (20 ms) that an unbroken stream has; *missing*
is the part of it that never came (by RTP timestamps), the rest only came late.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from softphone_sim.ears.tape import Packets, samples

SAMPLE_RATE_HZ = 8000
PACKET_MS = 20.0
NS_PER_MS = 1_000_000
AUDIBLE_AMPLITUDE = 600  # a tenth of what a phone says; of 32767
AUDIBLE_SHARE = 0.12  # of the packet's loudest tone: the leak of a tone that starts inside a packet is less
MUSIC, RINGBACK = "music", "ringback"
TONE_OF_MUSIC_HZ, TONE_OF_RINGBACK_HZ = 1100, 450  # the lab's music on hold; ring tone of China (GB/T 3380)
PARTY_TONES_HZ = (1500, 600, 850, 1800, 2050, 2300, 2550, 2800, 3050, 3250)
HOLE_MS = 30.0  # below it a pause between two packets is the machine's jitter, not a hole
STRAY_PACKETS = 2  # a tone in fewer packets than this is a transition, not a party


@dataclass(frozen=True, slots=True)
class Hole:
    """A time in which an expected tone did not arrive."""

    start_ns: int
    silence_ms: float
    missing_ms: float
    why: str  # "lost", "silent", "late", "not begun", "ended", "new stream"


@dataclass(frozen=True, slots=True)
class Gap:
    """A change of voices: from the last packet with the old one to the first with the new one."""

    at_ns: int
    wire_ms: float

    @property
    def silence_ms(self) -> float:
        """The wire's gap less one packet period: 0 when the voices follow each other without a break."""
        return max(0.0, self.wire_ms - PACKET_MS)


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch in which the same voices were heard."""

    start_ns: int
    end_ns: int
    voices: frozenset[str]


@dataclass(frozen=True)
class Heard:
    """All packets of a stretch of tape, and for each named tone whether it is in them."""

    packets: Packets
    voices: dict[str, npt.NDArray[np.bool_]]

    @property
    def times_ns(self) -> npt.NDArray[np.int64]:
        """Arrival of each packet, wall clock."""
        return self.packets["time_ns"].astype(np.int64)

    def between(self, start_ns: int, end_ns: int) -> "Heard":
        """The same, of one window."""
        inside = (self.times_ns >= start_ns) & (self.times_ns < end_ns)
        return Heard(self.packets[inside], {name: there[inside] for name, there in self.voices.items()})

    def any_of(self, names: Iterable[str]) -> npt.NDArray[np.bool_]:
        """For each packet, whether at least one of these is in it."""
        chosen = [self.voices[name] for name in names]
        return np.logical_or.reduce(chosen) if chosen else np.zeros(len(self.packets), dtype=np.bool_)


def listen(packets: Packets, tones_hz: Mapping[str, int]) -> Heard:
    """Find every named tone in every packet."""
    names = list(tones_hz)
    rows = samples(packets)
    turns = np.outer(np.arange(rows.shape[1]), [tones_hz[name] for name in names]) / SAMPLE_RATE_HZ
    amplitudes = np.abs(rows @ np.exp(-2j * np.pi * turns)) * 2 / rows.shape[1]
    loudest = amplitudes.max(axis=1, initial=0.0, keepdims=True)
    there = amplitudes >= np.maximum(AUDIBLE_AMPLITUDE, AUDIBLE_SHARE * loudest)
    return Heard(packets, {name: there[:, column] for column, name in enumerate(names)})


def who_speaks(heard: Heard, start_ns: int, end_ns: int) -> dict[str, float]:
    """The share of the window's packet periods in which each voice was there, 0 to 1; absent ones left out."""
    periods = max(1.0, (end_ns - start_ns) / NS_PER_MS / PACKET_MS)
    window = heard.between(start_ns, end_ns)
    counts = {name: int(there.sum()) for name, there in window.voices.items()}
    return {name: min(1.0, count / periods) for name, count in counts.items() if count >= STRAY_PACKETS}


def holes(
    heard: Heard, voices: Iterable[str], start_ns: int, end_ns: int, *, at_least_ms: float = HOLE_MS
) -> list[Hole]:
    """Every silence of the named voices (none of them there) of the window, its two ends included.

    A window that is over before it began, as of a very short call, has none.
    """
    window = heard.between(start_ns, end_ns)
    spoken = np.flatnonzero(window.any_of(voices))
    times = window.times_ns
    if not len(spoken):
        whole_ms = (end_ns - start_ns) / NS_PER_MS
        return [Hole(start_ns, whole_ms, whole_ms, "not begun")] if whole_ms > 0 and whole_ms >= at_least_ms else []
    found = [_edge(start_ns, int(times[spoken[0]]), "not begun")]
    found += [_hole(window, int(left), int(right)) for left, right in pairwise(spoken)]
    found.append(_edge(int(times[spoken[-1]]), end_ns, "ended"))
    return [hole for hole in found if hole.silence_ms > 0 and hole.silence_ms >= at_least_ms]


def longest_silence_ms(heard: Heard, voices: Iterable[str], start_ns: int, end_ns: int) -> float:
    """The longest time in the window in which none of these voices arrived."""
    return max((hole.silence_ms for hole in holes(heard, voices, start_ns, end_ns, at_least_ms=0.0)), default=0.0)


def gap(heard: Heard, old: str, new: str, start_ns: int, end_ns: int) -> Gap | None:
    """The change from one voice to another; None when the window holds no such change.

    Where the old voice goes on after the new one began (a third party joined), the gap is the one
    between the new voice's first packet and the last packet before it with either.
    """
    window = heard.between(start_ns, end_ns)
    arrivals = np.flatnonzero(window.voices[new])
    if not len(arrivals):
        return None
    first = int(arrivals[0])
    before = np.flatnonzero(window.voices[old][:first])
    if not len(before):
        return None
    times = window.times_ns
    return Gap(int(times[before[-1]]), float(times[first] - times[before[-1]]) / NS_PER_MS)


def intervals(heard: Heard, *, shortest_ms: float = 60.0) -> list[Interval]:
    """The tape as stretches of the same voices; stretches shorter than `shortest_ms` join their neighbour."""
    found: list[Interval] = []
    for index, time_ns in enumerate(heard.times_ns):
        voices = frozenset(name for name, there in heard.voices.items() if there[index])
        end_ns = int(time_ns) + int(PACKET_MS * NS_PER_MS)
        if found and found[-1].voices == voices and time_ns - found[-1].end_ns < shortest_ms * NS_PER_MS:
            found[-1] = Interval(found[-1].start_ns, end_ns, voices)
        else:
            found.append(Interval(int(time_ns), end_ns, voices))
    long_enough = [each for each in found if each.end_ns - each.start_ns >= shortest_ms * NS_PER_MS]
    return _joined(long_enough)


def packets_lost(heard: Heard) -> int:
    """Packets missing from the sequence, within each stream (RFC 3550 §A.3); a duplicate does not hide a loss."""
    lost = 0
    for ssrc in np.unique(heard.packets["ssrc"]):
        sequence = np.unique(
            np.unwrap(heard.packets["sequence"][heard.packets["ssrc"] == ssrc].astype(float), period=65536)
        )
        lost += int(sequence[-1] - sequence[0] + 1 - len(sequence))
    return lost


def _joined(found: list[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for each in found:
        if joined and joined[-1].voices == each.voices:
            joined[-1] = Interval(joined[-1].start_ns, each.end_ns, each.voices)
        else:
            joined.append(each)
    return joined


def _edge(start_ns: int, end_ns: int, why: str) -> Hole:
    silence_ms = max(0.0, (end_ns - start_ns) / NS_PER_MS - PACKET_MS)
    return Hole(start_ns, silence_ms, silence_ms, why)


def _hole(heard: Heard, left: int, right: int) -> Hole:
    before, after = heard.packets[left], heard.packets[right]
    silence_ms = max(0.0, (int(after["time_ns"]) - int(before["time_ns"])) / NS_PER_MS - PACKET_MS)
    if before["ssrc"] != after["ssrc"]:
        return Hole(int(before["time_ns"]), silence_ms, silence_ms, "new stream")
    samples_between = (int(after["timestamp"]) - int(before["timestamp"])) % (1 << 32)
    missing_ms = max(0.0, samples_between / SAMPLE_RATE_HZ * 1000 - PACKET_MS)
    if right > left + 1:
        why = "silent"
    elif missing_ms > 0:
        why = "lost"
    else:
        why = "late"
    return Hole(int(before["time_ns"]), silence_ms, missing_ms, why)
