"""The lab: two PBXes, two Redis, both sites' programs, on loopback. Up, down, healed, described.

`up` may be called again: it starts what is not running and leaves the rest alone, which is also how a killed
program comes back.
"""

from __future__ import annotations

import fcntl
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from callflow.domain.names import AgentId, SiteId
from callflow.lab import pbx, processes
from callflow.lab.citizen import up_down as citizens
from callflow.lab.keys import SiteNeeds, load_keys, make_keys
from callflow.lab.plan import ONE_BOX, LabError, Plan, SitePlan
from callflow.lab.processes import Known
from callflow.lab.programs import PROGRAMS

READY_LIMIT_S = 30.0
UNTRUSTED = "stranger"
WITH_A_PHONE = ("agent", "supervisor")

Say = Callable[[str], None]
Running = dict[str, dict[str, Known]]
"""Site -> name of `PROGRAMS` -> the process."""


def up(plan: Plan, say: Say, *, citizen: bool = False) -> dict[str, Any]:
    """Bring up what is not running and return the status document. `citizen`: with his page and the carrier behind it.

    On failure everything that this call started is ended again.

    Raises:
        LabError: a port is taken, a program did not start; the message names the cause and the cure.
    """
    with _state_writable(plan), _locked(plan):
        _keep_profile(plan)
        for site in plan.sites:
            site.state.mkdir(exist_ok=True, mode=0o700)  # each platform's own, also where both are on one host
        make_keys(plan.keys, [needs_of(site) for site in plan.sites])
        with ExitStack() as unless_up:
            started: list[Known] = []
            unless_up.callback(processes.end, started)
            running = _start_missing(plan, running_now(plan), started, say)
            for site in plan.sites:
                _wait_ready(site, running[site.id]["python"], say)
            if citizen:
                say(f"citizen: ready  就绪  {citizens.up(plan)}")
            status = describe(plan, running)
            plan.status_file.touch(mode=0o600)
            plan.status_file.write_text(json.dumps(status, indent=1, ensure_ascii=False), encoding="utf-8")
            unless_up.pop_all()
        return status


def start_one(plan: Plan, site: SitePlan, name: str) -> Known:
    """Start one program of a lab that is up (redis, asterisk or python), whose like has ended; does not wait for it.

    One call at a time for a site. Raises LabError when it cannot be started.
    """
    processes.refuse_taken_ports(ports_of(site)[name])
    return PROGRAMS[name](plan, site, load_keys(plan.keys, SiteId(site.id)))


def down(plan: Plan) -> list[int]:
    """End every process of this lab; data and keys stay. Returns the pids ended."""
    if not plan.state.exists():
        return []
    with _locked(plan):
        living = [citizens.running_now(plan), *running_now(plan).values()]
        ended = processes.end([known for part in living for known in part.values()])
        plan.status_file.unlink(missing_ok=True)
        return ended


def status(plan: Plan) -> dict[str, Any] | None:
    """The status document with the pids of now, or None when nothing runs."""
    running = running_now(plan)
    return describe(plan, running) if any(running.values()) else None


def describe(plan: Plan, running: Running) -> dict[str, Any]:
    """The document of architecture §6, Lab: what an outside tester needs to know."""
    sites = []
    for site in plan.sites:
        keys = load_keys(plan.keys, SiteId(site.id))
        at = site.site.addresses
        phones = {account.id: account.phone for account in site.site.agent if account.role in WITH_A_PHONE}
        mine = {name: known.pid for name, known in running[site.id].items()}
        sites.append(
            {
                "id": site.id,
                "sip": f"{at.host}:{at.sip_port}",
                "ami": f"{at.host}:{at.ami_port}",
                "fastagi": f"{at.host}:{at.agi_port}",
                "http": f"http://{at.desk}:{at.http_port}",
                "redis": f"{at.host}:{at.redis_port}",
                "sql": f"sqlite:///{site.state / 'facts.db'}",
                "exchange": f"https://{at.host}:{at.exchange_port}/exchange/v1",
                "journal": str(site.place.journal / "steps.csv"),
                "pids": {
                    "python": [mine["python"]] if "python" in mine else [],
                    "asterisk": mine.get("asterisk"),
                    "redis": mine.get("redis"),
                    "guard": mine.get("guard"),
                },
                "agents": [
                    {
                        "id": name,
                        "sip_user": name,
                        "sip_password": agent.sip_password,
                        "desk_user": name,
                        "desk_password": agent.desk_password,
                        "phone": phones.get(name),
                    }
                    for name, agent in sorted(keys.agents.items())
                ],
            }
        )
    carriers = plan.sites[0].site.carrier
    citizen = citizens.describe(plan)
    return {
        "base": plan.base,
        "sites": sites,
        "carrier": {
            "trusted": [c.address for c in carriers if c.trusted],
            "untrusted": [c.address for c in carriers if not c.trusted],
            "dial": {s["id"]: f"sip:{s['id']}@{s['sip']}" for s in sites},
        },
        **({"citizen": citizen} if citizen else {}),
    }


