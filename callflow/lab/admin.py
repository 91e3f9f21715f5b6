"""`./run pbx`: look at and look after the PBXes of the lab from a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from callflow.guard.memory import ask_to_lift, cause_of, read_memory
from callflow.lab import pbx
from callflow.lab.plan import LabError, Plan, SitePlan

SHOW = {
    "calls": "core show channels concise",
    "agents": "queue show hotline",
    "peers": "pjsip show contacts",
    "handovers": "group show channels",
}
"""What `show` asks the PBX's own console."""

LIFT_LIMIT_S = 5.0
Act = Callable[[Plan, SitePlan], str]


def administer(plan: Plan, verb: str, what: str, site_id: str, *, as_json: bool) -> int:
    """Carry out one verb at one site or both.

    Raises:
        LabError: the verb, its object or the site is unknown, or a PBX does not answer.
    """
    sites = [site for site in plan.sites if site_id in ("", site.id)]
    if not sites:
        raise LabError(f"--site {site_id}: there is no such platform; choose 12345 or 110")
    if verb == "show":
        if what not in (*SHOW, "bans"):
            raise LabError(f"pbx show {what or '…'}: choose one of {', '.join(SHOW)}, bans")
        said = {site.id: _asked(plan, site, SHOW[what]) if what in SHOW else _bans(site) for site in sites}
    elif verb == "lift":
        said = {site.id: _lift(site, what) for site in sites}
    elif verb in VERBS:
        said = {site.id: VERBS[verb](plan, site) for site in sites}
    else:
        raise LabError(f"pbx {verb}: unknown; choose show, lift, {', '.join(VERBS)}")
    _print(said, as_json=as_json)
    return 0


def _check(plan: Plan, site: SitePlan) -> str:
    answer = _asked(plan, site, "core show uptime")
    return answer.splitlines()[0]


def _reload(plan: Plan, site: SitePlan) -> str:
    """Dialplan, SIP, queues: what can change under live calls."""
    return "\n".join(
        _asked(plan, site, line) for line in ("dialplan reload", "module reload res_pjsip.so", "queue reload all")
    )


def _drain(plan: Plan, site: SitePlan) -> str:
    """No new work for the agents' phones; calls that live go on."""
    return _pause(plan, site, "pause")


def _resume(plan: Plan, site: SitePlan) -> str:
    return _pause(plan, site, "unpause")


def _pause(plan: Plan, site: SitePlan, word: str) -> str:
    agents = [agent.id for agent in site.site.agent if agent.role == "agent"]
    return "\n".join(_asked(plan, site, f"queue {word} member PJSIP/{agent} queue hotline") for agent in agents)


def _bans(site: SitePlan) -> str:
    """Whom the guard refuses now, one a line."""
    report = read_memory(site.place.guard)
    fault = cause_of(report, time.time())
    if report is None or fault:
        return fault or ""
    return "\n".join(
        f"{ban.address}  {ban.reason.value}  {ban.until - time.time():.0f} s left  time {ban.times}"
        for ban in sorted(report.bans, key=lambda ban: ban.until)
    )


def _lift(site: SitePlan, named: str) -> str:
    """Have the guard let a source in again, and wait until it has."""
    try:
        address = ip_address(named)
    except ValueError as error:
        raise LabError(f"pbx lift {named or '…'}: name one address, as ./run pbx show bans prints it") from error
    before = read_memory(site.place.guard)
    fault = cause_of(before, time.time())
    if before is None or fault:
        raise LabError(f"{site.id}: {fault}; ./run up starts it")
    if address not in {ban.address for ban in before.bans}:
        return f"{address} was not refused"
    ask_to_lift(site.place.guard, address)
    deadline = time.monotonic() + LIFT_LIMIT_S
    while time.monotonic() < deadline:
        now = read_memory(site.place.guard)
        if now is not None and address not in {ban.address for ban in now.bans}:
            return f"{address} is let in again"
        time.sleep(0.1)
    raise LabError(f"{site.id}: the guard did not lift the ban within {LIFT_LIMIT_S:.0f} s; see {site.place.log}")


VERBS: dict[str, Act] = {"check": _check, "reload": _reload, "drain": _drain, "resume": _resume}


def _asked(plan: Plan, site: SitePlan, line: str) -> str:
    answer = pbx.console(plan, site, line).strip()
    if "Unable to connect" in answer or not pbx.console(plan, site, "core show uptime"):
        raise LabError(f"the PBX of {site.id} does not answer; ./run up starts it")
    return answer


def _print(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({site: text.splitlines() for site, text in said.items()}, indent=1) + "\n")
        return
    for site, text in said.items():
        sys.stdout.write(f"== {site}\n{text}\n")
