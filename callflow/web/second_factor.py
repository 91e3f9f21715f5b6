"""An account's second factor: enrolled by its owner, reset by somebody else (requirement R-065)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import structlog
from aiohttp import web
from pydantic import StringConstraints

from callflow.domain.names import AgentId
from callflow.web.errors import Problem
from callflow.web.house_rules import ADMINISTRATORS
from callflow.web.routes import WITH_FACTOR, Route, Visit, answer
from callflow.web.schemas import Ask, NothingAsk, SessionView, View
from callflow.web.sessions import with_cookie

if TYPE_CHECKING:
    from callflow.web.rate import Allowance

log = structlog.get_logger(__name__)


class FactorView(View):
    """Whether the asker's account has a second factor, and whether it must have one."""

    enrolled: bool
    required: bool


class ShownFactorView(View):
    """Shown once: the secret in base32, its otpauth address for an authenticator, the recovery codes."""

    secret: str
    url: str
    recovery: list[str]


class CodeAsk(Ask):
    """The first code of the secret that was shown."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


async def show_factor(visit: Visit, _ask: None) -> web.Response:
    """How the asker's account stands."""
    enrolled = await visit.deps.factors.enrolled_at(visit.who.agent_id) is not None
    return answer(FactorView(enrolled=enrolled, required=visit.deps.site.security.second_factor == "required"))


async def begin(visit: Visit, _ask: NothingAsk) -> web.Response:
    """A secret for the asker's account, which counts once a code of it has come; one that was shown before is void."""
    shown = await visit.deps.factors.begin(visit.who.agent_id)
    if shown is None:
        raise Problem("second-factor-set")
    return answer(ShownFactorView(secret=shown.secret, url=shown.url, recovery=list(shown.recovery)), 201)


async def confirm(visit: Visit, ask: CodeAsk) -> web.Response:
    """The first code: every other session of the account ends, and this one is begun anew."""
    agent_id, tries = visit.who.agent_id, visit.memory.factor_tries
    _may_try(visit, tries)
    if not await visit.deps.factors.confirm(agent_id, ask.code):
        raise Problem("second-factor-wrong")
    tries.forget(agent_id)
    log.info("second factor enrolled", agent_id=agent_id)
    visit.memory.sessions.end(visit.who, visit.now)
    return with_cookie(visit, *visit.memory.sessions.open(agent_id, visit.now))


def _may_try(visit: Visit, tries: Allowance) -> None:
    wait_s = tries.wait_s(visit.who.agent_id, visit.now)
    if wait_s > 0:
        raise Problem("too-many-sign-ins", retry_after_s=wait_s)
    tries.spend(visit.who.agent_id, visit.now)


async def reset(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Take another account's factor away, audited; its owner enrols anew. Never one's own."""
    agent_id = AgentId(visit.part("agent_id"))
    if agent_id == visit.who.agent_id:
        raise Problem("second-factor-own")
    if not await visit.deps.factors.reset(agent_id, by=visit.who.agent_id):
        raise Problem("account-not-found")
    log.warning("second factor reset", agent_id=agent_id, by=visit.who.agent_id)
    return web.Response(status=204)


PATH = "/api/v1/second-factor"
ROUTES = (
    Route(
        "GET",
        PATH,
        show_factor,
        "Whether the asker's account has a second factor.",
        roles=WITH_FACTOR,
        answers={200: FactorView},
        refuses=("facts-away",),
        before_factor=True,
    ),
    Route(
        "POST",
        PATH,
        begin,
        "Begin to enrol a second factor: secret, otpauth address and recovery codes, shown once.",
        roles=WITH_FACTOR,
        asks=NothingAsk,
        answers={201: ShownFactorView},
        refuses=("second-factor-set", "facts-away"),
        before_factor=True,
    ),
    Route(
        "POST",
        f"{PATH}/confirm",
        confirm,
        "Enrol it by its first code; all other sessions of the account end.",
        roles=WITH_FACTOR,
        asks=CodeAsk,
        answers={200: SessionView},
        refuses=("second-factor-wrong", "too-many-sign-ins", "facts-away"),
        before_factor=True,
    ),
    Route(
        "DELETE",
        f"{PATH}/{{agent_id}}",
        reset,
        "Reset another account's second factor; audited.",
        roles=ADMINISTRATORS,
        asks=NothingAsk,
        answers={204: None},
        refuses=("second-factor-own", "account-not-found", "facts-away"),
    ),
)
