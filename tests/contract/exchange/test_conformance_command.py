"""`./run conformance`: who conforms, who does not, and in what; for people and for programs."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from callflow.conformance.run import run_conformance
from callflow.lab.plan import LabError, plan_lab
from tests.contract.exchange.conftest import ADDRESS, POLICE, PORT

URL = f"https://{ADDRESS[POLICE]}:{PORT}/exchange/v1"


async def examined(keys: Path, url: str = URL, *, as_json: bool = True) -> int:
    """As a program of its own would: the peer's door is served meanwhile."""
    known = {"keys": keys, "site": "12345", "peer": "110", "as_json": as_json}
    with capture_logs():  # his own log is not what the command prints
        return await asyncio.to_thread(lambda: run_conformance(plan_lab(0), url, **known))  # type: ignore[arg-type] # as typed on the command line


@pytest.mark.covers("R-064", "R-060", "T-18")
async def test_a_peer_that_conforms_passes_every_row(
    police: Any, keys_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    police.now = time.time()

    code = await examined(keys_dir)

    report = json.loads(capsys.readouterr().out)
    assert {row: verdict for row, verdict in report["requirements"].items() if verdict != "passed"} == {}
    assert {"R-040", "R-043", "R-045", "R-049", "R-060", "R-061", "R-066", "T-15", "T-18"} <= {*report["requirements"]}
    assert (code, report["conforms"], report["mode"]) == (0, True, "push")


@pytest.mark.covers("R-064")
async def test_a_peer_that_forgets_what_it_took_fails_in_the_rows_that_ask_for_it(
    police: Any, keys_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    police.now = time.time()

    async def forgets(*_what: Any) -> None:
        """The receipt is given, and nothing is stored."""

    monkeypatch.setattr(type(police.inbox), "keep", forgets)
    code = await examined(keys_dir, as_json=False)

    said = capsys.readouterr().out
    assert code == 1
    assert "R-043  FAILED 不符合: in_order" in said
    assert "R-061  passed 符合" in said


async def test_whom_nobody_knows_is_asked_about(keys_dir: Path) -> None:
    with pytest.raises(LabError, match="--as SITE --peer SITE --keys DIR"):
        run_conformance(plan_lab(0), "https://127.0.99.1:8443", keys=keys_dir, site="", peer="", as_json=True)
    with pytest.raises(LabError, match="two folders"):
        await examined(keys_dir, "file:/only/one")
