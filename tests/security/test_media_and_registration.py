"""Audio nobody sent, a registration that is not the agent's, a server that asks for our password (T-11, T-12, T-21)."""

from __future__ import annotations

import asyncio
import math
import re
import socket
import struct
import time

import numpy as np
import pytest

from callflow.lab.plan import Plan
from softphone_sim.bench import joined
from softphone_sim.ears.tape import PCMA, TABLES
from softphone_sim.lab import Lab
from softphone_sim.run.stage import Actor
from tests.e2e.entries import invite, step_after, waiting_caller
from tests.e2e.far_end import carrier
from tests.e2e.raw_caller import Forgery
from tests.e2e.scene import Scene
from tests.security.conftest import PLATFORM
from tests.security.wire import Wire, digest, status_of, wire

MALLORY, MALLORY_HZ = "mallory", 3250
FEW_PACKETS = 5
"""What requirement T-11 allows without SRTP; strict RTP has locked on the right source long before."""

ROUNDS = 6


def packets_of(tone_hz: int, count: int) -> list[bytes]:
    """RTP packets of 20 ms of this tone, A-law."""
    wave = np.array([12000 * math.sin(2 * math.pi * tone_hz * n / 8000) for n in range(160)])
    payload = np.abs(TABLES[PCMA][None, :] - wave[:, None]).argmin(axis=1).astype(np.uint8).tobytes()
    return [struct.pack("!BBHII", 0x80, PCMA, n, 160 * n, 0xBAD) + payload for n in range(count)]


async def spray(source: str, hosts: list[str]) -> int:
    """Send a voice to every RTP port of these hosts, several times over; how many packets came back."""
    came = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((source, 0))
        line.setblocking(False)  # noqa: FBT003 - the library's own shape
        for packet in packets_of(MALLORY_HZ, ROUNDS):
            for host in hosts:
                for port in range(10000, 11000):
                    line.sendto(packet, (host, port))
                    if port % 100 == 0:
                        await asyncio.sleep(0)
            while True:
                try:
                    line.recv(2048)
                except BlockingIOError:
                    break
                came += 1
            await asyncio.sleep(0.02)
    return came


def heard_of_him(scene: Scene, who: Actor, since_ns: int) -> int:
    """In how many packets the attacker's voice was."""
    scene.stage.tones_hz[MALLORY] = MALLORY_HZ
    return int(scene.stage.heard_by(who, since_ns).voices[MALLORY].sum())


@pytest.mark.covers("T-11")
async def test_a_voice_from_a_third_address_is_heard_by_nobody_and_it_hears_nobody(scene: Scene, net: str) -> None:
    await scene.talk()
    await scene.key_at_the_desk("three_party")
    await scene.li_answers(await scene.rings())
    began_ns = time.time_ns()

    came = await spray(f"{net}.66", [site.host for site in scene.plan.sites])
    await joined(scene.stage, scene.citizen, "zhang", began_ns, around_ms=0)
    await joined(scene.stage, scene.citizen, "li", began_ns, around_ms=0)

    assert came <= FEW_PACKETS
    # zhang and the citizen have plain RTP legs; li's audio came through the platforms' SRTP and his own plain leg
    for who in (scene.citizen, scene.zhang, scene.li):
        assert heard_of_him(scene, who, began_ns) <= FEW_PACKETS, who.name
    assert scene.silences() == []
    await scene.citizen_hangs_up()


async def contact_of(one: Wire, user: str, password: str) -> list[str]:
    """Where this user is registered, by a REGISTER without Contact (RFC 3261 §10.2.3)."""
    uri = f"sip:{one.server[0]}"
    asked = re.sub(r"(?m)^Contact:.*\n", "", one.request("REGISTER", uri, user))
    first = await one.ask(asked)
    said = await one.ask(
        re.sub(
            r"(?m)^Contact:.*\n", "",
            one.request("REGISTER", uri, user, headers=digest(first, "REGISTER", uri, user, password)),
        )
    )  # fmt: skip
    assert status_of(said) == 200
    return re.findall(r"(?m)^Contact: <([^>]+)>", said)


@pytest.mark.covers("T-12")
async def test_an_agents_registration_is_taken_over_by_nobody_without_his_password(
    lab: Lab, net: str, sip: str
) -> None:
    account, uri = lab.seat(PLATFORM, 3), f"sip:{sip.partition(':')[0]}"
    user, password = account.sip_user, account.sip_password
    async with wire(f"{net}.41", sip) as phone, wire(f"{net}.66", sip) as thief:
        challenge = await phone.ask(phone.request("REGISTER", uri, user))
        sniffed = digest(challenge, "REGISTER", uri, user, password)
        assert status_of(await phone.ask(phone.request("REGISTER", uri, user, headers=sniffed))) == 200
        before = await contact_of(phone, user, password)

        wild = re.sub(r"(?m)^Contact:.*$", "Contact: *\nExpires: 0", thief.request("REGISTER", uri, user))
        tries = {
            "without a word": thief.request("REGISTER", uri, user),
            "the sniffed answer": thief.request("REGISTER", uri, user, headers=sniffed),
            "wildcard": wild,
            "wildcard with the sniffed answer": wild.replace("Max-Forwards", f"{sniffed}Max-Forwards"),
            "a wrong password": thief.request(
                "REGISTER", uri, user, headers=digest(challenge, "REGISTER", uri, user, "guess")
            ),
            "as another user": thief.request("REGISTER", uri, "8002", headers=sniffed),
        }
        answers = {name: status_of(await thief.ask(text)) for name, text in tries.items()}

        assert set(answers.values()) <= {401, 403, 404}, answers
        assert before == await contact_of(phone, user, password) == [f"sip:{user}@{net}.41:{phone.port}"]


@pytest.mark.covers("T-21")
@pytest.mark.parametrize(
    ("status", "header"),
    [("401 Unauthorized", "WWW-Authenticate"), ("407 Proxy Authentication Required", "Proxy-Authenticate")],
)
@pytest.mark.parametrize("realm", ["asterisk", "carrier", "110"])
async def test_a_server_that_asks_for_our_password_gets_no_answer_at_all(
    status: str, header: str, realm: str, running: Plan
) -> None:
    site = running.sites[0]
    async with carrier(f"{running.net}.20") as end:
        end.status = status
        end.headers = (f'{header}: Digest realm="{realm}", nonce="a1b2c3", algorithm=MD5, qop="auth"',)
        async with waiting_caller(site, f"{running.net}.30", Forgery("honest")) as caller:
            offset = (site.place.journal / "steps.csv").stat().st_size
            await invite(running, site, "119", caller)
            failed = await step_after(site, offset, "failed")

    asked = [one for one in end.came if one.method == "INVITE"]
    assert len(asked) == 1
    assert [one for one in end.came if one.all("authorization") or one.all("proxy-authorization")] == []
    assert failed.detail["sip"] == status[:3]
