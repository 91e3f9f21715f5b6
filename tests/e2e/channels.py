"""The channels that a PBX has now, by its own list."""

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
