"""What stands open: the ports that are declared and no other, and an AMI account that can do its work and no more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callflow.domain.names import SiteId
from callflow.lab.keys import load_keys
from callflow.lab.lab import ports_of, status
from callflow.lab.plan import Plan

ANSWER_LIMIT_S = 6.0
LOCAL = "Channel: Local/s@join-trigger/n"  # answers at once, and hangs up
MUST_BE_REFUSED = [
    "Action: Command\nCommand: core show version",
    "Action: GetConfig\nFilename: manager.conf",
    "Action: GetConfigJSON\nFilename: pjsip.conf",
    "Action: UpdateConfig\nSrcFilename: manager.conf\nDstFilename: manager.conf",
    "Action: ListCategories\nFilename: manager.conf",
    "Action: CreateConfig\nFilename: x.conf",
    "Action: ModuleLoad\nModule: app_system.so\nLoadType: load",
    "Action: Reload",
    "Action: Getvar\nVariable: SHELL(id)",
    "Action: Setvar\nVariable: X\nValue: 1",
    "Action: Redirect\nChannel: x\nContext: trigger\nExten: s\nPriority: 1",
    "Action: Hangup\nChannel: /.*/",
    "Action: DBPut\nFamily: a\nKey: b\nVal: c",
    "Action: PJSIPShowAuths",
    "Action: Filter\nOperation: Add\nFilter: .*",
    "Action: UserEvent\nUserEvent: Journal",
    f"Action: Originate\n{LOCAL}\nApplication: System\nData: touch {{canary}}\nAsync: true",
    f"Action: Originate\n{LOCAL}\nApplication: Set\nData: FILE({{canary}},,,a)=x\nAsync: true",
    f"Action: Originate\n{LOCAL}\nApplication: ExecIf\nData: 1?Set(FILE({{canary}},,,a)=x)\nAsync: true",
    f"Action: Originate\n{LOCAL}\nApplication: MixMonitor\nData: x.wav,,touch {{canary}}\nAsync: true",
    f"Action: Originate\n{LOCAL}\nApplication: AGI\nData: {{canary}}\nAsync: true",
    f"Action: Originate\n{LOCAL}\nApplication: Originate\nData: Local/s@trigger,app,System,touch {{canary}}",
]


async def ami(plan: Plan, source: str, *actions: str, secret: str | None = None) -> list[str]:
    """What AMI answers to a log-in from this address and to each action after it; [] when it hangs up."""
    site = plan.sites[0]
    right = load_keys(plan.keys, SiteId(site.id)).ami_secret
    log_in = f"Action: Login\nUsername: callflow\nSecret: {secret or right}\nEvents: off"
    reader, writer = await asyncio.open_connection(site.host, site.site.addresses.ami_port, local_addr=(source, 0))
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            for action in (log_in, *actions, "Action: Logoff"):
                writer.write(action.replace("\n", "\r\n").encode() + b"\r\n\r\n")
            said = (await reader.read(1 << 20)) + b"".join([chunk async for chunk in reader])
    except ConnectionError:
        return []
    finally:
        writer.close()
    _banner, _, blocks = said.decode().partition("\r\n")
    return [block for block in blocks.split("\r\n\r\n") if block.startswith("Response:")]


@pytest.mark.covers("T-04")
@pytest.mark.parametrize("octet", [12, 20, 66])
async def test_from_another_address_the_right_secret_opens_nothing(octet: int, net: str, running: Plan) -> None:
    answers = await ami(running, f"{net}.{octet}", "Action: CoreStatus")

    assert answers[0].startswith("Response: Error")
    assert not any("Success" in answer for answer in answers)


@pytest.mark.covers("T-04")
async def test_from_its_own_address_only_the_right_secret_opens_it(net: str, running: Plan) -> None:
    assert (await ami(running, f"{net}.11"))[0].startswith("Response: Success")
    assert (await ami(running, f"{net}.11", secret="wrong"))[0].startswith("Response: Error")


@pytest.mark.covers("T-04")
async def test_the_account_can_start_entries_and_nothing_else(net: str, running: Plan, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    asked = [action.replace("{canary}", str(canary)) for action in MUST_BE_REFUSED]

    _log_in, *answers = await ami(running, f"{net}.11", *asked)

    taken = [ask for ask, said in zip(asked, answers, strict=False) if not said.startswith("Response: Error")]
    assert taken == []
    assert len(answers) >= len(asked)
    assert not canary.exists()


@pytest.mark.covers("T-04")
def test_only_the_declared_ports_are_open_and_only_on_the_declared_addresses(running: Plan) -> None:
    told = status(running)
    assert told is not None
    for site, one in zip(running.sites, told["sites"], strict=True):
        pids = {name: found if isinstance(found, list) else [found] for name, found in one["pids"].items()}
        for name, declared in ports_of(site).items():
            found = {place for pid in pids[name] for place in listening(pid)}
            assert found - resolver_sockets(found) == set(declared), f"{site.id} {name}"


def listening(pid: int) -> set[tuple[str, int, str]]:
    """The sockets on which a process takes what comes: TCP that listens, and every UDP (proc(5), net/tcp)."""
    inodes = {str(link.readlink())[8:-1] for link in Path(f"/proc/{pid}/fd").iterdir() if is_socket(link)}
    found = set()
    for table, kind, state in (
        ("tcp", "tcp", "0A"),
        ("udp", "udp", "07"),
        ("tcp6", "tcp", "0A"),
        ("udp6", "udp", "07"),
    ):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, is_state, *rest = line.split()
            if rest[5] in inodes and is_state == state:
                host, port = local.split(":")
                address = ".".join(str(byte) for byte in reversed(bytes.fromhex(host))) if len(host) == 8 else host
                found.add((address, int(port, 16), kind))
    return found


def resolver_sockets(found: set[tuple[str, int, str]]) -> set[tuple[str, int, str]]:
    """PJSIP's DNS resolver: one UDP socket for IPv4 and one for IPv6, on every address, at a port that chance gives.

    It takes only answers to what it has asked, and our files name addresses only, so it never asks. It opens whenever
    the machine has a resolv.conf; no setting of Asterisk closes it.
    """
    first_of_chance = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    mine = {
        place for place in found if set(place[0]) <= {"0", "."} and place[2] == "udp" and place[1] >= first_of_chance
    }
    return mine if len(mine) <= 2 else set()


def is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except OSError:
        return False
