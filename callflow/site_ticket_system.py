"""Whom a platform tells by signed webhook: part of the site file (docs/ticket-system.md, docs/notices.md)."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from callflow.domain.limits import Level
from callflow.site_keeping import Strict

SCHEMES: Final = ("https", "http")


class Webhook(Strict):
    """Where it is, and whether callers' numbers go there; both are decisions, and neither has a default.

    `ca`: the authority of its certificate, where that is not one of the machine's. `waiting_limit`: so many untold
    steps are said by `/health/ready`; none is ever dropped.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{2,16}$")]
    url: Annotated[str, StringConstraints(max_length=500)]
    numbers: Literal["whole", "masked", "none"]
    ca: Path | None = None
    waiting_limit: int = Field(default=10_000, ge=1)

    @model_validator(mode="after")
    def _goes_where_it_should(self) -> Webhook:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"url: {error}") from error
        if parts.scheme not in SCHEMES or not host:
            raise ValueError("url: write https://host/path")
        if parts.scheme == "http" and not _is_this_machine(host):
            raise ValueError("url: only https leaves this machine; http is for a loopback address such as 127.0.0.1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("url: no user, no query, no fragment; the signature says who we are")
        return self


class TicketSystem(Webhook):
    """The platform's own ticket system, told of every step of a ticket."""


class NoticeReceiver(Webhook):
    """Emergency management, a fire brigade or the like: told of urgent matters, and of nothing else (R-028).

    Told is what is in danger (`danger`) or of one of these `levels`, in one of these `categories` (none named: all).
    """

    name_zh: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    levels: tuple[Level, ...] = (Level.ONE, Level.TWO)
    danger: bool = True
    categories: tuple[str, ...] = ()

    def hears_of(self, level: int, category: str, *, danger: bool) -> bool:
        """Whether a ticket that stands so is told."""
        is_urgent = level in self.levels or (danger and self.danger)
        return is_urgent and (not self.categories or category in self.categories)


def _is_this_machine(host: str) -> bool:
    """By its address: a name may mean another machine tomorrow."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
