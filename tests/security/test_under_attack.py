"""While attackers do their worst, a caller is answered, handed over and heard; and the PBX neither grows nor falls."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from callflow.domain.bans import Ban
from callflow.lab.plan import Plan
from softphone_sim.lab import Lab
from softphone_sim.phone.handset import Bell
from tests.e2e.scene import Scene, pid_of
from tests.security.attacks import ATTACKS
from tests.security.conftest import BAN_LIMIT_S, PLATFORM, Seen
from tests.security.torture import TORTURE, torture
from tests.security.wire import status_of, wire

GROWTH_LIMIT_MB = 64
BY_SIP = ("a flood of REGISTER", "a flood of INVITE", "a flood of OPTIONS", "RFC 4475 torture")


def rss_mb(pid: int) -> float:
    """What a process holds in memory (proc(5), statm)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


@pytest.mark.covers("T-14")
@pytest.mark.parametrize("name", ATTACKS)
async def test_a_caller_is_handed_over_unharmed_while_there_is(
    name: str, scene: Scene, tmp_path: Path, bans: Callable[[], dict[str, Ban]], seen: Seen
) -> None:
    octet, attack = ATTACKS[name]
    source, pids = f"{scene.plan.net}.{octet}", [pid_of(scene.plan, PLATFORM, one) for one in ("asterisk", "python")]
    before = [rss_mb(pid) for pid in pids]

    async with attack(scene.stage.lab, source, tmp_path):
        began = time.monotonic()
        if name in BY_SIP:
            assert await Bell().until(lambda: bans().get(source), BAN_LIMIT_S, 0.1), "its source is refused"
            seen(refused_after_s=round(time.monotonic() - began + 1.0, 1))
        await scene.talk()
        await scene.key_at_the_desk()
        await scene.li_answers(await scene.rings())
        await scene.zhang_leaves(by_himself=False)
        assert scene.silences() == []
        await scene.citizen_hangs_up()

    assert [pid_of(scene.plan, PLATFORM, one) for one in ("asterisk", "python")] == pids
    grown = [round(rss_mb(pid) - old, 1) for pid, old in zip(pids, before, strict=True)]
    seen(call="answered, handed over, heard throughout", asterisk_grew_mb=grown[0], program_grew_mb=grown[1])
    assert max(grown) < GROWTH_LIMIT_MB


@pytest.mark.covers("T-01", "T-14")
@pytest.mark.usefixtures("unguarded")
async def test_no_torture_message_tells_an_account_or_gets_in(
    lab: Lab, running: Plan, sip: str, net: str, seen: Seen
) -> None:
    pid = pid_of(running, PLATFORM, "asterisk")
    answers: dict[str, dict[str, list[int]]] = {}
    for octet, user in ((108, lab.seat(PLATFORM, 1).sip_user), (109, "8999")):
        async with wire(f"{net}.{octet}", sip) as one:
            for name in TORTURE:
                after = len(one.came)
                one.send_bytes(torture(name, to=one.server[0], me=f"{one.address}:{one.port}", user=user))
                with suppress(TimeoutError):  # many of them are to be dropped without a word
                    await one.arrival(r"SIP/2.0 [2-6]", after, 0.3)
                codes = [status_of(packet) for packet in one.came[after:] if packet.startswith("SIP/2.0")]
                answers.setdefault(name, {})[user] = sorted(set(codes) - {100})
    assert pid_of(running, PLATFORM, "asterisk") == pid

    told_apart = {name: each for name, each in answers.items() if len({str(codes) for codes in each.values()}) > 1}
    let_in = {
        name: each for name, each in answers.items() if any(code < 400 for codes in each.values() for code in codes)
    }
    seen(messages=len(TORTURE), answered=sum(1 for each in answers.values() if any(each.values())))
    assert told_apart == {}
    assert let_in == {}
