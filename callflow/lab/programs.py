"""The programs of one site and how each is started; the site's state has each by the name it has in `PROGRAMS`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from callflow.lab import pbx, processes
from callflow.lab.keys import SiteKeys
from callflow.lab.plan import LabError, Plan, SitePlan
from callflow.lab.processes import Known


def _start_redis(plan: Plan, site: SitePlan, keys: SiteKeys) -> Known:
    home = site.state / "redis"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    conf = home / "redis.conf"
    conf.touch(mode=0o600)
    conf.write_text(
        f"bind {site.host}\nport {site.site.addresses.redis_port}\ndir {home}\nrequirepass {keys.redis_password}\n"
        'save ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n',
        encoding="utf-8",
    )
    words = [str(plan.runtime / "bin" / "redis-server"), str(conf)]
    return processes.start("redis", words, site.state, site.place.log / "redis.out")


def _start_asterisk(plan: Plan, site: SitePlan, keys: SiteKeys) -> Known:
    missing = pbx.missing_modules(plan, site)
    if missing:
        raise LabError(
            f"Asterisk lacks {', '.join(missing)}; remove the cache named by `./run help` and run ./run again"
        )
    pbx.write_configuration(plan, site, keys)
    pbx.take_other_audio_ports(site)
    return processes.start(
        "asterisk",
        [
            sys.executable,
            "-m",
            "callflow.lab.confine",
            *pbx.confinement(plan, site),
            "--",
            *pbx.command(plan, site, "-f", "-n"),
        ],
        site.state,
        site.place.log / "asterisk.out",
    )


def _start_python(plan: Plan, site: SitePlan, _keys: SiteKeys) -> Known:
    return processes.start(
        "python",
        [sys.executable, "-m", *plan.program],
        site.state,
        site.place.log / "callflow.out",
        {
            "CALLFLOW_SITE_FILE": str(site.site_file),
            "CALLFLOW_NET": plan.net,
            "CALLFLOW_STATE_DIR": str(site.state),
            "CALLFLOW_KEYS_DIR": str(plan.keys),
        },
    )


def _start_guard(plan: Plan, site: SitePlan, _keys: SiteKeys) -> Known:
    return processes.start(
        "guard",
        [sys.executable, "-m", "callflow", "guard"],
        site.state,
        site.place.log / "guard.out",
        {
            "CALLFLOW_SITE_FILE": str(site.site_file),
            "CALLFLOW_NET": plan.net,
            "CALLFLOW_GUARD_DIR": str(site.place.guard),
            "CALLFLOW_SECURITY_LOG": str(site.place.log / "security"),
            "CALLFLOW_PBX_CONTROL": str(site.place.run / "asterisk.ctl"),
        },
    )


PROGRAMS: dict[str, Callable[[Plan, SitePlan, SiteKeys], Known]] = {
    "redis": _start_redis,
    "asterisk": _start_asterisk,
    "guard": _start_guard,
    "python": _start_python,
}
"""How each program of a site is started, in the order in which they are."""
