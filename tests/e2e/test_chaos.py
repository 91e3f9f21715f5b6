"""The short chaos run: real calls on a lab of its own while its parts die, and a ledger that is clean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callflow.chaos.plan import Fault
from tests.e2e.chaos import chaos

CALLS = 24
SHORT = ("--calls", str(CALLS), "--seed", "7")


@pytest.mark.covers("R-027", "C-01", "C-02")
def test_a_short_run_loses_nobody(tmp_path: Path) -> None:
    ended = chaos(tmp_path, *SHORT)
    document = json.loads(ended.stdout)

    assert document["findings"] == [], ended.stderr[-4000:]
    assert ended.returncode == 0
    assert sum(document["fates"].values()) == CALLS
    assert document["legs"]["phones"] >= CALLS // 2
    assert set(document["faults"]["struck"]) == {fault.value for fault in Fault}
    assert sum(document["faults"]["struck"].values()) >= 6
