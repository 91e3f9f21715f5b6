"""`./run doctor`: what is present, missing, old or misconfigured, and how to mend it. Changes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from agi.lint import ENTRIES, complaints
from agi.render import modules_of
from callflow.guard.memory import cause_of, read_memory
from callflow.lab import confine, lab, pbx
from callflow.lab.ami_rights import refused_rights
from callflow.lab.keys import KeysError, days_left
from callflow.lab.plan import LabError, Plan, SitePlan, plan_lab
from callflow.lab.processes import refuse_taken_ports
from callflow.sitefile import SiteFileError

OLDEST_ASTERISK = (22, 8, 0)
"""Below it stand known holes (requirement T-24)."""

WANTED_DISK_MB = 1000
KEYS_WARN_DAYS = 14
RELEASED = 1_763_000_000
"""No right clock shows a time before this program was written (epoch seconds)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state`: ok, warn, fail. `cure` says what to do when it is not ok."""

    subject: str
    state: str
    said: str
    cure: str = ""


def examine(base: int, *, as_json: bool) -> int:
    """Look at everything and print it; 0 when nothing failed."""
    findings = list(_findings(base))
    failed = [finding for finding in findings if finding.state == "fail"]
    if as_json:
        document = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
        sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            cure = f"\n      → {finding.cure}" if finding.state != "ok" else ""
            sys.stdout.write(f"{_SIGNS[finding.state]} {finding.subject}: {finding.said}{cure}\n")
        sys.stdout.write("nothing is wrong  一切正常\n" if not failed else f"{len(failed)} to mend  需处理\n")
    return 1 if failed else 0


_SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}


def _findings(base: int) -> Iterator[Finding]:
    try:
        plan = plan_lab(base)
    except (LabError, SiteFileError) as error:
        yield Finding("site files", "fail", str(error), "correct the file that is named")
        return
    running = lab.status(plan)
    for look in (_python, _asterisk, _confinement, _modules, _redis, _disk, _clock, _configuration, _keys):
        yield from look(plan)
    yield from _running(plan, running) if running else _ports(plan)


def _python(_plan: Plan) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    yield Finding("Python", "ok" if good else "fail", version, "use Python 3.11 or 3.12; ./run brings its own")


def _asterisk(plan: Plan) -> Iterator[Finding]:
    said = _version([str(plan.runtime / "bin" / "asterisk"), "-V"])
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    cure = "remove the cache named by `./run help` and run ./run again"
    if not found:
        yield Finding("Asterisk", "fail", said or "not there", cure)
        return
    is_new = tuple(int(part) for part in found.groups()) >= OLDEST_ASTERISK
    oldest = ".".join(map(str, OLDEST_ASTERISK))
    yield Finding("Asterisk", "ok" if is_new else "fail", found[0], f"older than {oldest} is unsafe; {cure}")


def _confinement(_plan: Plan) -> Iterator[Finding]:
    found = confine.version()
    said = f"the PBX writes only its own files (Landlock {found})" if found else "this kernel has no Landlock"
    cure = "use Linux 5.13 or later, or containers; until then a stolen AMI secret can write any file of this user"
    yield Finding("confinement", "ok" if found else "warn", said, cure)


def _redis(plan: Plan) -> Iterator[Finding]:
    said = _version([str(plan.runtime / "bin" / "redis-server"), "--version"])
    cure = "remove the cache named by `./run help` and run ./run again"
    yield Finding("Redis", "ok" if "v=" in said else "fail", said[:40] or "not there", cure)


def _modules(plan: Plan) -> Iterator[Finding]:
    wanted = modules_of(plan.sites[0].site, plan.home / "asterisk-config")
    missing = pbx.missing_modules(plan, plan.sites[0])
    said = f"{len(wanted) - len(missing)} of {len(wanted)} there" + (
        f", missing {', '.join(missing)}" if missing else ""
    )
    yield Finding("Asterisk modules", "fail" if missing else "ok", said, "remove the cache and run ./run again")


def _disk(plan: Plan) -> Iterator[Finding]:
    folder = plan.state
    while not folder.exists():
        folder = folder.parent
    free_mb = shutil.disk_usage(folder).free // 2**20
    state = "ok" if free_mb >= WANTED_DISK_MB else "fail"
    yield Finding("disk", state, f"{free_mb} MB free for the state", f"free {WANTED_DISK_MB} MB, or set XDG_STATE_HOME")


def _clock(_plan: Plan) -> Iterator[Finding]:
    now = time.time()
    state = "ok" if now > RELEASED else "fail"
    yield Finding("clock", state, time.strftime("%F %T UTC", time.gmtime(now)), "set the clock; signatures need it")


def _configuration(plan: Plan) -> Iterator[Finding]:
    for site in plan.sites:
        wrong = complaints(site.site, plan.home / "asterisk-config")
        said = "; ".join(wrong[:3]) or "site file and rendered dialplan are right"
        yield Finding(f"{site.id} configuration", "fail" if wrong else "ok", said, "correct it in asterisk-config")


def _keys(plan: Plan) -> Iterator[Finding]:
    if not plan.keys.exists():
        yield Finding("keys", "ok", "none yet; the first ./run up makes them")
        return
    try:
        left = days_left(plan.keys)
    except KeysError as error:
        yield Finding("keys", "fail", str(error), "restore the file, or remove the keys directory")
        return
    state = "fail" if left < 0 else "warn" if left < KEYS_WARN_DAYS else "ok"
    yield Finding("keys", state, f"{left:.0f} days left", "./run down and ./run up make new ones below seven days")


def _ports(plan: Plan) -> Iterator[Finding]:
    for site in plan.sites:
        taken = None
        try:
            refuse_taken_ports([port for ports in lab.ports_of(site).values() for port in ports])
        except LabError as error:
            taken = str(error)
        said = taken or f"free on {site.host}"
        yield Finding(f"{site.id} ports", "fail" if taken else "ok", said, "end that program, or use --base N")


def _running(plan: Plan, status: dict[str, Any]) -> Iterator[Finding]:
    """The lab is up: ask its parts."""
    for site, described in zip(plan.sites, status["sites"], strict=True):
        for name, pids in described["pids"].items():
            yield Finding(
                f"{site.id} {name}", "ok" if pids else "fail", "running" if pids else "not running", "./run up"
            )
        yield from _guard(site)
        if not described["pids"]["asterisk"]:
            continue
        loaded = pbx.console(plan, site, "module show")
        idle = [
            name
            for name in modules_of(site.site, plan.home / "asterisk-config")
            if not re.search(rf"^{name}\.so .*Running", loaded, re.MULTILINE)
        ]
        said = f"not running: {', '.join(idle)}" if idle else "all running"
        yield Finding(f"{site.id} modules", "fail" if idle else "ok", said, f"see {site.place.log / 'full'}")
        contexts = pbx.console(plan, site, "dialplan show")
        lost = [entry for entry in ENTRIES if f"[ Context '{entry}'" not in contexts]
        said = f"missing: {', '.join(lost)}" if lost else "all entries are there"
        yield Finding(f"{site.id} dialplan", "fail" if lost else "ok", said, "./run pbx reload")
        wrong = refused_rights(plan, site)
        yield Finding(
            f"{site.id} AMI",
            "fail" if wrong else "ok",
            wrong or "log-in works, rights are least",
            "see manager.conf in asterisk-config",
        )
        contacts = pbx.console(plan, site, "pjsip show contacts")
        for peer in site.site.peer:
            there = re.search(rf"peer-{peer.id}/.*Avail", contacts) is not None
            yield Finding(
                f"{site.id} trunk to {peer.id}",
                "ok" if there else "warn",
                "answers" if there else "does not answer",
                "is the other PBX up? are the keys of one lab?",
            )


def _guard(site: SitePlan) -> Iterator[Finding]:
    """Whether attackers are refused, how many are, and whether somebody who never is looks like one."""
    now, report = time.time(), read_memory(site.place.guard)
    fault = cause_of(report, now)
    subject = f"{site.id} attackers"
    if report is None or fault:
        yield Finding(
            subject, "fail", fault or "", f"./run up; the guard's words are in {site.place.log / 'guard.out'}"
        )
        return
    spared = sum(report.spared.values())
    said = f"{report.bans_now(now).total()} sources refused now, {sum(report.made.values())} bans so far"
    yield Finding(
        subject,
        "warn" if spared else "ok",
        said + (f", {spared} times an address that is never banned behaved like an attacker" if spared else ""),
        f"forged packets, or a phone with a wrong password; see {site.place.log / 'security'}",
    )


def _version(words: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own binaries
            words, capture_output=True, text=True, timeout=10, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip()
