"""How often one source, one user or one seat may do a thing."""

from __future__ import annotations

from collections import OrderedDict, deque

MAX_KEYS = 4096
"""Keys remembered at once; the one unused longest is forgotten first, so that memory stays bounded under a flood."""


class Allowance:
    """At most `limit` times in any `per_s` seconds for each key. Time comes in as an argument."""

    def __init__(self, limit: int, per_s: float) -> None:
        self._limit = limit
        self._per_s = per_s
        self._spent: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """Seconds until this key may again; 0 when it may now."""
        moments = self._spent.get(key)
        if moments is None:
            return 0.0
        while moments and moments[0] <= now - self._per_s:
            moments.popleft()
        if len(moments) < self._limit:
            return 0.0
        return moments[0] + self._per_s - now

    def spend(self, key: str, now: float) -> None:
        """Count one use."""
        moments = self._spent.setdefault(key, deque(maxlen=self._limit))
        moments.append(now)
        self._spent.move_to_end(key)
        if len(self._spent) > MAX_KEYS:
            self._spent.popitem(last=False)

    def forget(self, key: str) -> None:
        """Start this key anew, as after a sign-in that succeeded."""
        self._spent.pop(key, None)

    def refund(self, key: str) -> None:
        """Take the last use back, as for a request that was refused for another reason."""
        moments = self._spent.get(key)
        if moments:
            moments.pop()
