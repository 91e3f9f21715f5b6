"""What a PBX lists now: its channels, and whether it sees the other platform."""

from __future__ import annotations

from callflow.lab import pbx
from callflow.lab.plan import Plan, SitePlan

DEAD_NAME = "Surrogate/"
"""Asterisk's list may keep the name of a stand-in that is long gone (docs/chaos.md, "Not mended"). Chaos counts it."""


def listed_channels(plan: Plan, site: SitePlan) -> list[str]:
    """Every name on the list."""
    told = pbx.console(plan, site, "core show channels concise")
    return [line.partition("!")[0] for line in told.splitlines() if "!" in line]


def live_channels(plan: Plan, site: SitePlan) -> list[str]:
    """The names of those that are there."""
    return [name for name in listed_channels(plan, site) if not name.startswith(DEAD_NAME)]


def sees_the_other(plan: Plan) -> bool:
    """12345 sees the other PBX again, so that the next test finds the lab whole."""
    told = pbx.console(plan, plan.sites[0], "pjsip show contacts")
    return any("peer-110/" in line and "Avail" in line for line in told.splitlines())
