"""From which addresses an agent's account has signed in; a new one is told to him (requirement T-12).

A password that somebody else has got cannot be told from the agent's own. Where it is used from can.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from callflow.domain.bans import Address

FORGET_S = 90 * 86400.0
"""An address that an account has not used for so long is new again."""

MOST_PLACES = 16
"""Kept of one account: his desks, his home, a spare phone. The one used longest ago goes first."""

MOST_MOVES = 64
"""Kept for those who tell them on, newest last."""


@dataclass(frozen=True, slots=True)
class Move:
    """An account proved its password from an address from which it had not done so before, at epoch seconds."""

    account: str
    address: Address
    at: float


class Phones:
    """Every account's addresses. `accounts`: those that are agents' phones; others mean nothing here."""

    def __init__(self, accounts: frozenset[str]) -> None:
        self._accounts = accounts
        self.places: dict[str, dict[Address, float]] = {}
        """Account -> address -> when it last proved the password there."""
        self.moves: deque[Move] = deque(maxlen=MOST_MOVES)

    def see(self, account: str, address: Address, at: float) -> Move | None:
        """Take a proof of the password; the move, if the address is new. The first of an account is no move."""
        if account not in self._accounts:
            return None
        places = self.places.setdefault(account, {})
        is_first, last_at = not places, places.pop(address, None)
        places[address] = max(at, last_at or at)
        if len(places) > MOST_PLACES:
            del places[next(iter(places))]
        if is_first or (last_at is not None and at - last_at < FORGET_S):
            return None
        move = Move(account, address, at)
        self.moves.append(move)
        return move
