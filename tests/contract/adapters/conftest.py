"""Real databases for the suites, and the callers they speak of."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from ulid import ULID

from callflow.adapters.sql.database import Database
from callflow.domain.calls import Attempt, Call, Caller, Ownership
from callflow.domain.names import (
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    IncidentId,
    Kind,
    Phase,
    Presentation,
    SiteId,
    TargetCode,
    Verified,
    Way,
)
from callflow.sitefile import Site, load_site
from tests.contract.adapters.books import Books

NOW = 1_795_312_800.0  # 2026-11-22 10:00 in China
SITES = Path(__file__).parents[3] / "asterisk-config" / "sites"
POSTGRES = os.environ.get("CALLFLOW_TEST_POSTGRES", "")


def engines() -> list[str]:
    return ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]


@pytest.fixture
def empty(tmp_path: Path) -> Callable[[str], AbstractContextManager[str]]:
    """Makes an empty database of a sort and gives its URL."""

    @contextmanager
    def made(sort: str) -> Iterator[str]:
        if sort == "sqlite":
            yield f"sqlite:///{tmp_path / 'facts.db'}"
            return
        name = f"cf_{secrets.token_hex(6)}"
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}"')
            yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    return made


@pytest.fixture(params=engines())
def database_url(request: pytest.FixtureRequest, empty: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """An empty database of each sort; PostgreSQL when CALLFLOW_TEST_POSTGRES names a server."""
    with empty(request.param) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def gov_site() -> Site:
    return load_site(SITES / "12345.toml", "127.0.106")


@pytest.fixture(scope="session")
def police_site() -> Site:
    return load_site(SITES / "110.toml", "127.0.106")


def ulid() -> str:
    return str(ULID())


def make_call(**changes: Any) -> Call:
    """A citizen who talks with agent 8001 of the 12345; `changes` say what is special about this one."""
    caller = Caller(
        ChannelName("PJSIP/carrier-00000001"),
        "19900001111",
        Presentation.ALLOWED,
        Verified.NETWORK,
        None,
        "12345",
        0,
    )
    site = SiteId("12345")
    call = Call(
        call_id=CallId(ulid()),
        incident_id=IncidentId(ulid()),
        site=site,
        phase=Phase.TALKING,
        phase_since=NOW,
        arrived_at=NOW,
        caller=replace(caller, **changes.pop("caller", {})),
        ownership=Ownership(site, site),
    )
    return replace(call, **changes)


def make_attempt(**changes: Any) -> Attempt:
    attempt = Attempt(AttemptId(ulid()), TargetCode("110"), Kind.ONE_KEY, Way.DESK, Consent.AGREED, started_at=NOW + 5)
    return replace(attempt, **changes)


@pytest.fixture
def a_call() -> Callable[..., Call]:
    return make_call


@pytest.fixture
def an_attempt() -> Callable[..., Attempt]:
    return make_attempt


@pytest.fixture
def gov(database: Database, gov_site: Site) -> Books:
    return Books(database, gov_site)


@pytest.fixture
def police(database: Database, police_site: Site) -> Books:
    return Books(database, police_site)
