"""What is asked of the classifier about a call, and what it says: advice, never an order (requirement R-083)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from callflow.domain.names import CallId


@dataclass(frozen=True, slots=True)
class EarlierMatter:
    """An earlier ticket of the same number."""

    hours_ago: float
    danger: bool


@dataclass(frozen=True, slots=True)
class Words:
    """All words of a call so far, with what is known besides them."""

    call_id: CallId
    text: str
    danger: bool
    """A human has said danger: no advice lowers it."""
    denied: bool = False
    """The agent has looked at the machine's alarm and says that there is no danger."""
    place: str = ""
    """Where the caller is, in words."""
    earlier: tuple[EarlierMatter, ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """A suggestion in the contract's form (architecture §6, Classifier), and reasons for the agent."""

    suggestion: Mapping[str, Any]
    reasons: Sequence[Mapping[str, str]] = ()
    """`{zh, en, rule}`, the weightiest first."""


class Suggest(Protocol):
    """The classifier's door."""

    async def __call__(self, words: Words) -> Advice | None:
        """Advice on these words; None while it is away. The same words give the same advice within a call."""
