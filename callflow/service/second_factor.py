"""Enrolling a second factor, proving it at sign-in, resetting it: what is kept is sealed or hashed, and audited.

The secret is sealed with a key made from the site's session secret, so that the books alone, or a backup of them, make
no code. Whoever changes the session secret has every factor reset. Recovery codes are kept as argon2id hashes only.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callflow.domain import second_factor as totp
from callflow.domain.names import AgentId

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Factor:
    """One account's. `enrolled_at` None: a secret was shown, and no code of it came yet. Moments are epoch seconds."""

    agent_id: AgentId
    sealed: bytes
    enrolled_at: int | None
    last_step: int = 0
    recovery: tuple[str, ...] = field(default=(), repr=False)
    """Hashes of the codes that are left."""


class FactorBooks(Protocol):
    """Where factors are kept. Each may raise ports.FactsAway; each change is audited in its own transaction."""

    async def factor(self, agent_id: AgentId) -> Factor | None:
        """The account's factor, begun or enrolled."""

    async def keep(self, factor: Factor, *, before: Factor | None, what: str, by: str, at: float) -> bool:
        """Write it in place of `before`; False when that is no longer what stands there, and nothing was written."""

    async def remove(self, agent_id: AgentId, *, by: str, at: float) -> bool:
        """Take it away; False when there was none."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown once: the secret, its address for an authenticator, the recovery codes."""

    secret: str
    url: str
    recovery: tuple[str, ...]


class SecondFactors:
    """One site's."""

    def __init__(self, books: FactorBooks, session_secret: str, issuer: str, clock: Callable[[], float]) -> None:
        key = hmac.new(session_secret.encode(), b"second-factor", hashlib.sha256).digest()
        self._books, self._seal, self._issuer, self._clock = books, AESGCM(key), issuer, clock
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._one_at_a_time = asyncio.Semaphore(1)

    async def enrolled_at(self, agent_id: AgentId) -> int | None:
        """Since when the account has one; None when it has none."""
        factor = await self._books.factor(agent_id)
        return None if factor is None else factor.enrolled_at

    async def begin(self, agent_id: AgentId) -> Shown | None:
        """Make a secret, shown now and never again. None: the account has a factor already."""
        before = await self._books.factor(agent_id)
        if before is not None and before.enrolled_at is not None:
            return None
        secret = secrets.token_bytes(totp.SECRET_BYTES)
        codes = [totp.recovery_code(secrets.token_bytes(totp.RECOVERY_BYTES)) for _ in range(totp.RECOVERY_CODES)]
        async with self._one_at_a_time:
            hashes = await asyncio.to_thread(lambda: tuple(self._hasher.hash(code) for code in codes))
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._seal.encrypt(nonce, secret, agent_id.encode())
        made = Factor(agent_id, sealed, None, recovery=hashes)
        kept = await self._books.keep(made, before=before, what="begun", by=agent_id, at=self._clock())
        shown = Shown(totp.shown_secret(secret), totp.otpauth_url(secret, agent_id, self._issuer), tuple(codes))
        return shown if kept else None

    async def confirm(self, agent_id: AgentId, code: str) -> bool:
        """The first code of a secret that was begun: from now on the account needs one at each sign-in."""
        before = await self._books.factor(agent_id)
        if before is None or before.enrolled_at is not None:
            return False
        return await self._take(before, code, "enrolled")

    async def prove(self, agent_id: AgentId, typed: str) -> bool:
        """Take a code, or a recovery code; either once. Of an account without a factor: False."""
        before = await self._books.factor(agent_id)
        if before is None or before.enrolled_at is None:
            return False
        recovery = totp.as_recovery_code(typed)
        return await (self._take(before, typed, "used") if recovery is None else self._recover(before, recovery))

    async def reset(self, agent_id: AgentId, by: str) -> bool:
        """Take the factor away, so that its owner enrols anew; False when there was none."""
        return await self._books.remove(agent_id, by=by, at=self._clock())

    async def _take(self, before: Factor, code: str, what: str) -> bool:
        now = self._clock()
        secret = self._opened(before)
        step = None if secret is None else totp.step_of(secret, code, now, before.last_step)
        if step is None:
            return False
        since = int(now) if before.enrolled_at is None else before.enrolled_at
        after = Factor(before.agent_id, before.sealed, since, step, before.recovery)
        return await self._books.keep(after, before=before, what=what, by=before.agent_id, at=now)

    async def _recover(self, before: Factor, code: str) -> bool:
        async with self._one_at_a_time:
            used = await asyncio.to_thread(self._which, before.recovery, code)
        if used is None:
            return False
        left = tuple(one for one in before.recovery if one != used)
        after = Factor(before.agent_id, before.sealed, before.enrolled_at, before.last_step, left)
        return await self._books.keep(after, before=before, what="recovered", by=before.agent_id, at=self._clock())

    def _which(self, hashes: Sequence[str], code: str) -> str | None:
        for one in hashes:
            try:
                self._hasher.verify(one, code)
            except VerifyMismatchError:
                continue
            return one
        return None

    def _opened(self, factor: Factor) -> bytes | None:
        """The secret; None when the session secret is another one now."""
        try:
            return self._seal.decrypt(
                factor.sealed[:NONCE_BYTES], factor.sealed[NONCE_BYTES:], factor.agent_id.encode()
            )
        except InvalidTag:
            return None
