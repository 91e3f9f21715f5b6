"""The citizen's part of a lab, up and down. The caller holds the lab's lock."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import ExitStack, suppress
from typing import Any

from callflow.lab import processes
from callflow.lab.citizen import carrier
from callflow.lab.citizen.lines import PAGE_PORT, SIP_PORT, SOCKET_PORT, Place, place_of
from callflow.lab.plan import LabError, Plan
from callflow.lab.processes import Known

SERVE_LIMIT_S = 10.0


def up(plan: Plan) -> str:
    """Start what is not running of carrier and page; the page's address. On failure what this call started is ended.

    Raises:
        LabError: a port is taken, or one of the two did not start.
    """
    place = place_of(plan)
    running = running_now(plan)
    if set(running) == {"carrier", "page"}:
        return place.url
    processes.end(list(running.values()))  # half of it is of no use
    for port, kind in ((SIP_PORT, "udp"), (SOCKET_PORT, "tcp"), (PAGE_PORT, "tcp")):
        processes.refuse_taken_ports([(place.host, port, kind)])
    with ExitStack() as unless_up:
        running = {"page": _start_page(place)}
        unless_up.callback(lambda: processes.end(list(running.values())))
        running["carrier"] = carrier.start(plan, place)
        _wait_served(place, running["page"])
        unless_up.pop_all()
    return place.url


def running_now(plan: Plan) -> dict[str, Known]:
    """What lives of it, by name."""
    return processes.remembered(plan.state / "citizen")


def describe(plan: Plan) -> dict[str, Any] | None:
    """Its part of the lab's status: address and pids; None where it is not up."""
    running = running_now(plan)
    if "page" not in running:
        return None
    return {"http": place_of(plan).url, "pids": {name: known.pid for name, known in running.items()}}


def _start_page(place: Place) -> Known:
    dialled = (dial for dial, _ in place.platforms)
    words = [sys.executable, "-m", "callflow.lab.citizen.server", place.host, *dialled]
    return processes.start("page", words, place.own, place.own / "log" / "page.out")


def _wait_served(place: Place, program: Known) -> None:
    deadline = time.monotonic() + SERVE_LIMIT_S
    while time.monotonic() < deadline and program.is_alive:
        with suppress(OSError), socket.create_connection((place.host, PAGE_PORT), timeout=1):
            return
        time.sleep(0.05)
    raise LabError(f"the citizen's page did not come up; see {place.own / 'log' / 'page.out'}")
