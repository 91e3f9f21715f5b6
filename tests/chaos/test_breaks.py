"""The proof that the ledger can fail: with one safety off somebody is lost, and the ledger says who."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.chaos import chaos

LOSES = {
    "after": {"cut", "alone"},
    "recall": {"cut", "alone"},
    "reconcile": {"not_called_back", "call_left_open"},
    "outbox": {"ticket_lost", "ticket_unlinked", "owner"},
}


@pytest.mark.covers("R-027")
@pytest.mark.parametrize("safety", sorted(LOSES))
def test_without_this_safety_somebody_is_lost_and_the_ledger_names_him(safety: str, tmp_path: Path) -> None:
    ended = chaos(tmp_path, "--calls", "24", "--seed", "7", "--break", safety)
    document = json.loads(ended.stdout)
    lost = [one for one in document["findings"] if one["rule"] in LOSES[safety]]

    assert ended.returncode == 1
    assert document["break"] == safety
    assert lost, ended.stderr[-4000:]
    assert all(one["who"].startswith("138") for one in lost)
