"""What arrives on the wire is on the tape, with the kernel's time; what is no RTP is not."""

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from softphone_sim.ears.tape import read_tape
from softphone_sim.phone.tap import Tap, record_of

HEADER = struct.Struct("!BBHII")

HOLDS_A_PORT = """
import socket
held = socket.socket(type=socket.SOCK_DGRAM)
held.bind(("127.0.102.90", 0))
print(held.getsockname()[1], flush=True)
input()
"""


def packet(*, first: int = 0x80, extra: bytes = b"") -> bytes:
    return HEADER.pack(first, 0x80 | 8, 7, 160, 99) + extra + b"\xd5" * 160


def test_a_packet_is_written_down_with_its_header_and_payload(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(record_of(packet(), 5) or b"")

    (one,) = read_tape(tmp_path / "x")
    assert [one[name] for name in ("time_ns", "ssrc", "timestamp", "sequence", "payload_type", "marker")] == [
        5,
        99,
        160,
        7,
        8,
        1,
    ]
    assert one["sample_count"] == 160


def test_contributing_sources_and_extensions_are_no_payload(tmp_path: Path) -> None:
    one = record_of(packet(first=0x81, extra=b"csrc"), 5)
    other = record_of(packet(first=0x90, extra=b"\xbe\xde\x00\x01abcd"), 5)

    (tmp_path / "x").write_bytes((one or b"") + (other or b""))
    assert set(read_tape(tmp_path / "x")["sample_count"]) == {160}


def test_what_is_no_rtp_is_left_out() -> None:
    assert record_of(b"short", 5) is None
    assert record_of(packet(first=0x00), 5) is None


@pytest.fixture
def phone() -> Iterator[tuple[str, int]]:
    """The address and port at which a phone of this process speaks, and where it hears nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaks:
        speaks.bind(("127.0.102.90", 0))
        speaks.settimeout(0)
        yield speaks.getsockname()
        with pytest.raises(BlockingIOError):
            speaks.recv(1)


def test_the_tape_bears_the_kernel_s_time_and_a_half_written_record_is_not_read(
    tmp_path: Path, phone: tuple[str, int]
) -> None:
    tap = Tap(*phone, tmp_path / "x")
    sent: list[tuple[int, int]] = []
    deadline = time.monotonic() + 5
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        # The kernel begins to stamp a moment after the first socket asked for it (net_enable_timestamp is deferred);
        # until then a packet bears the moment it was read.
        while not _stamped_when_sent(sent, tmp_path / "x") and time.monotonic() < deadline:
            before_ns = time.time_ns()
            far.sendto(packet(), phone)
            sent.append((before_ns, time.time_ns()))
            tap.drain()
    with (tmp_path / "x").open("ab") as tape:
        tape.write(b"half")
    tap.close()

    assert _stamped_when_sent(sent, tmp_path / "x")
    assert len(read_tape(tmp_path / "x")) == len(sent)


def _stamped_when_sent(sent: list[tuple[int, int]], tape: Path) -> bool:
    """Whether the last packet bears a moment of its sending, before anybody read it."""
    return bool(sent) and sent[-1][0] <= int(read_tape(tape)["time_ns"][-1]) <= sent[-1][1]


def test_after_the_tap_the_phone_has_its_port_to_itself(tmp_path: Path, phone: tuple[str, int]) -> None:
    tap = Tap(*phone, tmp_path / "x")
    tap.close()
    tap.close()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
        other.bind(phone)


def test_a_port_that_is_somebody_else_s_is_not_tapped(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_PORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as stranger:
        assert stranger.stdout is not None
        with pytest.raises(OSError, match="in use"):
            Tap("127.0.102.90", int(stranger.stdout.readline()), tmp_path / "x")
        stranger.communicate(b"\n")
