"""Reading a tape: the packets one call of one phone was sent, as arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from softphone_sim.phone.tap import RECORD, SAMPLES_KEPT

Packets = npt.NDArray[Any]  # structured: the fields of PACKET
PACKET = np.dtype(
    [
        ("time_ns", "<u8"),
        ("ssrc", "<u4"),
        ("timestamp", "<u4"),
        ("sequence", "<u2"),
        ("payload_type", "u1"),
        ("marker", "u1"),
        ("sample_count", "<u2"),
        ("spare", "<u2"),
        ("payload", "u1", SAMPLES_KEPT),
    ]
)
assert PACKET.itemsize == RECORD.size
PCMU, PCMA = 0, 8  # RFC 3551 table 4


def read_tape(path: Path) -> Packets:
    """Every whole record written so far; a tape that does not exist yet is an empty one."""
    raw = path.read_bytes() if path.exists() else b""
    return np.frombuffer(raw[: len(raw) - len(raw) % PACKET.itemsize], dtype=PACKET)


def _alaw_table() -> npt.NDArray[np.int16]:
    """G.711 A-law: 256 codes to 16-bit samples (ITU-T G.711 table 1a)."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _ulaw_table() -> npt.NDArray[np.int16]:
    """G.711 mu-law: 256 codes to 16-bit samples (ITU-T G.711 table 2a)."""
    code = ~np.arange(256) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


TABLES = {PCMA: _alaw_table(), PCMU: _ulaw_table()}


def samples(packets: Packets) -> npt.NDArray[np.float64]:
    """One row of 160 samples a packet; what is not G.711 (telephone-event, comfort noise) is silence."""
    rows = np.zeros((len(packets), SAMPLES_KEPT))
    for payload_type, table in TABLES.items():
        chosen = packets["payload_type"] == payload_type
        rows[chosen] = table[packets["payload"][chosen]]
    held = np.arange(SAMPLES_KEPT) < packets["sample_count"][:, None]
    return rows * held
