"""Signing in and out, and who a request comes from.

The cookie is sealed (HMAC-SHA-256 with the site's session secret) and says who and until when, so that a restart
in mid-call asks nobody to sign in again. Sign-outs and idleness are remembered by this process only: a cookie that
was signed out and stolen before would work again after a restart, until its shift ends.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from callflow.domain.names import AgentId
from callflow.web.errors import Problem
from callflow.web.rate import Allowance
from callflow.web.routes import ANYBODY, WITH_FACTOR, Role, Route, Visit, answer
from callflow.web.schemas import AgentView, NothingAsk, SessionView, SignInAsk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from callflow.site_people import AgentAccount

    Prove = Callable[[AgentId, Role], Awaitable[None]]

log = structlog.get_logger(__name__)

COOKIE = "callflow_session"
COOKIE_PATH = "/api"
SESSION_LIFE_S = 12 * 3600.0  # one shift with its overlap
SESSION_IDLE_S = 3600.0  # an open event stream counts as use
FACTOR_TRIES, FACTOR_WINDOW_S = 5, 900.0  # three of a million codes are right at a time
FAILURES_PER_USER, FAILURES_PER_SOURCE, FAILURE_WINDOW_S = 10, 30, 300.0
VERIFY_AT_ONCE = 2  # argon2 takes memory and a core for each; a flood of sign-ins must not take the machine
_TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9]{3,6})\.([0-9]{1,12})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in account, until `ends_at` (epoch seconds)."""

    session_id: str
    agent_id: AgentId
    name_zh: str
    role: Role | None
    csrf: str
    ends_at: float

    @property
    def begun_at(self) -> float:
        """When he signed in, to the second."""
        return self.ends_at - SESSION_LIFE_S


NOBODY = Session("", AgentId(""), "", None, "", 0.0)


