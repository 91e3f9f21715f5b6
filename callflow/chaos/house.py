"""The lab of a chaos run: short limits, more agents, lines that can be cut, and perhaps one safety off."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

from callflow.lab.plan import LabError, Plan, plan_lab, state_home

AGENTS_A_SITE = 8
RECORDS = "12345"
"""One platform records and the other does not: bridges differ, and both are to hold."""

FOURTH = "119"
"""Who is called as a fourth party: the directory's entry behind the first carrier."""

RELAYED = 10_000
"""A relay stands so many ports above what it carries to: on one box both sites have one address."""

TIMING = {
    "answer_limit_s": 10,
    "handover_grace_s": 1.5,
    "agent_ring_s": 8,
    "owner_limit_s": 5,
    "waiting_limit_s": 14,
    "agent_silence_s": 5,
}
"""Shorter than in service, so that a run ends in minutes; every limit is passed many times in it."""

BREAKS = ("after", "reconcile", "outbox", "recall")
"""Safeties that can be switched off, one a run, to show that the ledger notices."""

SAFETIES_IN_THE_DIALPLAN = ("after", "recall")
"""Extensions of the agents' part that end the call at once when they are off."""

AGENTS_PART = "dialplan/agents.conf.j2"


def plan_house(base: int, broken: str | None) -> Plan:
    """Lay out the lab, its files written anew.

    Raises:
        LabError: the dialplan has changed so that a safety cannot be switched off any more.
    """
    usual = plan_lab(base)
    state = state_home() / f"chaos{base}"
    shutil.rmtree(state, ignore_errors=True)
    files = state / "files"
    sites = files / "sites"
    _write_sites(usual, sites, relayed=False)
    _write_sites(usual, files / "program", relayed=True)
    home = _config(usual.home, files / "home", broken)
    laid_out = plan_lab(base, state=state, site_files=sites)
    seen_by_program = tuple(replace(site, site_file=files / "program" / site.site_file.name) for site in laid_out.sites)
    program = laid_out.program
    if broken is not None and broken not in SAFETIES_IN_THE_DIALPLAN:
        program = ("callflow.chaos.broken", broken)
    return replace(laid_out, home=home, sites=seen_by_program, program=program)


def _write_sites(usual: Plan, folder: Path, *, relayed: bool) -> None:
    folder.mkdir(parents=True)
    for site in usual.sites:
        text = site.site_file.read_text("utf-8")
        for name in TIMING:
            text = re.sub(rf"^{name} = .*\n", "", text, flags=re.MULTILINE)
        lines = "".join(f"{name} = {value}\n" for name, value in TIMING.items())
        text = text.replace("[timing]\n", f"[timing]\n{lines}")
        if relayed:
            ami_port = site.site.addresses.ami_port + RELAYED
            text = re.sub(r"^ami_port = .*\n", "", text, flags=re.MULTILINE)
            text = text.replace("[addresses]\n", f"[addresses]\nami_port = {ami_port}\n")
            text = re.sub(r":(\d+)/exchange/", lambda at: f":{int(at[1]) + RELAYED}/exchange/", text)
        carrier = '[[carrier]]\nid = "carrier"\n'
        text = text.replace(carrier, f'{carrier}send_identity = "always"\n')  # by the number one knows whose call rings
        if site.id == RECORDS:
            text += "\n[recording]\nenabled = true\nmin_free_mb = 100\n"
        have = [agent.id for agent in site.site.agent if agent.role == "agent"]
        first = int(have[0])
        for number in range(first + len(have), first + AGENTS_A_SITE):
            text += f'\n[[agent]]\nid = "{number}"\nname_zh = "坐席{number}"\n'
        (folder / site.site_file.name).write_text(text, "utf-8")


def _config(home: Path, copy: Path, broken: str | None) -> Path:
    if broken is None or broken not in SAFETIES_IN_THE_DIALPLAN:
        return home
    shutil.copytree(home / "asterisk-config", copy / "asterisk-config")
    part = copy / "asterisk-config" / AGENTS_PART
    part.write_text(without(part.read_text("utf-8"), broken), "utf-8")
    return copy


def without(dialplan: str, safety: str) -> str:
    """The dialplan with this extension's first step ending the call.

    Raises:
        LabError: it has no such extension any more, or several.
    """
    text, times = re.subn(rf"^exten => {safety},1,.*$", f"exten => {safety},1,Hangup(16)", dialplan, flags=re.MULTILINE)
    if times != 1:
        raise LabError(f"--break {safety}: {AGENTS_PART} has {times} such extensions; correct callflow/chaos/house.py")
    return text
