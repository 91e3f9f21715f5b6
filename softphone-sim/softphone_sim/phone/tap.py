"""The tap: every RTP packet a phone is sent, written down as it left the kernel.

The phone's SDP names the tap's socket, so the far end's audio arrives here and nowhere else; the phone
itself only speaks. Times are the kernel's (SO_TIMESTAMPNS), so a slow Python never blurs a figure.
The tape is a plain file of fixed records: it survives a phone that is killed with -9.
"""

import contextlib
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
FIRST_PORT, LAST_PORT = 20000, 59998


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
    """A pair of sockets (RTP, RTCP) on the phone's own address, and the tape they fill."""

    def __init__(self, address: str, tape: Path, first_port: int = FIRST_PORT) -> None:
        """Bind the first free even port at or above `first_port`.

        Raises:
            OSError: the address is not this machine's, or no port is free.
        """
        self.rtp, self.rtcp = _bind_pair(address, first_port)
        self.rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self.port: int = self.rtp.getsockname()[1]
        self.tape_path = tape
        self._tape: BinaryIO = tape.open("ab", buffering=0)

    def drain(self) -> None:
        """Write down everything that has arrived; returns at once when nothing has."""
        records = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, ancillary, _flags, _peer = self.rtp.recvmsg(2048, 64)
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
                if record := record_of(packet, seconds * 1_000_000_000 + nanoseconds):
                    records.append(record)
        if records:
            self._tape.write(b"".join(records))
        with contextlib.suppress(BlockingIOError):
            while self.rtcp.recv(2048):
                pass

    def close(self) -> None:
        """Drain once more and let the ports go. Repeatable."""
        if self.rtp.fileno() >= 0:
            self.drain()
            self.rtp.close()
            self.rtcp.close()
            self._tape.close()


def _bind_pair(address: str, first_port: int) -> tuple[socket.socket, socket.socket]:
    for port in range(first_port - first_port % 2, LAST_PORT, 2):
        pair = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        try:
            for offset, one in enumerate(pair):
                one.settimeout(0)
                one.bind((address, port + offset))
        except OSError as why:
            for one in pair:
                one.close()
            if why.errno != 98:  # noqa: PLR2004 - EADDRINUSE: the next pair may be free
                raise
            continue
        return pair[0], pair[1]
    msg = f"no free RTP port at {address}: end other phones on this address or give them another one"
    raise OSError(msg)
