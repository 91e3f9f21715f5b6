"""`./run chaos` as its user runs it, on bases of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import BASE

LIMIT_S = 300.0


def chaos(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "callflow", "chaos", "--json", "--base", str((BASE + 1) % 256), *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
