"""The guard's rounds, with an Asterisk that is only a control socket."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from callflow.guard.figures import GuardFigures
from callflow.guard.memory import STALE_S, ask_to_lift, cause_of, read_memory
from callflow.guard.program import Guard, GuardSettings
from callflow.guard.shelf import Shelf

THIEF = ip_address("198.51.100.7")
CARRIER = ip_address("203.0.113.20")
NOW = 1795337117.0


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Path]:
    """A control socket that reloads whatever it is told to."""
    path = tmp_path / "asterisk.ctl"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(path))
    listener.listen()

    def answer() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with one, suppress(OSError):  # who expects no answer does not wait for one
                one.sendall(b"pbx/1/22.10.1\n")
                one.recv(100)
                one.sendall(b"Module 'acl' reloaded successfully.\n")

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield path
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.fixture
def settings(tmp_path: Path) -> GuardSettings:
    return GuardSettings(
        site_file=tmp_path / "site.toml",
        guard_dir=tmp_path,
        security_log=tmp_path / "security",
        pbx_control=tmp_path / "asterisk.ctl",
    )


def guard_of(settings: GuardSettings) -> Guard:
    return Guard(settings, (ip_network(f"{CARRIER}/32"),))


def attack(settings: GuardSettings, address: object, times: int = 5) -> None:
    message = (
        'SecurityEvent="InvalidAccountID",EventTV="2026-11-22T08:45:17.000+0000",Severity="Error",Service="PJSIP",'
        'EventVersion="1",AccountID="x",SessionID="y",LocalAddress="IPV4/UDP/192.0.2.11/5060",'
        f'RemoteAddress="IPV4/UDP/{address}/5060"\n'
    )
    with settings.security_log.open("a") as file:
        file.write((json.dumps({"logmsg": {"message": message}}) + "\n") * times)


def banned(settings: GuardSettings) -> list[str]:
    lines = (settings.guard_dir / "bans.conf").read_text().splitlines()
    return [line.removeprefix("deny = ") for line in lines if line.startswith("deny")]


def figures(settings: GuardSettings, now: float) -> str:
    registry = CollectorRegistry()
    registry.register(GuardFigures(settings.guard_dir, lambda: now))
    return generate_latest(registry).decode()


@pytest.mark.usefixtures("control")
def test_an_attacker_is_refused_in_the_next_round_and_let_in_when_his_time_is_up(settings: GuardSettings) -> None:
    one = guard_of(settings)
    one.look(NOW)
    attack(settings, THIEF)
    attack(settings, CARRIER)

    one.look(NOW + 1)
    assert banned(settings) == [f"{THIEF}/32"]
    assert 'callflow_bans{reason="account"} 1.0' in figures(settings, NOW + 2)
    assert 'callflow_bans_spared_total{reason="account"} 1.0' in figures(settings, NOW + 2)
    assert str(THIEF) not in figures(settings, NOW + 2)

    one.look(NOW + 61)
    assert banned(settings) == []
    one.close(NOW + 61)


@pytest.mark.usefixtures("control")
def test_a_guard_that_was_killed_remembers_whom_it_refused_and_reads_no_line_twice(settings: GuardSettings) -> None:
    one = guard_of(settings)
    attack(settings, THIEF)
    one.look(NOW)
    one._tail.close()  # as SIGKILL leaves it

    other = guard_of(settings)
    other.look(NOW + 10)

    assert banned(settings) == [f"{THIEF}/32"]
    report = read_memory(settings.guard_dir)
    assert report is not None
    assert [(ban.address, ban.times) for ban in report.bans] == [(THIEF, 1)]
    other.close(NOW + 10)


@pytest.mark.usefixtures("control")
def test_a_person_can_let_a_source_in_again(settings: GuardSettings) -> None:
    one = guard_of(settings)
    attack(settings, THIEF)
    one.look(NOW)

    ask_to_lift(settings.guard_dir, THIEF)
    (settings.guard_dir / "lift" / "..x").touch()
    one.look(NOW + 2)

    assert banned(settings) == []
    one.close(NOW + 2)


def test_without_asterisk_it_says_so_and_tries_again(settings: GuardSettings, tmp_path: Path) -> None:
    one = guard_of(settings)
    attack(settings, THIEF)
    one.look(NOW)

    report = read_memory(settings.guard_dir)
    assert "Asterisk does not answer" in (cause_of(report, NOW) or "")
    assert banned(settings) == [f"{THIEF}/32"]  # an Asterisk that starts now reads it
    assert "callflow_guard_on_duty 0.0" in figures(settings, NOW)
    assert tmp_path.exists()
    one.close(NOW)


@pytest.mark.usefixtures("control")
def test_a_guard_that_is_dead_or_was_never_there_is_missed(settings: GuardSettings) -> None:
    assert cause_of(read_memory(settings.guard_dir), NOW) is not None
    one = guard_of(settings)
    one.look(NOW)
    one.close(NOW)

    assert cause_of(read_memory(settings.guard_dir), NOW + 1) is None
    assert "silent" in (cause_of(read_memory(settings.guard_dir), NOW + STALE_S + 1) or "")


@pytest.mark.covers("T-14")
@pytest.mark.usefixtures("control")
def test_a_log_that_a_flood_has_filled_is_put_aside_and_only_so_many_are_kept(settings: GuardSettings) -> None:
    shelf = Shelf(settings.security_log.parent, settings.pbx_control, most_bytes=4096, old=4, keep_days=1)
    one = Guard(settings, (), shelf=shelf)
    for each in range(6):
        attack(settings, f"198.51.100.{each}", times=30)
        for look in range(4):
            one.look(NOW + each * 4 + look)

    kept = sorted(path.name for path in settings.security_log.parent.glob("security*"))
    assert kept == [f"security.{number}" for number in range(1, 5)]
    assert len(banned(settings)) == 6
    one.close(NOW)
