"""Server-sent events are read from bytes cut anywhere."""

import pytest

from softphone_sim.desk import EventStreamReader

STREAM = (
    'retry: 1000\n\n: heartbeat\n\nid: 7\nevent: pop\ndata: {"number":"138"}\n\n'
    'event: call\r\ndata: {"phase":\r\ndata: "talking"}\r\n\r\ndata: 12345号\n\n'
).encode()
EVENTS = [("pop", "7", {"number": "138"}), ("call", "7", {"phase": "talking"}), ("message", "7", {"value": "12345号"})]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_every_cut_gives_the_same_events(size: int) -> None:
    reader = EventStreamReader()

    events = [event for at in range(0, len(STREAM), size) for event in reader.feed(STREAM[at : at + size], 5)]

    assert [(event.type, event.id, event.body) for event in events] == EVENTS
    assert reader.last_id == "7"
