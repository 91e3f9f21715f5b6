"""The second factor of an account: one-time codes by time (TOTP, RFC 6238: SHA-1, six digits, thirty seconds).

Pure. A code is taken once: whoever keeps the step of the last one that was taken refuses it and all before it (RFC 6238
§5.2). The clock of a telephone may be one step off either way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import quote

STEP_S: Final = 30
DIGITS: Final = 6
SKEW_STEPS: Final = 1
SECRET_BYTES: Final = 20
"""As long as the hash (RFC 4226 §4, R6)."""
RECOVERY_CODES: Final = 8
RECOVERY_BYTES: Final = 10
"""Eighty bits, shown as sixteen letters: nobody guesses one, and somebody can write it down."""


def code_of(secret: bytes, step: int) -> str:
    """The code of one step."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return f"{(int.from_bytes(mac[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}d}"


def step_of(secret: bytes, code: str, now: float, last_step: int) -> int | None:
    """Which step this code is of, among those that may be now and come after `last_step`; None for none of them."""
    here = int(now) // STEP_S
    steps = range(max(here - SKEW_STEPS, last_step + 1), here + SKEW_STEPS + 1)
    found = [step for step in steps if hmac.compare_digest(code_of(secret, step).encode(), code.encode())]
    return found[0] if found else None


def shown_secret(secret: bytes) -> str:
    """As it is typed into a telephone: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_url(secret: bytes, account: str, issuer: str) -> str:
    """What an authenticator reads (Google's key URI format, which all of them know)."""
    name = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{name}?secret={shown_secret(secret)}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_S}"


def recovery_code(random: bytes) -> str:
    """Four groups of four letters and digits."""
    text = base64.b32encode(random).decode()
    return "-".join(text[n : n + 4] for n in range(0, len(text), 4))


def as_recovery_code(typed: str) -> str | None:
    """What somebody typed as a recovery code is kept; None for what is none."""
    text = "".join(typed.upper().replace("-", "").split())
    return "-".join(text[n : n + 4] for n in range(0, 16, 4)) if len(text) == 16 and text.isalnum() else None  # noqa: PLR2004 - four groups of four
