"""A platform calls: what its trunk is believed, and what not. 110 is played by hand, byte for byte."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from callflow.adapters.uui import PairKey, Uui
from callflow.domain.names import IncidentId, SiteId, Verified
from callflow.lab.keys import load_keys
from callflow.lab.plan import Plan, SitePlan
from softphone_sim.run.stage import Stage
from tests.e2e.entries import invite, journal_size, step_after
from tests.e2e.far_end import NUMBER, FarEnd, platform_calls
from tests.e2e.raw_caller import Forgery

PLAIN_RTP = "m=audio 40000 RTP/AVP 8\r\n"
INCIDENT = IncidentId("01K5ZZZZZZZZZZZZZZZZZZZZZZ")


def signed(plan: Plan, incident: str = INCIDENT, hop: int = 1, age_s: float = 0.0, flip: int = 0) -> str:
    """What 110 signs for 12345; `flip` changes the last bits."""
    key = load_keys(plan.keys, SiteId("110")).uui_keys[SiteId("12345")]
    uui = Uui(SiteId("110"), {SiteId("12345"): PairKey(1, key)})
    good = uui.sign(IncidentId(incident), hop, Verified.NETWORK, SiteId("12345"), time.time() - age_s)
    return f"{good[:-2]}{int(good[-2:], 16) ^ flip:02x}"


@pytest.mark.usefixtures("police")
@pytest.mark.covers("S-10", "S-4")
async def test_a_signed_incident_is_taken_up_and_the_origin_is_no_caller(
    running: Plan, site: SitePlan, tmp_path: Path
) -> None:
    told = Forgery(
        "from 110",
        headers=(
            f"P-Asserted-Identity: <sip:{NUMBER}@x.invalid>",
            f"User-to-User: {signed(running)};encoding=hex;purpose=hotline-linkage",
            "Diversion: <sip:110@x.invalid>;reason=deflection;counter=1",
        ),
    )
    offset = journal_size(site)
    async with platform_calls(running, f"{running.net}.13", tmp_path, site.host, told):
        queued = await step_after(site, offset, "queued")
        arrived = await step_after(site, offset, "arrived")

    assert queued.incident_id == INCIDENT
    assert (arrived.detail["number"], arrived.detail["from"], arrived.detail["via"]) == (NUMBER, "110", "110")
    assert arrived.detail["hop"] == "1"


@pytest.mark.usefixtures("police")
@pytest.mark.covers("S-10", "T-07")
@pytest.mark.parametrize("kind", ["forged", "too old", "not hex", "another purpose"])
async def test_a_forged_or_foreign_user_to_user_is_ignored_and_the_log_says_so(
    kind: str, running: Plan, site: SitePlan, tmp_path: Path
) -> None:
    value = {
        "forged": f"{signed(running, flip=1)};encoding=hex;purpose=hotline-linkage",
        "too old": f"{signed(running, age_s=86400)};encoding=hex;purpose=hotline-linkage",
        "not hex": '"no;purpose=x" ;;=,encoding',
        "another purpose": "56a390f3d2b7310023a2;encoding=hex;purpose=foo;content=bar",
    }[kind]
    told = Forgery("x", headers=(f"P-Asserted-Identity: <sip:{NUMBER}@x.invalid>", f"User-to-User: {value}"))
    log, offset = site.place.log / "callflow.out", journal_size(site)
    refusals = log.read_text().count("user-to-user refused")

    async with platform_calls(running, f"{running.net}.13", tmp_path, site.host, told):
        queued = await step_after(site, offset, "queued")
        arrived = await step_after(site, offset, "arrived")

    assert queued.incident_id == arrived.incident_id != INCIDENT, "the call came in, as an incident of its own"
    assert log.read_text().count("user-to-user refused") > refusals


@pytest.mark.covers("S-4")
async def test_the_diversion_counter_stops_ping_pong_even_when_nobody_signs(
    running: Plan, site: SitePlan, police: FarEnd, stage: Stage, tmp_path: Path
) -> None:
    await stage.agent("zhang", platform="12345", seat=1, desk=False)

    for counter, told in (("1", ""), ("2", "hops"), ("17", "hops")):
        bounced = Forgery("x", headers=(f"Diversion: <sip:110@x.invalid>;reason=deflection;counter={counter}",))
        offset, rung = journal_size(site), len(police.came)
        async with platform_calls(running, f"{running.net}.13", tmp_path, site.host, bounced):
            await step_after(site, offset, "offered")
            await invite(running, site, "110", await step_after(site, offset, "arrived"))
            if told:
                assert (await step_after(site, offset, "refused")).detail["why"] == told
                assert [one for one in police.came[rung:] if one.method == "INVITE"] == []
            else:
                assert (await police.arrival(after=rung)).one("diversion").endswith(";counter=2")
                await step_after(site, offset, "failed")


@pytest.mark.usefixtures("police")
@pytest.mark.covers("S-19")
async def test_plain_rtp_from_a_platform_is_refused(running: Plan, site: SitePlan, tmp_path: Path) -> None:
    told = Forgery("plain", headers=(f"P-Asserted-Identity: <sip:{NUMBER}@x.invalid>",), media=PLAIN_RTP)
    offset = journal_size(site)

    async with platform_calls(running, f"{running.net}.13", tmp_path, site.host, told) as code:
        assert code == 488  # Not Acceptable Here

    assert (site.place.journal / "steps.csv").stat().st_size == offset
