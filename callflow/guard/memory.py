"""The guard's memory on disk: one JSON file, whole or not at all. It outlives the guard, and others read it.

Who reads: the guard when it starts, the site's program for /health and /metrics, `./run doctor`, `./run pbx bans`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from callflow.domain.bans import Address, Ban, Reason, Watch
from callflow.domain.phones import Move, Phones
from callflow.guard.tail import Place

STALE_S = 15.0
"""The guard writes at least every five seconds; after three misses it is taken for dead."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the guard said last, at epoch seconds. `fault` is why it cannot work, or ""."""

    at: float
    fault: str
    bans: tuple[Ban, ...]
    former: tuple[Ban, ...]
    known: Mapping[Address, float]
    made: Mapping[Reason, int]
    spared: Mapping[Reason, int]
    unreadable: int
    place: Place
    places: Mapping[str, Mapping[Address, float]] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()

    def bans_now(self, now: float) -> Counter[Reason]:
        """How many sources are refused for each reason."""
        return Counter(ban.reason for ban in self.bans if ban.until > now)


def memory_file(folder: Path) -> Path:
    """Where the guard's memory stands in its folder."""
    return folder / "guard.json"


def lift_folder(folder: Path) -> Path:
    """A file here, named like an address, asks the guard to let that source in again."""
    return folder / "lift"


def write_memory(
    folder: Path, watch: Watch, phones: Phones, *, at: float, fault: str, unreadable: int, place: Place
) -> None:
    """Write all of it.

    Raises:
        OSError: the folder cannot be written.
    """
    told = {
        "at": at,
        "fault": fault,
        "bans": [_told(ban) for ban in watch.bans.values()],
        "former": [_told(ban) for ban in watch.former.values()],
        "known": {str(address): at for address, at in watch.known.items()},
        "made": dict(watch.made),
        "spared": dict(watch.spared),
        "unreadable": unreadable,
        "inode": place.inode,
        "offset": place.offset,
        "phones": {
            account: {str(address): at for address, at in places.items()} for account, places in phones.places.items()
        },
        "moves": [{"account": one.account, "address": str(one.address), "at": one.at} for one in phones.moves],
    }
    file = memory_file(folder)
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(told, indent=1), "utf-8")
    fresh.replace(file)


def read_memory(folder: Path) -> Report | None:
    """The guard's last report; None when there is none, or none that can be read."""
    try:
        told = json.loads(memory_file(folder).read_text("utf-8"))
        return Report(
            at=float(told["at"]),
            fault=str(told["fault"]),
            bans=tuple(_ban(one) for one in told["bans"]),
            former=tuple(_ban(one) for one in told["former"]),
            known={ip_address(name): float(at) for name, at in told["known"].items()},
            made={Reason(name): int(number) for name, number in told["made"].items()},
            spared={Reason(name): int(number) for name, number in told["spared"].items()},
            unreadable=int(told["unreadable"]),
            place=Place(int(told["inode"]), int(told["offset"])),
            places={
                account: {ip_address(name): float(at) for name, at in places.items()}
                for account, places in told.get("phones", {}).items()
            },
            moves=tuple(
                Move(str(one["account"]), ip_address(one["address"]), float(one["at"])) for one in told.get("moves", [])
            ),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def moves_in(folder: Path) -> tuple[Move, ...]:
    """The newest sign-ins from new addresses, oldest first."""
    report = read_memory(folder)
    return report.moves if report else ()


def bans_in(folder: Path) -> tuple[Ban, ...]:
    """Whom the guard refused when it last reported; none when it cannot be read."""
    report = read_memory(folder)
    return report.bans if report else ()


def cause_of(report: Report | None, now: float) -> str | None:
    """Why attackers are not refused at this moment, in a few words; None when they are."""
    if report is None:
        return "the guard has not reported yet; attackers are logged but not refused"
    if now - report.at > STALE_S:
        return f"the guard has been silent for {now - report.at:.0f} s; attackers are logged but not refused"
    return report.fault or None


def ask_to_lift(folder: Path, address: Address) -> None:
    """Ask the guard to let this source in again; it does within a second or two. Repeatable.

    Raises:
        OSError: the folder cannot be written.
    """
    lift_folder(folder).mkdir(mode=0o700, exist_ok=True)
    (lift_folder(folder) / str(address)).touch(mode=0o600)


def asked_to_lift(folder: Path) -> list[Address]:
    """Take the requests that wait. What is no address is thrown away."""
    found: list[Address] = []
    try:
        names = os.listdir(lift_folder(folder))  # noqa: PTH208 - a folder that is missing is the ordinary case
    except OSError:
        return []
    for name in names:
        (lift_folder(folder) / name).unlink(missing_ok=True)
        try:
            found.append(ip_address(name))
        except ValueError:
            continue
    return found


def _told(ban: Ban) -> dict[str, Any]:
    return {
        "address": str(ban.address),
        "reason": ban.reason.value,
        "since": ban.since,
        "until": ban.until,
        "times": ban.times,
    }


def _ban(told: Mapping[str, Any]) -> Ban:
    return Ban(
        ip_address(told["address"]),
        Reason(told["reason"]),
        float(told["since"]),
        float(told["until"]),
        int(told["times"]),
    )
