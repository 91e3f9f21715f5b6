"""Who is refused, why and for how long: pure rules over what was seen of each source address (T-01, T-02, T-14).

A source address that came by UDP proves nothing: whoever sends may write any address he likes into a packet. Measured
on Asterisk 22.10.1: an answer with a made-up nonce is logged exactly as a wrong password is. So:

* Addresses that the site file names (own, carriers, peers, networks of phones) are never banned, whatever is seen.
* An address that has proved a password is not banned either: only a true source can do that, for the nonce is
  bound to the address it was sent to. What is seen from these two kinds is counted as `spared` and told.
* Everybody else has no business here, and is let in again after a time that grows when he comes back.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeVar

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Kept = TypeVar("Kept")

WINDOW_S = 120.0
"""What is older counts for nothing. fail2ban's own window for Asterisk is 600 s, with ten attempts."""

LIMIT = 30
"""Banned when the weights within the window come to this much: five failures, or thirty unanswered challenges."""

GROWTH = 4.0
"""Each ban is so many times as long as the one before."""

FORGET_S = 86400.0
"""So long after the end of a ban its source begins anew."""

KNOWN_S = 14 * 86400.0
"""So long after it proved a password an address is spared: longer than the longest holiday."""

MOST_SOURCES = 4096
"""Watched at once: forged sources are as many as an attacker likes. The one seen longest ago goes first."""

MOST_BANS = 512
"""Asterisk goes through the list for each request. The ban that ends first makes room."""


class Reason(StrEnum):
    """What a source did."""

    PASSWORD = "password"  # noqa: S105 - a word for the figures: an answer to our challenge was wrong
    ACCOUNT = "account"
    """It named an account that does not exist."""
    SILENT = "silent"
    """It did not answer our challenge; an honest phone does at once."""
    REFUSED = "refused"
    """It asked for what nobody is allowed: AMI from elsewhere, a request that makes no sense."""


WEIGHTS: Mapping[Reason, int] = {
    Reason.PASSWORD: 6,
    Reason.ACCOUNT: 6,
    Reason.SILENT: 1,  # a packet lost, a phone that starts
    Reason.REFUSED: 6,
}


@dataclass(frozen=True, slots=True)
class Span:
    """The first ban and the longest, in seconds."""

    first_s: float
    longest_s: float


FORGEABLE = Span(60.0, 3600.0)
"""By UDP: an honest phone whose address somebody has forged must not be shut out for the day."""

PROVEN = Span(300.0, 86400.0)
"""By TCP or TLS: the source has answered, so it is the true one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing seen of one source at epoch seconds. `reason` None: it proved a password."""

    address: Address
    reason: Reason | None
    at: float
    is_proven: bool
    account: str = ""
    """Whose password, as Asterisk names the account; only with a proof."""


@dataclass(frozen=True, slots=True)
class Ban:
    """One source that is refused from `since` until `until` (epoch seconds), for the `times`-th time."""

    address: Address
    reason: Reason
    since: float
    until: float
    times: int


@dataclass(slots=True)
class _Source:
    """What was seen of one source within the window, oldest first, and when last."""

    seen: deque[tuple[float, int]] = field(default_factory=deque)
    last_at: float = 0.0

    def score(self, at: float, weight: int) -> int:
        """Add one and return what the window now comes to."""
        self.seen.append((at, weight))
        self.last_at = max(self.last_at, at)
        while self.seen and self.seen[0][0] < self.last_at - WINDOW_S:
            self.seen.popleft()
        return sum(each for _, each in self.seen)


class Watch:
    """What is known of every source. Bounded; nothing here is a matter of the clock or of a disk."""

    def __init__(self, never: tuple[Network, ...]) -> None:
        self._never = never
        self._sources: dict[Address, _Source] = {}
        self.bans: dict[Address, Ban] = {}
        self.former: dict[Address, Ban] = {}
        """The last ban of a source that is let in again, until it is forgotten."""
        self.known: dict[Address, float] = {}
        """Address -> when it last proved a password."""
        self.made: Counter[Reason] = Counter()
        self.spared: Counter[Reason] = Counter()

    def see(self, seen: Seen) -> Ban | None:
        """Count what was seen; the ban when this brings one."""
        if seen.reason is None:
            self._sources.pop(seen.address, None)
            _keep(self.known, seen.address, max(seen.at, self.known.get(seen.address, 0.0)))
            return None
        if seen.address in self.bans:
            return None  # what was still under way when the wall went up
        source = self._sources.get(seen.address) or _Source()
        _keep(self._sources, seen.address, source)
        if source.score(seen.at, WEIGHTS[seen.reason]) < LIMIT:
            return None
        del self._sources[seen.address]
        if self.is_spared(seen.address, seen.at):
            self.spared[seen.reason] += 1
            return None
        return self._ban(seen)

    def is_spared(self, address: Address, at: float) -> bool:
        """Whether this source is never banned at this moment."""
        proved_at = self.known.get(address)
        return (proved_at is not None and at - proved_at < KNOWN_S) or any(address in one for one in self._never)

    def lift(self, address: Address) -> Ban | None:
        """A person lets a source in again: its past is forgotten too. None when it was not banned."""
        self.former.pop(address, None)
        self._sources.pop(address, None)
        return self.bans.pop(address, None)

    def pass_time(self, now: float) -> tuple[Ban, ...]:
        """Let in whose time is up, and forget what is old; the bans that ended."""
        over = tuple(ban for ban in self.bans.values() if ban.until <= now)
        for ban in over:
            del self.bans[ban.address]
            _keep(self.former, ban.address, ban)
        for ban in [ban for ban in self.former.values() if ban.until + FORGET_S <= now]:
            del self.former[ban.address]
        for address in [address for address, at in self.known.items() if at + KNOWN_S <= now]:
            del self.known[address]
        return over

    def _ban(self, seen: Seen) -> Ban:
        assert seen.reason is not None
        before = self.former.pop(seen.address, None)
        times = before.times + 1 if before else 1
        span = PROVEN if seen.is_proven else FORGEABLE
        length_s = min(span.first_s * GROWTH ** min(times - 1, 10), span.longest_s)
        ban = Ban(seen.address, seen.reason, seen.at, seen.at + length_s, times)
        if len(self.bans) >= MOST_BANS:
            del self.bans[min(self.bans.values(), key=lambda one: one.until).address]
        self.bans[seen.address] = ban
        self.made[seen.reason] += 1
        return ban


def _keep(kept: dict[Address, Kept], address: Address, one: Kept) -> None:
    """Remember as the newest; beyond the limit the one that was newest longest ago goes."""
    kept.pop(address, None)
    kept[address] = one
    if len(kept) > MOST_SOURCES:
        del kept[next(iter(kept))]
