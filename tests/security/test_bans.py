"""Who attacks is refused within ten seconds; who belongs here never is, whatever is forged in his name."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import pytest

from callflow.domain.bans import Ban
from callflow.lab import pbx
from callflow.lab.lab import status
from callflow.lab.plan import Plan
from softphone_sim.lab import Lab
from softphone_sim.phone.handset import Bell
from softphone_sim.run.acts import answer, dial, rings_at
from softphone_sim.run.hearing import hear
from softphone_sim.run.stage import Stage
from softphone_sim.script.model import Hear
from tests.security.conftest import BAN_LIMIT_S, PLATFORM
from tests.security.test_ami_and_ports import ami
from tests.security.wire import Wire, status_of, wire

Bans = Callable[[], dict[str, Ban]]


async def hunts_for_accounts(one: Wire, each: int) -> str:
    return await one.ask(one.request("OPTIONS", f"sip:{one.server[0]}", f"{7000 + each}"))


async def tries_passwords(one: Wire, each: int) -> str:
    return await one.register("8001", f"word{each}")


async def never_answers_a_challenge(one: Wire, _each: int) -> str:
    return await one.ask(one.request("INVITE", f"sip:12345@{one.server[0]}", "8001"))


ATTACKS = {
    "a hunt for accounts": (90, hunts_for_accounts, "account"),
    "a word list": (91, tries_passwords, "password"),
    "challenges left unanswered": (92, never_answers_a_challenge, "silent"),
}


async def attack(one: Wire, deed: Callable[[Wire, int], Awaitable[str]], at_most: int = 60) -> int:
    """Go on until refused; how many tries were answered otherwise."""
    for each in range(at_most):
        try:
            if status_of(await deed(one, each)) == 403:
                return each
        except TimeoutError:
            continue  # a flood may have been in the way
        await asyncio.sleep(0.05)  # as fast as a careful attacker
    return at_most


@pytest.mark.covers("T-01", "T-02", "R-063")
@pytest.mark.parametrize("sort", ATTACKS)
async def test_who_attacks_is_logged_and_refused_within_ten_seconds_and_a_supervisor_can_let_him_in_again(
    sort: str, lab: Lab, bans: Bans, running: Plan, security_events: Callable[[str], list[str]]
) -> None:
    octet, deed, reason = ATTACKS[sort]
    thief = f"{running.net}.{octet}"
    async with wire(thief, lab.site(PLATFORM).sip) as one:
        async with asyncio.timeout(BAN_LIMIT_S):
            tried = await attack(one, deed, 150)
        assert tried < 150
        banned = await Bell().until(lambda: bans().get(thief), BAN_LIMIT_S, 0.1)  # refused first, written down then
        assert banned
        assert banned.reason == reason
        assert len(security_events(thief)) >= 5
        told = [json.loads(line) for line in (running.sites[0].place.log / "guard.out").read_text().splitlines()]
        assert any(line["event"] == "banned" and line["source"] == thief for line in told)

        said = await run("pbx", "lift", thief, "--site", PLATFORM, "--base", str(running.base))
        assert "is let in again" in said
        assert status_of(await deed(one, 999)) == 401


async def run(*words: str) -> str:
    """One of our own commands, to its end."""
    process = await asyncio.create_subprocess_exec(
        "python", "-m", "callflow", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    return said.decode()


@pytest.mark.covers("T-04", "T-14")
async def test_who_tries_ami_from_elsewhere_is_refused_by_sip_too(
    net: str, sip: str, running: Plan, bans: Bans
) -> None:
    thief = f"{net}.93"
    await asyncio.gather(*(ami(running, thief, "Action: Ping", secret=f"{each}") for each in range(6)))

    assert await Bell().until(lambda: bans().get(thief), BAN_LIMIT_S, 0.1)
    async with wire(thief, sip) as one:
        assert status_of(await one.ask(one.request("OPTIONS", f"sip:{one.server[0]}", "8001"))) == 403
    assert (await ami(running, f"{net}.11"))[0].startswith("Response: Success")


@pytest.mark.covers("T-02", "T-09", "T-14")
async def test_packets_forged_in_the_name_of_carriers_peers_and_phones_ban_none_of_them(
    net: str, sip: str, stage: Stage, bans: Bans
) -> None:
    zhang = await stage.agent("zhang", platform=PLATFORM, seat=1)
    citizen = await stage.caller("citizen", number="13800138051")
    phone = zhang.handset.spec.address
    for address in (f"{net}.20", f"{net}.30", f"{net}.31", f"{net}.12", f"{net}.11", phone):
        async with wire(address, sip) as forger:
            for each in range(16):
                forger.send(forger.request("REGISTER", f"sip:{forger.server[0]}", f"{7000 + each}"))
    async with wire(f"{net}.94", sip) as one:  # the last in the log: what came before it has been judged
        assert await attack(one, hunts_for_accounts) < 60

    assert set(bans()) == {f"{net}.94"}
    call = await dial(stage, citizen, "12345", asserted="13800138051")
    await answer(stage, zhang, await rings_at(stage, zhang, 5))
    assert call is not None
    assert await hear(stage, citizen, ("zhang",), Hear(who="citizen", exactly=("zhang",))) is None


@pytest.mark.covers("T-02", "T-14")
@pytest.mark.parametrize(
    "written",
    [
        "x%22,RemoteAddress=%22IPV4/UDP/{victim}/5060",
        "x%22,LocalAddress=%22IPV4/UDP/{net}.11/5060%22,RemoteAddress=%22IPV4/UDP/{victim}/5060",
    ],
)
async def test_a_false_address_written_into_the_log_bans_its_writer_and_not_the_victim(
    written: str, net: str, sip: str, bans: Bans
) -> None:
    victim, thief = f"{net}.96", f"{net}.95"
    async with wire(thief, sip) as one:

        async def writes(one: Wire, _each: int) -> str:
            user = written.format(victim=victim, net=net)
            return await one.ask(
                re.sub(
                    "Call-ID: .*",
                    f'Call-ID: a",RemoteAddress="IPV4/UDP/{victim}/1',
                    one.request("OPTIONS", f"sip:{one.server[0]}", user),
                )
            )

        assert await attack(one, writes) < 60

    assert set(bans()) == {thief}


@pytest.mark.covers("T-02", "R-063")
async def test_the_guard_sees_on_after_the_log_was_rotated(
    net: str, sip: str, lab: Lab, running: Plan, bans: Bans
) -> None:
    site = running.sites[0]
    before, after = f"{net}.97", f"{net}.98"
    async with wire(before, sip) as one:
        assert await attack(one, hunts_for_accounts) < 60
    (site.place.log / "security").rename(site.place.log / "security.1")
    pbx.console(running, site, "logger reload")
    assert lab

    async with wire(after, sip) as one:
        assert await attack(one, hunts_for_accounts) < 60

    assert set(bans()) == {before, after}
    told = status(running)
    assert told is not None
    assert told["sites"][0]["pids"]["guard"]