def _start_missing(plan: Plan, before: Running, started: list[Known], say: Say) -> Running:
    running = {site.id: dict(before[site.id]) for site in plan.sites}
    booting: list[tuple[SitePlan, Known]] = []
    for site in plan.sites:
        missing = [name for name in PROGRAMS if name not in running[site.id]]
        if not missing:
            say(f"{site.id}: already up  已在运行")
            continue
        processes.refuse_taken_ports([port for name in missing for port in ports_of(site)[name]])
        keys = load_keys(plan.keys, SiteId(site.id))
        for name in missing:
            process = running[site.id][name] = PROGRAMS[name](plan, site, keys)
            started.append(process)
            if name == "asterisk":
                booting.append((site, process))
        say(f"{site.id}: starting {', '.join(missing)}  正在启动")
    for site, process in booting:
        pbx.wait_booted(plan, site, process)
    return running


def ports_of(site: SitePlan) -> dict[str, list[tuple[str, int, str]]]:
    """The (address, port, kind) that each program of a site listens on."""
    at = site.site.addresses
    return {
        "redis": [(at.host, at.redis_port, "tcp")],
        "asterisk": [
            (at.host, at.sip_port, "udp"),
            (at.host, at.trunk_port, "tcp"),
            (at.host, at.ami_port, "tcp"),
            *([(at.socket_host, at.socket_port, "tcp")] if site.site.has_browser_phones else []),
        ],
        "guard": [],
        "python": [
            (at.desk, at.http_port, "tcp"),
            *((at.host, port, "tcp") for port in (at.agi_port, at.exchange_port)),
        ],
    }


def running_now(plan: Plan) -> Running:
    """The living processes of each site, by name, from what `up` remembered."""
    return {site.id: processes.remembered(site.state) for site in plan.sites}


def _wait_ready(site: SitePlan, program: Known, say: Say) -> None:
    """Wait until the site's own health check is content.

    Raises:
        LabError: it ended or did not become ready; the message holds what it or the check said last.
    """
    desk = f"{site.site.addresses.desk}:{site.site.addresses.http_port}"
    url = f"http://{desk}/health/ready"
    deadline = time.monotonic() + READY_LIMIT_S
    last = "no answer"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            last = error.read().decode("utf-8", "replace")[:300]
        except OSError as error:
            last = str(error)
        else:
            say(f"{site.id}: ready  就绪  http://{desk}")
            return
        if not program.is_alive:
            raise LabError(f"the program of {site.id} ended: {_last_words(site)}")
        time.sleep(0.1)
    raise LabError(f"{site.id} did not become ready: {last}; see {site.place.log / 'callflow.out'}")


def _last_words(site: SitePlan) -> str:
    """Why the site's program stopped: it says so in one sentence at its end."""
    log = site.place.log / "callflow.out"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = lines[-1] if lines else ""
    return said.removeprefix("callflow site: ") if said.startswith("callflow site: ") else f"see {log}"


def _keep_profile(plan: Plan) -> None:
    """Mark how the lab is laid out, for `down` and `status`. Raises LabError when it runs in another way."""
    mark = plan.state / ONE_BOX
    if mark.exists() == plan.one_box:
        return
    if any(running_now(plan).values()):
        raise LabError(f"lab {plan.base} is up in another way; ./run down --base {plan.base} first")
    mark.touch() if plan.one_box else mark.unlink()


def needs_of(site: SitePlan) -> SiteNeeds:
    """What this site's keys must cover."""
    return SiteNeeds(
        site=SiteId(site.id),
        addresses=tuple(dict.fromkeys((site.host, site.site.addresses.desk))),
        names=(),
        agents=tuple(AgentId(a.id) for a in site.site.agent),
        peers=tuple(SiteId(p.id) for p in site.site.peer),
        notices=tuple(one.id for one in site.site.notices),
    )


@contextmanager
def _state_writable(plan: Plan) -> Iterator[None]:
    """Where nothing can be written nothing can run; say where and why."""
    try:
        plan.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield
    except OSError as error:
        raise LabError(
            f"{error.filename or plan.state}: {error.strerror}; "
            "make the lab's state directory writable, free the disk, or set XDG_STATE_HOME"
        ) from error


@contextmanager
def _locked(plan: Plan) -> Iterator[None]:
    """One `up` or `down` of a lab at a time."""
    with (plan.state / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LabError(
                f"another ./run is bringing lab {plan.base} up or down; wait for it, or choose another --base"
            ) from error
        yield
