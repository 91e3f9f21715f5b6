"""Run inside the 12345 site's container: its own keys, Redis and database open; the other's are not even in sight."""

import os
import socket
from pathlib import Path

import psycopg
import redis
from sqlalchemy.engine import make_url

from callflow.domain.names import SiteId
from callflow.lab.keys import load_keys


def opens(database: str) -> bool:
    with_own_account = make_url(os.environ["CALLFLOW_SQL_URL"]).set(drivername="postgresql", database=database)
    password = Path(os.environ["PGPASSFILE"]).read_text("ascii").strip().rpartition(":")[2]
    try:
        psycopg.connect(with_own_account.set(password=password).render_as_string(hide_password=False)).close()
    except psycopg.OperationalError:
        return False
    return True


def in_sight(name: str, port: int) -> bool:
    try:
        socket.create_connection((name, port), timeout=2).close()
    except OSError:
        return False
    return True


seen = [path.name for path in Path(os.environ["CALLFLOW_KEYS_DIR"]).iterdir()]
assert seen == ["12345"], f"keys of {seen}"
assert opens("callflow_12345"), "its own database is shut"
assert not opens("callflow_110"), "the other site's database is open"
assert not opens("postgres"), "the administrator's database is open"
own = load_keys(Path(os.environ["CALLFLOW_KEYS_DIR"]), SiteId("12345"))
assert redis.Redis(host="redis-12345", password=own.redis_password).ping(), "its own Redis is shut"
assert not in_sight("redis-110", 6379), "the other site's Redis is in sight"
assert os.getuid() != 0, "runs as root"
assert not os.access("/app", os.W_OK), "can change its own program"
