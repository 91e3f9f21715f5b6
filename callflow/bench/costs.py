"""What the programs of a lab cost: processor time and memory, read from outside while they work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CPU_CLOCK = 2
"""Linux: `(~pid << 3) | 2` is the clock that a whole process has used, exited threads included (clock_getres(2))."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The processes of both sites by what they are: "Asterisk" and "Python"."""

    pids: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Programs:
        """Those of `./run status --json`."""
        sites = [site["pids"] for site in status["sites"]]
        return cls(
            {
                "Asterisk": [pids["asterisk"] for pids in sites],
                "Python": [pid for pids in sites for pid in pids["python"]],
            }
        )

    def cpu_ms(self) -> dict[str, float]:
        """Processor time used since each began, in milliseconds. Raises OSError when one has ended."""
        return {
            who: sum(time.clock_gettime((~pid << 3) | CPU_CLOCK) for pid in pids) * 1000
            for who, pids in self.pids.items()
        }

    def memory_kb(self) -> dict[str, float]:
        """Memory of their own and their share of what is shared (PSS), in kB."""
        return {who: sum(_pss_kb(pid) for pid in pids) for who, pids in self.pids.items()}


def _pss_kb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("Pss:")))
