"""What the site program is told by its environment (`CALLFLOW_…`); everything else stands in the site file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One site program's surroundings. Addresses left empty are those of the site file."""

    model_config = SettingsConfigDict(env_prefix="CALLFLOW_", frozen=True)

    site_file: Path
    net: str = "127.0.0"
    state_dir: Path = Field(description="this site's own directory: journal and, with SQLite, the facts")
    keys_dir: Path = Field(description="the keys directory as lab/keys.py lays it out")
    sql_url: str = ""
    calendar_file: Path | None = None
    limits_file: Path | None = None
    redis_host: str = ""
    redis_port: int = 0
    log_level: str = "info"

    @property
    def journal(self) -> Path:
        """The dialplan's journal."""
        return self.state_dir / "journal" / "steps.csv"

    @property
    def recordings(self) -> Path:
        """Where the dialplan records calls."""
        return self.state_dir / "recordings"

    @property
    def put_off(self) -> Path:
        """Ticket writes that wait for the database."""
        return self.state_dir / "ticket-writes.ndjson"

    @property
    def guard_dir(self) -> Path:
        """Where the guard keeps its memory."""
        return self.state_dir / "guard"

    @property
    def facts_url(self) -> str:
        """The SQL database: PostgreSQL when named, else SQLite beside the journal."""
        return self.sql_url or f"sqlite:///{self.state_dir / 'facts.db'}"
