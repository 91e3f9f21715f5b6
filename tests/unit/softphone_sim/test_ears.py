"""The ears are judged before they judge: synthetic packets with known faults."""

import numpy as np
import pytest

from softphone_sim.ears.listen import gap, holes, intervals, listen, longest_silence_ms, packets_lost, who_speaks
from softphone_sim.ears.tape import PACKET, PCMA, PCMU, TABLES, Packets

TONES = {"citizen": 1500, "agent": 600, "police": 850, "music": 1100}
MS = 1_000_000
T0 = 1_800_000_000_000_000_000
SECOND = 1000 * MS


def encode(rows: np.ndarray, payload_type: int) -> np.ndarray:
    """The nearest code of every sample."""
    table = TABLES[payload_type].astype(float)
    order = np.argsort(table, kind="stable")
    at = np.searchsorted(table[order], rows).clip(1, 255)
    lower, upper = table[order][at - 1], table[order][at]
    return order[np.where(rows - lower < upper - rows, at - 1, at)].astype(np.uint8)


def packets(*stretches: tuple[int, tuple[str, ...]], payload_type: int = PCMA, ssrc: int = 7) -> Packets:
    """A stream: (milliseconds, voices) one after the other, 20 ms a packet, first packet at T0."""
    voices = [who for length_ms, who in stretches for _ in range(length_ms // 20)]
    clock = np.arange(160)[None, :] + 160 * np.arange(len(voices))[:, None]
    rows = np.array(
        [
            sum((6000 * np.sin(2 * np.pi * TONES[name] * clock[i] / 8000) for name in who), np.zeros(160))
            for i, who in enumerate(voices)
        ]
    )
    stream = np.zeros(len(voices), dtype=PACKET)
    stream["time_ns"] = T0 + np.arange(len(voices)) * 20 * MS
    stream["ssrc"], stream["payload_type"], stream["sample_count"] = ssrc, payload_type, 160
    stream["timestamp"] = 160 * np.arange(len(voices))
    stream["sequence"] = 65_500 + np.arange(len(voices))
    stream["payload"] = encode(rows.reshape(-1, 160), payload_type)
    return stream


@pytest.mark.parametrize("hole_ms", [40, 100, 500])
@pytest.mark.parametrize("kind", ["silent", "lost"])
def test_an_inserted_hole_is_reported_with_its_length_and_its_kind(hole_ms: int, kind: str) -> None:
    stream = packets((1000, ("agent",)), (hole_ms, ()), (1000, ("agent",)))
    if kind == "lost":
        stream = np.delete(stream, slice(50, 50 + hole_ms // 20))

    found = holes(listen(stream, TONES), ["agent"], T0, T0 + 2 * SECOND, at_least_ms=30)

    assert [(round(hole.silence_ms), round(hole.missing_ms), hole.why) for hole in found] == [(hole_ms, hole_ms, kind)]
    assert packets_lost(listen(stream, TONES)) == (hole_ms // 20 if kind == "lost" else 0)


def test_a_clean_call_has_no_hole_and_no_loss() -> None:
    heard = listen(packets((2000, ("agent",))), TONES)

    assert holes(heard, ["agent"], T0, T0 + 2 * SECOND) == []
    assert longest_silence_ms(heard, ["agent"], T0, T0 + 2 * SECOND) == 0
    assert packets_lost(heard) == 0


def test_packets_that_only_come_late_are_told_from_packets_that_never_come() -> None:
    stream = packets((2000, ("agent",)))
    stream["time_ns"][50:55] = stream["time_ns"][55]

    found = holes(listen(stream, TONES), ["agent"], T0, T0 + 2 * SECOND, at_least_ms=30)

    assert [(round(hole.silence_ms), hole.missing_ms, hole.why) for hole in found] == [(100, 0, "late")]


@pytest.mark.parametrize("payload_type", [PCMA, PCMU])
def test_every_party_of_a_four_party_call_is_told_apart(payload_type: int) -> None:
    heard = listen(packets((1000, ("citizen", "agent", "police", "music")), payload_type=payload_type), TONES)

    assert who_speaks(heard, T0, T0 + SECOND) == dict.fromkeys(TONES, 1.0)


def test_a_missing_party_and_a_stranger_are_seen() -> None:
    heard = listen(packets((1000, ("agent", "music"))), TONES)

    assert set(who_speaks(heard, T0, T0 + SECOND)) == {"agent", "music"}


def test_a_stream_of_silence_and_no_stream_at_all_are_nobody() -> None:
    silent, none = listen(packets((1000, ())), TONES), listen(packets(), TONES)

    assert who_speaks(silent, T0, T0 + SECOND) == who_speaks(none, T0, T0 + SECOND) == {}
    assert longest_silence_ms(none, ["agent"], T0, T0 + SECOND) == 1000


def test_a_call_too_short_to_hold_a_silence_of_that_length_has_none() -> None:
    none = listen(packets(), TONES)

    assert holes(none, ["agent"], T0, T0 - 2 * MS, at_least_ms=0) == []
    assert holes(none, ["agent"], T0, T0 + 400 * MS, at_least_ms=500) == []
    assert [hole.why for hole in holes(none, ["agent"], T0, T0 + 500 * MS, at_least_ms=500)] == ["not begun"]


def test_the_gap_at_a_handover_is_the_wire_s() -> None:
    heard = listen(packets((1000, ("agent",)), (60, ()), (1000, ("police",))), TONES)

    change = gap(heard, "agent", "police", T0, T0 + 3 * SECOND)

    assert change is not None
    assert (change.wire_ms, change.silence_ms) == (80, 60)


def test_a_third_party_who_joins_without_a_break_leaves_no_silence() -> None:
    heard = listen(packets((1000, ("agent",)), (1000, ("agent", "police"))), TONES)

    change = gap(heard, "agent", "police", T0, T0 + 2 * SECOND)

    assert change is not None
    assert change.silence_ms == 0


def test_nobody_joined_so_there_is_no_gap_to_measure() -> None:
    assert gap(listen(packets((1000, ("agent",))), TONES), "agent", "police", T0, T0 + SECOND) is None


def test_a_tone_that_starts_inside_a_packet_is_not_taken_for_another_party() -> None:
    stream = packets((200, ("agent",)))
    stream["payload"][5, :70] = encode(np.zeros((1, 70)), PCMA)

    heard = listen(stream, TONES)

    assert set(who_speaks(heard, T0, T0 + 200 * MS)) == {"agent"}


def test_a_call_reads_as_stretches_of_who_was_heard() -> None:
    heard = listen(packets((500, ("agent",)), (20, ()), (500, ("agent", "police")), (500, ("police",))), TONES)

    assert [(sorted(each.voices), round((each.end_ns - each.start_ns) / MS)) for each in intervals(heard)] == [
        (["agent"], 500),
        (["agent", "police"], 500),
        (["police"], 500),
    ]


def test_a_new_stream_of_another_source_is_measured_by_the_wire() -> None:
    first, second = packets((500, ("agent",))), packets((500, ("agent",)), ssrc=9)
    second["time_ns"] += 700 * MS

    found = holes(listen(np.concatenate([first, second]), TONES), ["agent"], T0, T0 + 1200 * MS, at_least_ms=30)

    assert [(round(hole.silence_ms), hole.why) for hole in found] == [(200, "new stream")]


def test_a_digit_s_packets_are_no_voice() -> None:
    stream = packets((1000, ("agent",)))
    stream["payload_type"][20:30] = 101

    found = holes(listen(stream, TONES), ["agent"], T0, T0 + SECOND, at_least_ms=30)

    assert [round(hole.silence_ms) for hole in found] == [200]
