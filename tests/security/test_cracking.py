"""Ten thousand words and every extension: no account opens while the guard sleeps; awake, it ends the attempt."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from callflow.domain.bans import Ban
from callflow.lab.plan import Plan
from softphone_sim.lab import Lab
from softphone_sim.phone.handset import Bell
from tests.security.conftest import BAN_LIMIT_S, PLATFORM, Seen, tool
from tests.security.wire import wire

HERE = Path(__file__).parent
CRACK = HERE / "crack.xml"
STEMS = ("12345", "110", "hotline", "callflow", "asterisk", "password", "admin", "agent", "zuoxi", "rexian", "gongan")
ENDS = ("", "!", "@", "#", "123", "888", "666", "2024", "2025", "2026")
SIPP_PER_S = 700
ASKED = {"REGISTER": range(10_000), "INVITE": range(8000, 10_000), "OPTIONS": range(8000, 10_000)}
LOUD = 30
"""So many lines of the log must have brought a ban; svwar gives up earlier when all names are answered alike."""


Bans = Callable[[], dict[str, Ban]]


async def refused(bans: Bans, source: str, since: float) -> float:
    """When this source was refused, in seconds after `since`; within the limit, or the test fails."""
    ban = await Bell().until(lambda: bans().get(source), BAN_LIMIT_S, 0.1)
    assert ban is not None, f"{source} was not refused"
    assert ban.since - since < BAN_LIMIT_S
    return round(ban.since - since, 1)


def words() -> list[str]:
    """Every extension, and ten thousand words besides, as a cracker's list has them: the same each time."""
    extensions = [f"{number:04}" for number in range(8000, 10000)]
    made = (
        f"{stem}{middle}{end}"
        for middle, end, stem in itertools.product(("", *(f"{n:02}" for n in range(100))), ENDS, STEMS)
    )
    return [*extensions, *itertools.islice(made, 10_000)]


def dictionary(folder: Path, user: str, tried: list[str]) -> Path:
    """SIPp's own kind of file: the user, and SIPp's order to answer the challenge with this password."""
    path = folder / "words.csv"
    path.write_text(
        "SEQUENTIAL\n" + "".join(f"{user};[authentication username={user} password={word}]\n" for word in tried)
    )
    return path


async def sipp(lab: Lab, source: str, scenario: Path, path: Path) -> tuple[int, int]:
    """How many of the calls went as the scenario says (refused to the end), and how many did not; one call a line."""
    folder, number = path.parent, path.read_text().count("\n") - 1  # noqa: ASYNC240 - a file of ours, in memory
    _, said = await tool(
        "sipp", lab.site(PLATFORM).sip, "-sf", str(scenario), "-inf", str(path), "-i", source, "-p", "5097",
        "-m", str(number), "-r", str(SIPP_PER_S), "-l", "2000", "-nostdin", "-timeout", "50", "-timeout_error",
        "-trace_stat", "-fd", "60", "-stf", str(folder / "stat.csv"), home=folder,
    )  # fmt: skip
    names, *rows = [line.split(";") for line in (folder / "stat.csv").read_text().splitlines() if line]
    last = dict(zip(names, rows[-1], strict=False))
    assert int(last["TotalCallCreated"]) == number, said[-1500:]
    return int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])


@pytest.mark.covers("T-02")
@pytest.mark.usefixtures("unguarded")
async def test_ten_thousand_words_and_every_extension_open_no_account(
    lab: Lab, net: str, tmp_path: Path, seen: Seen
) -> None:
    account, tried = lab.seat(PLATFORM, 1), words()
    began = time.monotonic()

    said_no, other = await sipp(lab, f"{net}.110", CRACK, dictionary(tmp_path, account.sip_user, tried))

    seen(tool="sipp", words=len(tried), refused=said_no, seconds=round(time.monotonic() - began))
    assert (said_no, other) == (len(tried), 0)
    control = dictionary(tmp_path, account.sip_user, [account.sip_password])
    assert await sipp(lab, f"{net}.110", CRACK, control) == (0, 1), "the true one would have opened"


@pytest.mark.covers("T-01")
@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("method", ASKED)
async def test_every_extension_gets_the_same_answer(
    method: str, lab: Lab, net: str, tmp_path: Path, seen: Seen
) -> None:
    scenario = tmp_path / "hunt.xml"
    text = (HERE / "flood.xml").read_text("utf-8").replace("REGISTER", method)
    scenario.write_text(text.replace("7[call_number]", "[field0]"))
    asked = [f"{number:04}" for number in ASKED[method]]
    path = tmp_path / "extensions.csv"
    path.write_text("SEQUENTIAL\n" + "\n".join(asked) + "\n")

    alike, other = await sipp(lab, f"{net}.111", scenario, path)

    seen(tool="sipp", method=method, extensions=len(asked), answered_401=alike)
    assert (alike, other) == (len(asked), 0)


@pytest.mark.covers("T-01", "T-02")
@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS"])
async def test_a_hunt_through_all_extensions_gives_up_or_is_cut_off(
    method: str, running: Plan, tmp_path: Path, bans: Bans, seen: Seen
) -> None:
    source = "127.0.0.1"  # svwar binds neither: the address that it is given goes into its Via only
    path = running.sites[0].place.log / "security"
    before = path.read_text().count(f"/{source}/")

    _, said = await tool(
        "sipvicious_svwar", "-x", f"{running.net}.112", "-P", "5091", "-m", method, "-e", "8000-9999", "--force",
        running.sites[0].host, home=tmp_path,
    )  # fmt: skip

    events = path.read_text().count(f"/{source}/") - before
    seen(tool="svwar", method=method, logged=events, found="nothing", was_refused=source in bans())
    assert events
    assert source in bans() or events < LOUD, "svwar was neither refused nor did it give up by itself"
    listed = dict(re.findall(r"\| (\d{4})\s*\| (\w+)", said))
    assert len(set(listed.values())) <= 1, "nothing tells one from another"


@pytest.mark.covers("T-02", "R-063")
async def test_svcrack_with_all_the_words_is_refused_at_once_and_a_phone_goes_on_registering(
    lab: Lab, running: Plan, tmp_path: Path, bans: Bans, seen: Seen
) -> None:
    account, honest, path = lab.seat(PLATFORM, 1), lab.seat(PLATFORM, 3), tmp_path / "words.txt"
    path.write_text("\n".join(words()) + "\n")
    crack = ("sipvicious_svcrack", "-x", f"{running.net}.69", "-P", "5092", "-u", account.sip_user, "-d", str(path))
    svcrack, began = asyncio.create_task(tool(*crack, running.sites[0].host, home=tmp_path)), time.time()
    try:
        # svcrack binds the port that it is given, but not the address
        seen(tool="svcrack", refused_after_s=await refused(bans, "127.0.0.1", began))
        async with wire(f"{running.net}.115", lab.site(PLATFORM).sip) as phone:
            assert "200 OK" in await phone.register(honest.sip_user, honest.sip_password)
    finally:
        svcrack.cancel()  # it does not understand the 403, and would ask for all its words
        with suppress(asyncio.CancelledError):
            await svcrack
