"""`./run pbx`: look at and look after the PBXes of the lab from a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from callflow.lab import pbx
from callflow.lab.plan import LabError, Plan, SitePlan

SHOW = {
    "calls": "core show channels concise",
    "agents": "queue show hotline",
    "peers": "pjsip show contacts",
    "handovers": "group show channels",
}
"""What `show` asks the PBX's own console."""

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
        if what not in SHOW:
            raise LabError(f"pbx show {what or '…'}: choose one of {', '.join(SHOW)}")
        said = {site.id: _asked(plan, site, SHOW[what]) for site in sites}
    elif verb in VERBS:
        said = {site.id: VERBS[verb](plan, site) for site in sites}
    else:
        raise LabError(f"pbx {verb}: unknown; choose show, {', '.join(VERBS)}")
    _print(said, as_json=as_json)
    return 0


def _check(plan: Plan, site: SitePlan) -> str:
    answer = _asked(plan, site, "core show uptime")
    return answer.splitlines()[0]


def _reload(plan: Plan, site: SitePlan) -> str:
    """Dialplan, SIP, queues: what can change under live calls."""
    return "\n".join(_asked(plan, site, line) for line in ("dialplan reload", "pjsip reload", "queue reload all"))


def _drain(plan: Plan, site: SitePlan) -> str:
    """No new work for the agents' phones; calls that live go on."""
    return _pause(plan, site, "pause")


def _resume(plan: Plan, site: SitePlan) -> str:
    return _pause(plan, site, "unpause")


def _pause(plan: Plan, site: SitePlan, word: str) -> str:
    agents = [agent.id for agent in site.site.agent if agent.role == "agent"]
    return "\n".join(_asked(plan, site, f"queue {word} member PJSIP/{agent} queue hotline") for agent in agents)


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
