"""The one-shot `keys` service of docker-compose.yml: makes every secret, and gives each container only its own.

Each directory below is a volume of its own, mounted read-only in the one container that needs it:

    <out>/keys/ca               the certificate authority; nobody else sees it
    <out>/keys/<site>           the site's keys directory (callflow/lab/keys.py) and its `pgpass`
    <out>/pbx/<site>            /etc/asterisk: the rendered configuration, the trunk's certificate, music on hold
    <out>/redis/<site>          redis.conf with the password
    <out>/postgres              accounts, a line each: name and password
    <out>/phones                status.json, what an outside tester may know (architecture §6, Lab)

Repeatable: what is there stays; the configuration is rendered again from the site files.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import Any

from agi.render import Place, Secrets, render, write
from callflow.domain.names import SiteId
from callflow.lab.keys import SECRET_BYTES, KeysError, SiteKeys, load_keys, make_keys
from callflow.lab.lab import describe, needs_of
from callflow.lab.pbx import write_music
from callflow.lab.plan import SITE_IDS, Plan, SitePlan
from callflow.sitefile import SiteFileError, load_site

HOME = Path(__file__).parents[2]
POSTGRES, POSTGRES_PORT, REDIS_PORT = "postgres", 5432, 6379
"""Where the containers find each other: service names of docker-compose.yml, the programs' own ports."""

IN_THE_PBX = Place(
    etc=Path("/etc/asterisk"),
    var=Path("/var/lib/asterisk"),
    run=Path("/run/asterisk"),
    log=Path("/var/lib/asterisk/log"),
    journal=Path("/state/journal"),
    recordings=Path("/state/recordings"),
    music=Path("/etc/asterisk/music"),
    certs=Path("/etc/asterisk/certs"),
    modules=Path("/usr/lib/asterisk-modules"),
    share=Path("/usr/share/asterisk"),
    guard=Path("/state/guard"),
)
"""Where Asterisk finds its things inside its container (asterisk-config/Dockerfile)."""


def main() -> int:
    """0 when every volume holds what its container needs; else 1 and one sentence."""
    parser = argparse.ArgumentParser(prog="callflow.lab.deploy", description=__doc__)
    parser.add_argument("--net", required=True, help="first three octets of the platforms' network")
    parser.add_argument("--out", required=True, type=Path, help="where the volumes are mounted")
    options = parser.parse_args()
    try:
        deploy(options.net, options.out)
    except (KeysError, SiteFileError) as error:
        sys.stderr.write(f"keys: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"keys: {error.filename}: {error.strerror}; are the volumes mounted and writable?\n")
        return 1
    return 0


def deploy(net: str, out: Path) -> None:
    """Fill every container's directory under `out`.

    Raises:
        SiteFileError: a site file cannot be used.
        KeysError: the keys cannot be made or read.
        OSError: a directory cannot be written.
    """
    plan = Plan(
        base=int(net.rpartition(".")[2]),
        net=net,
        home=HOME,
        runtime=Path("/usr"),
        state=out,
        sites=tuple(_plan_site(net, out, site_id) for site_id in SITE_IDS),
    )
    make_keys(plan.keys, [needs_of(site) for site in plan.sites])
    accounts = []
    for site in plan.sites:
        keys = load_keys(plan.keys, SiteId(site.id))
        _give_pbx(site, keys, out / "pbx" / site.id)
        _put(out / "redis" / site.id / "redis.conf", _redis_conf(keys))
        accounts.append(f"{account(site.id)} {_sql_password(plan.keys / site.id / 'pgpass', site.id)}\n")
    _put(out / "postgres" / "accounts", "".join(accounts))
    _put(out / "phones" / "status.json", json.dumps(_status(plan), indent=1, ensure_ascii=False))


def account(site_id: str) -> str:
    """The name of a site's database and of the only account that opens it."""
    return f"callflow_{site_id}"


def _plan_site(net: str, out: Path, site_id: str) -> SitePlan:
    file = HOME / "asterisk-config" / "sites" / f"{site_id}.toml"
    return SitePlan(load_site(file, net), file, Path("/state"), out / "keys", IN_THE_PBX)


def _give_pbx(site: SitePlan, keys: SiteKeys, etc: Path) -> None:
    """Everything that Asterisk reads, and nothing else: not the exchange key, not the desks' passwords."""
    files = render(
        site.site,
        place=site.place,
        secrets=Secrets(ami=keys.ami_secret, sip={name: agent.sip_password for name, agent in keys.agents.items()}),
        config=HOME / "asterisk-config",
        ami_from=(site.host,),
        agi_host=site.host,
    )
    changed = {name: text for name, text in files.items() if not _holds(etc / name, text)}
    for left in (etc / "dialplan").glob("*.conf"):  # Asterisk includes whatever stands there
        if f"dialplan/{left.name}" not in files:
            left.unlink()
    write(changed, etc)  # an Asterisk that restarts at this moment finds the rest whole
    for source in (keys.ca_certificate, keys.tls_certificate, keys.tls_key):
        _put(etc / "certs" / source.name, source.read_text("ascii"))
    (etc / "music").mkdir(exist_ok=True)
    write_music(etc / "music" / "hold.wav")


def _redis_conf(keys: SiteKeys) -> str:
    """Redis holds only what can be rebuilt: nothing is written to disk."""
    return (
        f"bind 0.0.0.0\nport {REDIS_PORT}\ndir /tmp\nrequirepass {keys.redis_password}\n"
        'save ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n'
    )


def _sql_password(pgpass: Path, site_id: str) -> str:
    """The password in this libpq password file; the file is made when it is missing."""
    if not pgpass.exists():
        fresh = secrets.token_hex(SECRET_BYTES)
        _put(pgpass, f"{POSTGRES}:{POSTGRES_PORT}:{account(site_id)}:{account(site_id)}:{fresh}\n")
    return pgpass.read_text("ascii").strip().rpartition(":")[2]


def _status(plan: Plan) -> dict[str, Any]:
    status = describe(plan, {site.id: {} for site in plan.sites})
    for site in status["sites"]:
        site["redis"] = f"redis-{site['id']}:{REDIS_PORT}"
        site["sql"] = f"postgresql+psycopg://{account(site['id'])}@{POSTGRES}:{POSTGRES_PORT}/{account(site['id'])}"
    return status


def _put(path: Path, text: str) -> None:
    if _holds(path, text):
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
