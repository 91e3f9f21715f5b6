"""The site as its administrator sees it: no secret in it, warnings with it, nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address

import pytest

from callflow.domain.bans import Ban, Reason
from tests.contract.web.house import House

SITE, BANS = "/api/v1/site", "/api/v1/bans"
DAY_S = 86_400


@pytest.mark.covers("R-065")
async def test_the_administrator_reads_the_trust_table_and_no_secret(house: House) -> None:
    house.unreachable = frozenset({"110"})  # type: ignore[arg-type] # a code is a str

    status, body = await (await house.desk(house.administrator)).get(SITE)

    assert status == 200, body
    (peer,) = body["peers"]
    assert (peer["id"], peer["send_identity"], body["keys"]["peer_keys"]["110"]) == ("110", "always", "b2" * 32)
    assert (body["reachable"]["110"], body["reachable"]["119"]) == (False, None)
    assert body["directory"][0]["contacts"][0]["dial"] == "62110"
    told = json.dumps(body)
    assert not any(word in told for word in ("secret", "password", "PRIVATE"))


async def test_what_deserves_a_look_is_told_the_grave_first() -> None:
    house = House()
    house.keys = replace(
        house.keys, certificate_ends_at=house.now + 5 * DAY_S, peer_keys={"110": house.keys.exchange_key}
    )
    house.site = house.site.model_copy(
        update={
            "peer": tuple(one.model_copy(update={"send_identity": "never"}) for one in house.site.peer),
            "recording": house.site.recording.model_copy(update={"enabled": True}),
            "agent": tuple(one for one in house.site.agent if one.role != "supervisor"),
        }
    )
    await house.open()

    _, body = await (await house.desk(house.auditor)).get(SITE)

    grave = [one["about"] for one in body["warnings"] if one["grave"]]
    assert grave == ["certificate", "peer 110", "peer 110", "accounts", "recording"]
    assert [one["grave"] for one in body["warnings"]] == sorted(
        (one["grave"] for one in body["warnings"]), reverse=True
    )
    assert "carrier stranger" in {one["about"] for one in body["warnings"]}
    assert all(one["zh"] and one["en"] for one in body["warnings"])
    await house.close()


async def test_bans_that_are_over_are_not_shown(house: House) -> None:
    house.bans = [
        Ban(ip_address(f"192.0.2.{nth}"), Reason.PASSWORD, house.now - 60, house.now + left_s, 1)
        for nth, left_s in enumerate((-1, 30, 600))
    ]

    status, body = await (await house.desk(house.administrator)).get(BANS)

    assert status == 200
    assert [one["address"] for one in body["bans"]] == ["192.0.2.2", "192.0.2.1"]


@pytest.mark.covers("R-065")
async def test_who_works_with_callers_does_not_look_after_the_house(house: House) -> None:
    for who in (house.agent, house.supervisor):
        desk = await house.desk(who)
        assert (await desk.get(SITE))[1]["code"] == "role-not-allowed"
    for who in (house.agent, house.supervisor, house.auditor):
        assert (await (await house.desk(who)).get(BANS))[1]["code"] == "role-not-allowed"
