"""One suite for the three ways of carrying (R-050): pushed, pulled, and dropped as files for a gateway.

The checks are those of `./run conformance`; here they judge a platform of our own, whose books and log are seen, too.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from callflow.adapters import exchange_files
from callflow.conformance.checks import Check, Examiner
from callflow.conformance.lines import Ends, FileLine, Line, pull_line, push_line
from callflow.conformance.suite import CHECKS, judge
from callflow.service.exchange import Mode
from tests.contract.exchange.conftest import ADDRESS, GOV, POLICE, PORT
from tests.contract.exchange.line import kept

Platform = Any
EACH = [pytest.param(check, mode, id=f"{mode}-{check.name}") for check in CHECKS for mode in sorted(check.modes)]
ROWS = {"R-011", "R-040", "R-041", "R-043", "R-045", "R-049", "R-060", "R-061", "R-066", "T-15"}
REFUSING = {"gap": 1, "fork": 2, "replay": 1, "altered": 2, "wrong_peer": 3, "wrong_envelope": 1, "old_clock": 3} | {
    "unknown_key": 1,
    "oversized": 1,
    "malformed": 10,
    "newer_major": 1,
}
"""How often a check is refused: so many lines of the log, and nothing kept of it."""

KEPT = {"receipt": 1, "repeated": 2, "in_order": 5, "gap": 3, "fork": 1, "replay": 1, "dropped_twice": 2} | {
    "old_clock": 1,
    "newer_minor": 2,
    "version_before": 1,
    "late_news": 1,
    "state": 1,
}


@pytest.fixture
async def line(
    mode: Mode, gov: Platform, police: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Line]:
    """From the 12345 to the 110, whose lines run."""
    monkeypatch.setattr(exchange_files, "GAP_PATIENCE_S", 0.3)
    monkeypatch.setattr(exchange_files, "SETTLE_S", 0.3)
    monkeypatch.setattr(exchange_files, "LOOK_EVERY_S", 0.05)
    ends = Ends(GOV, POLICE, gov.keyring)
    police.start_lines()
    if mode is Mode.PUSH:
        async with push_line(ends, f"https://{ADDRESS[POLICE]}:{PORT}/exchange/v1", gov.client_tls()) as to_his_door:
            yield to_his_door
    elif mode is Mode.PULL:
        async with pull_line(ends, ADDRESS[GOV], PORT, gov.server_tls()) as at_ours:
            yield at_ours
    else:
        yield FileLine(ends, tmp_path / "gateway" / f"from-{GOV}", tmp_path / "gateway" / f"from-{POLICE}")


@pytest.mark.covers("R-011", "R-040", "R-041", "R-043", "R-045", "R-049", "R-060", "R-061", "R-066", "T-15", "R-050")
@pytest.mark.parametrize(("check", "mode"), EACH)
async def test_our_own_platform_conforms(check: Check, line: Line, gov: Platform, police: Platform) -> None:
    examiner = Examiner(line, Ends(GOV, POLICE, gov.keyring), gov.signer, gov.clock)

    with capture_logs() as logs:
        failed = await judge(check, examiner)

    assert failed is None
    assert [log["peer"] for log in logs if log["event"] == "exchange message refused"] == [GOV] * REFUSING.get(
        check.name, 0
    )
    assert await kept(police) == (KEPT.get(check.name, 0), 0)


def test_every_row_that_the_suite_speaks_of_is_named_here() -> None:
    assert {row for check in CHECKS for row in check.rows} == ROWS
