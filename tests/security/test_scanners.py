"""sipvicious against 12345: what a scanner learns, and what is written down about it.

An attacker with many addresses is not stopped by bans, so where it says `unguarded` the guard is frozen: whatever he
asks, he must learn nothing. How sources are refused is in test_bans.py.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from softphone_sim.lab import Lab
from tests.security.conftest import PLATFORM, tool
from tests.security.wire import status_of, wire

UNKNOWN = "8999"
METHODS = ("REGISTER", "OPTIONS", "INVITE", "SUBSCRIBE", "MESSAGE")
WEAK_WORDS = [*(f"{number:04}" for number in range(7900, 8100)), "password", "12345", "110", "hotline", "callflow"]
ROUNDS = 25


def without_chance(answer: str) -> str:
    """An answer less what differs from one request to the next, and less the account's own name."""
    same = re.sub(r'(nonce|opaque)="[^"]*"|tag=\S+|branch=\S+|Call-ID: \S+|[rs]?port=\d+', "-", answer)
    return re.sub(r":\d{4,5}(?=;)|sip:\d{4}@", "-", same)


@pytest.mark.covers("T-01")
async def test_a_scan_finds_no_product_and_no_version_and_its_source_is_logged(
    net: str, sip: str, tmp_path: Path, security_events: Callable[[str], list[str]]
) -> None:
    source = f"{net}.66"

    code, said = await tool("sipvicious_svmap", "-b", source, "-P", "5090", sip.partition(":")[0], home=tmp_path)

    assert code == 0, said
    assert re.search(rf"{re.escape(sip)}\s*\| hotline", said), said
    assert "sterisk" not in said
    assert security_events(source)


@pytest.mark.covers("T-01")
@pytest.mark.parametrize("method", ["REGISTER", "OPTIONS", "INVITE"])
@pytest.mark.usefixtures("unguarded")
async def test_a_hunt_for_accounts_finds_none(method: str, net: str, sip: str, tmp_path: Path) -> None:
    host = sip.partition(":")[0]
    words = ("sipvicious_svwar", "-b", f"{net}.67", "-x", f"{net}.67", "-P", "5091", "-m", method, "-e", "8000-8010")

    _, said = await tool(*words, host, home=tmp_path)
    assert "found nothing" in said, said

    # told to go on although every name is answered alike, it can only list all or none
    _, forced = await tool(*words, "--force", host, home=tmp_path)
    listed = dict(re.findall(r"\| (80\d\d)\s*\| (\w+)", forced))
    assert not listed or (len(listed) == 11 and len(set(listed.values())) == 1), forced


@pytest.mark.covers("T-01")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("unguarded")
async def test_a_known_and_an_unknown_name_get_the_same_answer(method: str, lab: Lab, net: str, sip: str) -> None:
    known = lab.seat(PLATFORM, 1).sip_user
    async with wire(f"{net}.68", sip) as one:
        answers = []
        for user in (known, UNKNOWN):
            uri = f"sip:{one.server[0]}" if method == "REGISTER" else f"sip:110@{one.server[0]}"
            answers.append(await one.ask(one.request(method, uri, user)))

    assert status_of(answers[0]) == 401
    assert without_chance(answers[0]) == without_chance(answers[1])


@pytest.mark.covers("T-01")
@pytest.mark.usefixtures("unguarded")
async def test_a_known_and_an_unknown_name_with_a_wrong_password_get_the_same_answer_in_the_same_time(
    lab: Lab, net: str, sip: str
) -> None:
    known = lab.seat(PLATFORM, 1).sip_user
    took_s: dict[str, list[float]] = {known: [], UNKNOWN: []}
    said: dict[str, set[str]] = {known: set(), UNKNOWN: set()}
    async with wire(f"{net}.68", sip) as one:
        for _ in range(ROUNDS):
            for user in (known, UNKNOWN):  # in turn, so that a busy machine slows both alike
                began = time.perf_counter()
                answer = await one.register(user, "wrong")
                took_s[user].append(time.perf_counter() - began)
                said[user].add(without_chance(answer))
                assert status_of(answer) == 401

    assert said[known] == said[UNKNOWN]
    medians = [statistics.median(times) for times in took_s.values()]
    spread = statistics.quantiles(took_s[known] + took_s[UNKNOWN], n=4)
    assert abs(medians[0] - medians[1]) < max(spread[2] - spread[0], 0.002), took_s


@pytest.mark.usefixtures("unguarded")
async def test_a_few_hundred_words_crack_no_account_but_its_own_secret_would(
    lab: Lab, net: str, sip: str, tmp_path: Path, security_events: Callable[[str], list[str]]
) -> None:
    account, host = lab.seat(PLATFORM, 1), sip.partition(":")[0]
    source = "127.0.0.1"  # svcrack binds the port that it is given, but not the address
    words, with_secret = tmp_path / "words.txt", tmp_path / "with-secret.txt"
    words.write_text("\n".join(WEAK_WORDS) + "\n")
    with_secret.write_text(f"{words.read_text()}{account.sip_password}\n")
    crack = ("sipvicious_svcrack", "-x", f"{net}.69", "-P", "5092", "-u", account.sip_user)

    _, said = await tool(*crack, "-d", str(words), host, home=tmp_path)
    _, control = await tool(*crack, "-d", str(with_secret), host, home=tmp_path)

    assert "found nothing" in said, said
    assert account.sip_password in control, "the tool does not work against this PBX, so its failure shows nothing"
    failed = [event for event in security_events(source) if '"ChallengeResponseFailed"' in event]
    assert len(failed) > len(WEAK_WORDS) / 2  # svcrack itself skips words when answers come in faster than it reads


def test_every_secret_is_made_and_none_is_used_twice(lab: Lab) -> None:
    found = [word for site in lab.sites for seat in site.agents for word in (seat.sip_password, seat.desk_password)]

    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[0-9a-f]{48}", word) for word in found)


async def test_a_sign_in_seen_on_the_wire_cannot_be_used_from_another_address(lab: Lab, net: str, sip: str) -> None:
    # Who has the right password may still register from anywhere: only mutual TLS for phones would end that.
    account = lab.seat(PLATFORM, 4)
    async with wire(f"{net}.85", sip) as phone, wire(f"{net}.66", sip) as thief:
        assert status_of(await phone.register(account.sip_user, account.sip_password)) == 200
        seen = next(packet for packet in reversed(phone.sent) if packet.startswith("REGISTER"))
        stolen = seen.replace(f"{phone.address}:{phone.port}", f"{thief.address}:{thief.port}")
        stolen = stolen.replace("branch=z9hG4bK", "branch=z9hG4bKnew")  # or the PBX takes it for a repeated packet

        assert status_of(await thief.ask(stolen)) == 401
        unregister = thief.request("REGISTER", f"sip:{thief.server[0]}", account.sip_user, headers="Expires: 0\n")
        assert status_of(await thief.ask(re.sub("Contact: .*", "Contact: *", unregister))) == 401
