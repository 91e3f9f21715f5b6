"""A route is a row: where, who may, what it takes, what it answers, how it can refuse.

The rows drive the router, the door and the OpenAPI document alike, so that none of the three can disagree.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from pydantic import BaseModel

    from callflow.domain.confidence import Viewer
    from callflow.web.deps import Deps, Memory
    from callflow.web.sessions import Session


class Role(StrEnum):
    """Who an account is (requirement R-065: duties are separated)."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    EVALUATOR = "evaluator"
    """Somebody from outside who assesses the hotline (R-095): figures and how matters went, and no person in them."""


ANYBODY = frozenset(Role)
STAFF = ANYBODY - {Role.EVALUATOR}
CALL_WORKERS = frozenset({Role.AGENT, Role.SUPERVISOR})
READERS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.AUDITOR})
WITH_FACTOR = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
"""Who has a second factor."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that has passed the door: who asks, and what may be reached."""

    request: web.Request
    deps: Deps
    memory: Memory
    who: Session
    now: float
    request_key: str
    """The Idempotency-Key that was sent, or a fresh one: a request that is not repeated is told from every other."""

    @property
    def viewer(self) -> Viewer:
        """For whom tickets are looked up."""
        return self.deps.site.viewer(self.who.agent_id)

    def part(self, name: str) -> str:
        """The named part of the path."""
        return self.request.match_info[name]


Handler = Callable[[Visit, Any], Awaitable[web.StreamResponse]]
"""Takes the visit and the checked body (an instance of the row's `asks`, or None)."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row. `roles` None: open to those without a session. `answers`: status -> model, or media types, by commas."""

    method: str
    path: str
    handler: Handler
    says: str
    roles: frozenset[Role] | None
    answers: Mapping[int, type[BaseModel] | str | None]
    asks: type[BaseModel] | None = None
    refuses: tuple[str, ...] = ()
    headers: tuple[str, ...] = field(default=())
    is_signed: bool = False
    """Signed by the platform's own ticket system instead of a session (`signed`)."""
    before_factor: bool = False
    """Open to who must enrol a second factor and has not yet."""

    @property
    def is_write(self) -> bool:
        """Changes something, so it needs the CSRF token."""
        return self.method in ("POST", "DELETE")


def answer(model: BaseModel, status: int = 200) -> web.Response:
    """The model as JSON."""
    return web.Response(
        status=status, body=model.model_dump_json().encode(), content_type="application/json", charset="utf-8"
    )
