"""Who may see a confidential ticket (保密, R-056): the one rule, for every way on which a ticket is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an account's code, the unit that it works for ("" for none), and whether its role sees every ticket."""

    code: str
    unit: str = ""
    sees_all: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """By which an insider is named."""
        return tuple(filter(None, (self.code, self.unit)))


def may_see(viewer: Viewer | None, *, confidential: bool, insiders: Collection[str]) -> bool:
    """Whether a ticket is there for him at all. None: nobody in particular, who sees what everybody sees."""
    if not confidential:
        return True
    return viewer is not None and (viewer.sees_all or not set(viewer.names).isdisjoint(insiders))


def insiders_text(insiders: Iterable[str]) -> str:
    """Accounts and units in one column: each between two blanks, so that it is found whole."""
    named = sorted({one for one in insiders if one})
    return f" {' '.join(named)} " if named else ""
