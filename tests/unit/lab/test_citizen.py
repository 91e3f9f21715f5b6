"""The citizen's page is the lab's alone, and its carrier asserts what a carrier asserts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi.lint import CONFIG
from callflow.lab.citizen.carrier import rendered
from callflow.lab.citizen.lines import LINES, place_of, refuse_beyond_loopback
from callflow.lab.plan import LabError, Plan, plan_lab
from callflow.web.page_files import page_files


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setenv("CALLFLOW_HOME", str(CONFIG.parent))
    monkeypatch.setenv("CALLFLOW_RUNTIME", str(tmp_path / "runtime"))
    return plan_lab(7, state=tmp_path / "state")


@pytest.mark.parametrize("host", ["10.0.0.5", "0.0.0.0", "192.0.2.1"])
def test_it_does_not_start_where_others_could_reach_it(host: str) -> None:
    with pytest.raises(LabError, match="only in the lab on loopback"):
        refuse_beyond_loopback(host)


def test_no_site_serves_it() -> None:
    assert not any(name.startswith("citizen/") for name in page_files())


def test_it_stands_at_the_trusted_carrier_and_dials_both_platforms(plan: Plan) -> None:
    place = place_of(plan)

    assert place.url == "http://127.0.7.20:8020"
    assert place.platforms == (("12345", "127.0.7.11:5060"), ("110", "127.0.7.12:5060"))


def test_a_lines_number_is_the_carriers_word_and_a_hidden_one_crosses_with_its_mark(plan: Plan) -> None:
    sip = rendered(plan, place_of(plan))["pjsip.conf"]

    for line in LINES:
        hidden = "prohib" if line.withheld else "allowed"
        assert f"[{line.number}](line)\ncallerid = <{line.number}>\ncallerid_privacy = {hidden}\n" in sip
    assert "send_pai = yes" in sip
    assert any(line.withheld for line in LINES)
