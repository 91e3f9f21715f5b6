"""Nobody reaches a line that he was not given: not a caller, not a platform's address, not an agent's own phone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from softphone_sim.bench import key_at_desk, talking
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, dial, rings_at
from softphone_sim.run.hearing import hear
from softphone_sim.run.stage import Stage
from softphone_sim.script.model import Hear
from tests.security.conftest import PLATFORM, tool
from tests.security.wire import status_of, wire

RING_LIMIT_S = 25.0  # a phone that has just gone may be rung first, for 15 s
HERE = Path(__file__).parent
FORBIDDEN = [
    "008613900139000", "0900123456", "+8613900139000", "13900139000", "119", "*5", "*110", "8001", "9001",
    "1234", "123456", "12345%26110", "110&12345", "12345,1", "9%2CSystem(x)", "%24%7BEXTEN%7D", "s", "i", "queue",
    "peer", "1" * 200, "12345%0D%0AX", "%2A5",
]  # fmt: skip
# A 302 is answered by whoever is rung. Its user part could name technology, number and trunk.
ELSEWHERE = ["119", "0086139001", "PJSIP%2F0086139001%40carrier", "Local%2F119%40invite"]


@pytest.mark.covers("T-03")
@pytest.mark.parametrize("octet", [20, 30, 31])
async def test_a_carriers_line_reaches_the_service_number_and_nothing_else(
    octet: int, net: str, sip: str, tmp_path: Path, journal: Callable[[], list[str]]
) -> None:
    before = len(journal())
    targets = tmp_path / "targets.csv"
    targets.write_text("SEQUENTIAL\n" + "\n".join(FORBIDDEN) + "\n")

    code, said = await tool(
        "sipp", sip, "-sf", str(HERE / "dial.xml"), "-inf", str(targets), "-i", f"{net}.{octet}", "-p", "5099",
        "-m", str(len(FORBIDDEN)), "-r", "20", "-nostdin", "-timeout", "30", "-timeout_error", home=tmp_path,
    )  # fmt: skip

    assert code == 0, said[-3000:]
    assert journal()[before:] == []


@pytest.mark.covers("T-03")
async def test_a_platforms_address_alone_is_not_believed(net: str, sip: str, journal: Callable[[], list[str]]) -> None:
    # UDP with the source address of 110: no certificate, so no platform. Only its TLS port is believed.
    before = len(journal())
    async with wire(f"{net}.12", sip) as one:
        said = await one.ask(
            one.request(
                "INVITE", f"sip:12345@{one.server[0]}", "x", to=f"sip:12345@{one.server[0]}",
                headers="P-Asserted-Identity: <sip:13900139000@x>\nContent-Type: application/sdp\n",
                body=f"v=0\no=- 1 1 IN IP4 {net}.12\ns=-\nc=IN IP4 {net}.12\nt=0 0\nm=audio 40000 RTP/SAVP 8\n"
                f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{'A' * 40}\n",
            )
        )  # fmt: skip

    assert status_of(said) >= 400
    assert journal()[before:] == []


@pytest.mark.covers("T-03")
@pytest.mark.parametrize("target", ["008613900139000", "+8613900139000", "12345", "8002", "*5"])
async def test_an_agents_own_phone_dials_directory_codes_only(target: str, lab: Lab, net: str, stage: Stage) -> None:
    async with wire(f"{net}.20", lab.site(PLATFORM).sip, 5060) as carrier:
        anna = await stage.agent("anna", platform=PLATFORM, seat=1, desk=False)

        await dial(stage, anna, target)

        assert await stage.bell.until(lambda: anna.call.ended_ns if anna.call else None, 10)  # a tone, then the end
        assert [packet for packet in carrier.came if packet.startswith("INVITE")] == []


@pytest.mark.covers("T-03", "T-13")
@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_a_phone_that_sends_the_caller_elsewhere_is_not_obeyed(
    elsewhere: str, lab: Lab, net: str, sip: str, stage: Stage
) -> None:
    account = lab.seat(PLATFORM, 1)
    async with wire(f"{net}.20", sip, 5060) as carrier, wire(f"{net}.66", sip) as phone:
        assert status_of(await phone.register(account.sip_user, account.sip_password)) == 200
        phone.redirects_to = f"sip:{elsewhere}@{net}.20"
        citizen = await stage.caller("citizen", number="13800138041")

        await dial(stage, citizen, "12345", asserted="13800138041")
        await phone.arrival("ACK", limit_s=RING_LIMIT_S)
        zhang = await stage.agent("zhang", platform=PLATFORM, seat=2)
        await answer(stage, zhang, await rings_at(stage, zhang, RING_LIMIT_S))

        assert await hear(stage, citizen, ("zhang",), Hear(who="citizen", exactly=("zhang",))) is None
        assert [packet for packet in carrier.came if packet.startswith("INVITE")] == []


@pytest.mark.covers("T-03", "T-13")
async def test_a_target_that_sends_the_caller_elsewhere_is_not_obeyed_and_he_talks_on(
    net: str, sip: str, stage: Stage
) -> None:
    async with wire(f"{net}.20", sip, 5060) as carrier:
        carrier.redirects_to = f"sip:PJSIP%2F0086139001%40carrier@{net}.20"
        zhang = await stage.agent("zhang", platform=PLATFORM, seat=1)
        citizen = await stage.caller("citizen", number="13800138045")
        await talking(stage, citizen, zhang, "12345")

        await key_at_desk(zhang, target="119", kind="one_key", consent="agreed")
        await carrier.arrival("ACK", limit_s=8)

        assert (
            await hear(
                stage, citizen, ("zhang",), Hear.model_validate({"who": "citizen", "exactly": ["zhang"], "for": 1.0})
            )
            is None
        )
        rung = {packet.split(" ")[1] for packet in carrier.came if packet.startswith("INVITE")}
        assert rung == {f"sip:119@{net}.20:5060"}


@pytest.mark.covers("T-13", "S-5", "S-7")
async def test_a_caller_can_neither_refer_nor_replace(net: str, sip: str, stage: Stage) -> None:
    zhang = await stage.agent("zhang", platform=PLATFORM, seat=1)
    citizen = await stage.caller("citizen", number="13800138042")
    call = await dial(stage, citizen, "12345", asserted="13800138042")
    await answer(stage, zhang, await rings_at(stage, zhang, 10))
    await hear(stage, citizen, ("zhang",), Hear(who="citizen", exactly=("zhang",)))

    await citizen.handset.order("refer", call=call.name, to=f"sip:119@{sip}", replaces=None)
    refused = await stage.bell.until(lambda: call.transfers[-1][1] if call.transfers else None, 5)
    async with wire(f"{net}.31", sip) as stranger:
        host = stranger.server[0]
        replaces = f"Replaces: {call.sip_call_id};to-tag=x;from-tag=y\n"
        steal = await stranger.ask(stranger.request("INVITE", f"sip:12345@{host}", "13800138043", headers=replaces))
        outside = await stranger.ask(
            stranger.request("REFER", f"sip:12345@{host}", "13800138043", headers=f"Refer-To: <sip:119@{host}>\n")
        )

    assert refused in {403, 603}
    assert status_of(steal) in {403, 481}
    assert status_of(outside) >= 400
    assert await hear(stage, citizen, ("zhang",), Hear(who="citizen", exactly=("zhang",))) is None


async def test_a_caller_is_answered_in_a_second_while_registrations_pour_in(
    net: str, sip: str, stage: Stage, tmp_path: Path
) -> None:
    # 100 a second for eight seconds; 2,000 a second with fifty calls belongs to the handover engine's own work.
    zhang = await stage.agent("zhang", platform=PLATFORM, seat=1)
    citizen = await stage.caller("citizen", number="13800138044")
    flood = ("sipp", sip, "-sf", str(HERE / "flood.xml"), "-i", f"{net}.66", "-p", "5098", "-nostdin")
    async with asyncio.TaskGroup() as group:
        pouring = group.create_task(tool(*flood, "-m", "800", "-r", "100", "-timeout", "30", home=tmp_path))
        async with asyncio.timeout(10):
            await _flooded(net, sip)
        call = await dial(stage, citizen, "12345", asserted="13800138044")
        came = await rings_at(stage, zhang, 5)
        was_pouring = not pouring.done()
        await answer(stage, zhang, came)
        assert await hear(stage, citizen, ("zhang",), Hear(who="citizen", exactly=("zhang",))) is None

    assert was_pouring
    assert (came.began_ns - call.began_ns) / 1e9 < 1.0


async def _flooded(net: str, sip: str) -> None:
    """Return when the PBX has answered a stranger once more: by then the flood has begun."""
    async with wire(f"{net}.68", sip) as one:
        await one.ask(one.request("OPTIONS", f"sip:{one.server[0]}", "flood"))
