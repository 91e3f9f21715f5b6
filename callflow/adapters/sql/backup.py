"""A whole copy of one platform's books while they are written, and books made from a copy.

SQLite: the online backup API, one consistent view, no writer waits (WAL). PostgreSQL: `pg_dump` and `pg_restore` on one
exported snapshot. What the copy must hold is read from that same view, and compared after it was made again.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, make_url

from callflow.adapters.sql.errors import BackupError

LIMIT_S: Final = 3600.0
FIGURES: Final = (
    ("revision", "SELECT version_num FROM alembic_version"),
    ("tickets", "SELECT count(*) FROM tickets"),
    ("calls", "SELECT count(*) FROM calls"),
    ("outbox", "SELECT count(*) FROM outbox"),
    ("inbox", "SELECT count(*) FROM inbox"),
    ("audit_entry", "SELECT coalesce(max(entry), 0) FROM audit"),
    ("audit_hash", "SELECT hash FROM audit ORDER BY entry DESC LIMIT 1"),
    ("journal_offset", "SELECT max(\"offset\") FROM progress WHERE name = 'journal'"),
)
"""What a copy is known by: it is that of its audit's last entry."""

Figures = dict[str, Any]


class Engine(Protocol):
    """One sort of database. Each may raise BackupError."""

    @property
    def name(self) -> str:
        """As SQLAlchemy has it."""

    @property
    def file(self) -> str:
        """What the copy is called."""

    def copy(self, url: URL, file: Path) -> Figures:
        """Make the copy; what it holds."""

    def is_empty(self, url: URL) -> bool:
        """Whether no books are there."""

    def make(self, file: Path, url: URL) -> Figures:
        """Books from the copy; what they hold."""


@dataclass(frozen=True, slots=True)
class Sqlite:
    """A file. The copy is a whole database, too: any SQLite opens it."""

    name: str = "sqlite"
    file: str = "facts.db"

    def copy(self, url: URL, file: Path) -> Figures:
        """See the port."""
        source = _file_of(url)
        if not source.exists():
            raise BackupError(f"{source} does not exist; name the database of a site that has run")
        try:
            with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as books:
                _copied(books, file)
        except sqlite3.Error as error:
            raise BackupError(f"{source} cannot be copied: {error}") from error
        return _figures_of_file(file)

    def is_empty(self, url: URL) -> bool:
        """See the port."""
        books = _file_of(url)  # an orphaned log would be played into whatever takes the file's place
        return not books.exists() and not books.with_name(f"{books.name}-wal").exists()

    def make(self, file: Path, url: URL) -> Figures:
        """See the port. The file appears whole or not at all."""
        target = _file_of(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        growing = target.with_name(f"{target.name}.restoring")
        growing.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
                _copied(copy, growing)
            found = _figures_of_file(growing)
        except sqlite3.Error as error:
            raise BackupError(f"{file} is not whole: {error}; take an older copy") from error
        growing.rename(target)
        return found


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server. Needs its own programs `pg_dump` and `pg_restore`, of its version or newer (postgresql-client)."""

    name: str = "postgresql"
    file: str = "facts.dump"

    def copy(self, url: URL, file: Path) -> Figures:
        """See the port."""
        try:
            with psycopg.connect(_dsn(url)) as server:
                server.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                row = server.execute("SELECT pg_export_snapshot()").fetchone()
                assert row is not None
                _run("pg_dump", "-Fc", "--no-owner", "--no-acl", f"--snapshot={row[0]}", f"--file={file}", url=url)
                return {name: _scalar(server, statement) for name, statement in FIGURES}
        except psycopg.Error as error:
            raise BackupError(f"PostgreSQL: {_first_line(error)}") from error

    def is_empty(self, url: URL) -> bool:
        """See the port."""
        asked = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        try:
            with psycopg.connect(_dsn(url)) as server:
                return bool(_scalar(server, asked) == 0)
        except psycopg.Error as error:
            raise BackupError(f"PostgreSQL: {_first_line(error)}") from error

    def make(self, file: Path, url: URL) -> Figures:
        """See the port. In one transaction."""
        _run(
            "pg_restore", "--no-owner", "--no-acl", "--single-transaction", f"--dbname={url.database}", str(file),
            url=url,
        )  # fmt: skip
        with psycopg.connect(_dsn(url)) as server:
            return {name: _scalar(server, statement) for name, statement in FIGURES}


ENGINES: Final[dict[str, Engine]] = {"sqlite": Sqlite(), "postgresql": Postgres()}


def engine_of(url: str) -> Engine:
    """The engine that this database URL names. Raises BackupError."""
    try:
        return ENGINES[make_url(url).get_backend_name()]
    except (KeyError, ValueError) as error:
        raise BackupError("the database is named neither sqlite:///… nor postgresql://…") from error


def knows(revision: str) -> bool:
    """Whether this program has the tables of this revision among its own; a copy by a newer program has not."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return revision in {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}


def _copied(source: sqlite3.Connection, file: Path) -> None:
    """All pages of one view of it, whole on the disk."""
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as copy:
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
        if (sound := copy.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(sound)
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _figures_of_file(file: Path) -> Figures:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as books:
        return {name: (books.execute(statement).fetchone() or (None,))[0] for name, statement in FIGURES}


def _file_of(url: URL) -> Path:
    return Path(url.database or "")


def _dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _scalar(server: psycopg.Connection[Any], statement: Any) -> Any:
    row = server.execute(statement).fetchone()
    return None if row is None else row[0]


def _run(program: str, *words: str, url: URL) -> None:
    """One of PostgreSQL's programs. Where and as whom is said by the environment: a process list shows no password."""
    said = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    where = {name: str(value) for name, value in said.items() if value is not None}
    where |= {"PGDATABASE": url.database or ""}
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [program, *words],
            env=os.environ | where,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise BackupError(f"{program} is missing: apt-get install postgresql-client") from error
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"{program} was not done within {LIMIT_S:.0f} s") from error
    if done.returncode != 0:
        raise BackupError(f"{program}: {_first_line(done.stderr)}")


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no word of it"])[0]
