"""The tap: every RTP packet a phone is sent, written down as it left the kernel.

The tap binds the very port that the phone has bound and speaks from. Of two such sockets Linux gives a datagram to the
one bound last, so the far end's audio arrives here and nowhere else; the phone itself only speaks. It does both at one
port, as real phones do (RFC 4961): a PBX that guards its audio ports knows it from a stray stream by that.
Times are the kernel's (SO_TIMESTAMPNS), so a slow Python never blurs a figure.
The tape is a plain file of fixed records: it survives a phone that is killed with -9.
"""

import contextlib
import os
import socket
import struct
from pathlib import Path
from typing import BinaryIO

# time_ns, ssrc, rtp timestamp, sequence, payload type, marker, sample count, spare, first 160 samples
RECORD = struct.Struct("<QIIHBBHH160s")
SAMPLES_KEPT = 160  # one 20 ms packet of G.711
SO_TIMESTAMPNS = 35  # linux/asm-generic socket.h; the socket module does not name it
RTP_HEADER = struct.Struct("!BBHII")
RTP_VERSION = 2
RECEIVE_BUFFER_BYTES = 1 << 20  # 5 s of packets, so that a stalled process loses none


def record_of(packet: bytes, time_ns: int) -> bytes | None:
    """Turn one RTP packet into one tape record, or None when it is not RTP (RFC 3550 §5.1)."""
    if len(packet) < RTP_HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = RTP_HEADER.unpack_from(packet)
    if first >> 6 != RTP_VERSION:
        return None
    start = RTP_HEADER.size + 4 * (first & 0x0F)
    if first & 0x10 and len(packet) >= start + 4:  # header extension: 16 bits of profile, 16 of length in words
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4])
    payload = packet[start:]
    kept = payload[:SAMPLES_KEPT].ljust(SAMPLES_KEPT, b"\0")
    count = min(len(payload), 0xFFFF)
    return RECORD.pack(time_ns, ssrc, timestamp, sequence, second & 0x7F, second >> 7, count, 0, kept)


class Tap:
    """A socket on the phone's own address and RTP port, and the tape it fills."""

    def __init__(self, address: str, port: int, tape: Path) -> None:
        """Listen in place of this process's socket that is bound there.

        Raises:
            OSError: this process has no such socket, or another one holds the port.
        """
        _let_share(address, port)
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.settimeout(0)
        self._rtp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        try:
            self._rtp.bind((address, port))
        except OSError:
            self._rtp.close()
            raise
        self._tape: BinaryIO = tape.open("ab", buffering=0)

    def drain(self) -> None:
        """Write down everything that has arrived; returns at once when nothing has."""
        records = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, ancillary, _flags, _peer = self._rtp.recvmsg(2048, 64)
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
                if record := record_of(packet, seconds * 1_000_000_000 + nanoseconds):
                    records.append(record)
        if records:
            self._tape.write(b"".join(records))

    def close(self) -> None:
        """Drain once more and let the port go. Repeatable."""
        if self._rtp.fileno() >= 0:
            self.drain()
            self._rtp.close()
            self._tape.close()


def _let_share(address: str, port: int) -> None:
    """Allow a second socket beside the one that PJSUA2 has bound there; it gives no other way to its socket."""
    for entry in [one for one in Path("/proc/self/fd").iterdir() if one.is_socket()]:
        with socket.socket(fileno=os.dup(int(entry.name))) as one:
            if one.family == socket.AF_INET and one.getsockname() == (address, port):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
