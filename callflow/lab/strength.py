"""Whether a secret was made or chosen: the program starts with made ones only (requirement T-02)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

LEAST_BITS = 128
_ALPHABETS = ((r"[0-9]+", 10), (r"[0-9a-f]+", 16), (r"[0-9A-Z]+|[0-9a-z]+", 36), (r"[0-9A-Za-z_-]+", 64))
"""The smallest that fits counts: whoever makes by chance uses the whole of one."""

_OTHERWISE = 90
_LEAST_KINDS = 8
"""Of 32 characters by chance fewer kinds do not come in the life of the world; of `aaaa…` they do."""


def bits_of(secret: str) -> float:
    """How much chance this text can hold at most. What was chosen holds less, but cannot be told from its looks."""
    if len(set(secret)) < _LEAST_KINDS:
        return 0.0
    alphabet = next((size for pattern, size in _ALPHABETS if re.fullmatch(pattern, secret)), _OTHERWISE)
    return len(secret) * math.log2(alphabet)


def weak_ones(secrets: Mapping[str, str]) -> list[str]:
    """The names of those that hold fewer than 128 bits, or that stand twice."""
    values = list(secrets.values())
    return [name for name, text in secrets.items() if bits_of(text) < LEAST_BITS or values.count(text) > 1]