class Sessions:
    """Who is signed in. Passwords are hashed when this is made (argon2id, OWASP's 19 MiB and 2 passes)."""

    def __init__(self, accounts: Sequence[AgentAccount], passwords: Mapping[AgentId, str], session_secret: str) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._accounts = {AgentId(account.id): account for account in accounts}
        self._hashes = {user: self._hasher.hash(passwords[user]) for user in self._accounts if user in passwords}
        self._nobodys_hash = self._hasher.hash(secrets.token_hex())
        self._secret = session_secret.encode()
        self._seen_at: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._user_failures = Allowance(FAILURES_PER_USER, FAILURE_WINDOW_S)
        self._source_failures = Allowance(FAILURES_PER_SOURCE, FAILURE_WINDOW_S)
        self._verifying = asyncio.Semaphore(VERIFY_AT_ONCE)

    async def sign_in(
        self, user: str, password: str, source: str, now: float, prove: Prove | None = None
    ) -> tuple[str, Session]:
        """Check the password and open a session; returns the cookie's token with it.

        An unknown user costs as much time as a wrong password. `prove` is asked after the password, and raises Problem
        when the account's second factor is not proved: that counts as a failure, too.

        Raises:
            Problem: sign-in-failed, or too-many-sign-ins with the seconds to wait.
        """
        wait_s = max(self._user_failures.wait_s(user, now), self._source_failures.wait_s(source, now))
        if wait_s > 0:
            raise Problem("too-many-sign-ins", retry_after_s=wait_s)
        # Counted before the slow check, so that many at once cannot all slip through; a success takes it back.
        self._user_failures.spend(user, now)
        self._source_failures.spend(source, now)
        async with self._verifying:
            right = await asyncio.to_thread(self._verify, user, password)
        if not right:
            raise Problem("sign-in-failed")
        if prove is not None:
            await prove(AgentId(user), self.role_of(AgentId(user)))
        self._user_failures.forget(user)
        self._source_failures.forget(source)
        return self.open(AgentId(user), now)

    def role_of(self, agent_id: AgentId) -> Role:
        """The role of an account that there is."""
        return Role(self._accounts[agent_id].role)

    def of_token(self, token: str, now: float) -> Session | None:
        """The live session of this cookie, marked as used now; None when there is none or it has ended."""
        parts = _TOKEN.fullmatch(token)
        if parts is None or not hmac.compare_digest(self._seal(token.rpartition(".")[0]), parts[4]):
            return None
        session = self._session(parts[1], AgentId(parts[2]), float(parts[3]))
        return session if session is not None and self.is_live(session, now) else None

    def is_live(self, session: Session, now: float) -> bool:
        """Whether this session may go on; asking counts as use."""
        key = session.session_id
        if key in self._ended or now >= min(session.ends_at, self._seen_at.get(key, now) + SESSION_IDLE_S):
            self.end(session, now)
            return False
        self._seen_at[key] = now
        return True

    def end(self, session: Session, now: float) -> None:
        """Sign out. Repeatable."""
        self._ended = {key: ends_at for key, ends_at in self._ended.items() if ends_at > now}
        self._ended[session.session_id] = session.ends_at
        self._seen_at.pop(session.session_id, None)

    def open(self, agent_id: AgentId, now: float) -> tuple[str, Session]:
        """A session for who has proved who he is; with the cookie's token."""
        session_id = secrets.token_hex(16)
        ends_at = int(now + SESSION_LIFE_S)
        body = f"{session_id}.{agent_id}.{ends_at}"
        session = self._session(session_id, agent_id, float(ends_at))
        assert session is not None  # its password has just been checked
        self._seen_at[session_id] = now
        return f"{body}.{self._seal(body)}", session

    def _session(self, session_id: str, agent_id: AgentId, ends_at: float) -> Session | None:
        account = self._accounts.get(agent_id)
        if account is None:
            return None
        csrf = self._seal(f"csrf.{session_id}")
        return Session(session_id, agent_id, account.name_zh, Role(account.role), csrf, ends_at)

    def _seal(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def _verify(self, user: str, password: str) -> bool:
        known = self._hashes.get(AgentId(user))
        try:
            self._hasher.verify(known or self._nobodys_hash, password)
        except VerifyMismatchError:
            return False
        return known is not None


def csrf_is_right(session: Session, sent: str | None) -> bool:
    """Compare without telling by time how much of it was right."""
    return sent is not None and hmac.compare_digest(session.csrf.encode(), sent.encode("utf-8", "replace"))


async def sign_in(visit: Visit, ask: SignInAsk) -> web.Response:
    """Open a session: the cookie, and the CSRF token in the body."""
    memory = visit.memory
    source = visit.request.remote or "unknown"
    try:
        prove = partial(prove_at_sign_in, visit, ask.code)
        token, session = await memory.sessions.sign_in(ask.user, ask.password, source, visit.now, prove)
    except Problem as problem:
        memory.metrics.sign_ins.labels("refused" if problem.retry_after_s else "failed").inc()
        log.warning("sign-in refused", code=problem.code, source=source)
        raise
    memory.metrics.sign_ins.labels("ok").inc()
    log.info("signed in", agent_id=session.agent_id, role=session.role, source=source)
    return with_cookie(visit, token, session)


async def prove_at_sign_in(visit: Visit, code: str, agent_id: AgentId, role: Role) -> None:
    """Take the account's one-time code, if it has a second factor.

    Raises:
        Problem: second-factor-needed, second-factor-wrong, or too-many-sign-ins with the seconds to wait.
        FactsAway: the books cannot be asked.
    """
    factors, tries = visit.deps.factors, visit.memory.factor_tries
    if role not in WITH_FACTOR or await factors.enrolled_at(agent_id) is None:
        return
    if not code:
        raise Problem("second-factor-needed")
    wait_s = tries.wait_s(agent_id, visit.now)
    if wait_s > 0:
        raise Problem("too-many-sign-ins", retry_after_s=wait_s)
    tries.spend(agent_id, visit.now)
    if not await factors.prove(agent_id, code):
        visit.memory.metrics.alerts.labels("second_factor_wrong").inc()
        raise Problem("second-factor-wrong")
    tries.forget(agent_id)


def with_cookie(visit: Visit, token: str, session: Session) -> web.Response:
    """The session, and its cookie."""
    response = answer(_view(visit, session))
    response.set_cookie(
        COOKIE,
        token,
        path=COOKIE_PATH,
        httponly=True,
        samesite="Strict",
        secure=visit.request.secure,
        max_age=int(SESSION_LIFE_S),
    )
    return response


async def show_session(visit: Visit, _ask: None) -> web.Response:
    """The session again, for a page that was reloaded."""
    return answer(_view(visit, visit.who))


async def sign_out(visit: Visit, _ask: NothingAsk) -> web.Response:
    """End the session and its event streams."""
    visit.memory.sessions.end(visit.who, visit.now)
    log.info("signed out", agent_id=visit.who.agent_id)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="Strict")
    return response


def _view(visit: Visit, session: Session) -> SessionView:
    role = session.role
    assert role is not None
    return SessionView(
        csrf=session.csrf,
        agent=AgentView(
            agent_id=session.agent_id,
            name_zh=session.name_zh,
            role=role,
            organisation=visit.deps.site.guests.get(session.agent_id, visit.deps.site.platform.id),
        ),
        site=visit.deps.site.platform.id,
        ends_at=session.ends_at,
    )


ROUTES = (
    Route(
        "POST",
        "/api/v1/session",
        sign_in,
        "Sign in: an HttpOnly cookie, and the CSRF token for every write.",
        roles=None,
        asks=SignInAsk,
        answers={200: SessionView},
        refuses=(
            "sign-in-failed",
            "second-factor-needed",
            "second-factor-wrong",
            "too-many-sign-ins",
            "facts-away",
            "foreign-origin",
        ),
    ),
    Route(
        "GET",
        "/api/v1/session",
        show_session,
        "The session of this cookie, for a page that was reloaded.",
        roles=ANYBODY,
        answers={200: SessionView},
        before_factor=True,
    ),
    Route(
        "DELETE",
        "/api/v1/session",
        sign_out,
        "Sign out; open event streams of this session end.",
        roles=ANYBODY,
        asks=NothingAsk,
        answers={204: None},
        before_factor=True,
    ),
)
