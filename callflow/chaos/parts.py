"""What is broken now, and by which fault: one owner of each part's fate. Pure.

A part that a fault has broken is that fault's until it is whole again; no other fault touches it meanwhile. So a PBX
that is frozen is not killed before it moves again, and who kills it is the one who starts it.
"""

from __future__ import annotations

from typing import NamedTuple

from callflow.chaos.plan import Fault

LINK = "link"
"""In place of a site: what both platforms share is one part, whichever end a fault names."""


class Part(NamedTuple):
    """One program or line of one site, or the line between the two."""

    site: str
    name: str


class PartTakenError(Exception):
    """Another fault owns what this one would break; the message names both."""


BROKEN = {
    Fault.PROGRAM_KILLED: "python",
    Fault.PROGRAM_FROZEN: "python",
    Fault.AMI_CUT: "ami",
    Fault.AMI_HALF_OPEN: "ami",
    Fault.REDIS_GONE: "redis",
    Fault.FAR_PBX_KILLED: "asterisk",
    Fault.TRUNK_BLACK_HOLED: "asterisk",
    Fault.DATA_LINK_CUT: "exchange",
}
"""Which program or line a fault of a site breaks."""

SHARED = frozenset({"exchange"})
BETWEEN = {"ami": ("python", "asterisk")}
"""A line strikes nobody unless both its ends are whole."""


def part_of(fault: Fault, site: str) -> Part:
    """What this fault breaks."""
    name = BROKEN[fault]
    return Part(LINK if name in SHARED else site, name)


class Parts:
    """Who owns which part of a lab. Everything is whole at first."""

    def __init__(self) -> None:
        self._owners: dict[Part, Fault] = {}

    def is_broken(self, part: Part) -> bool:
        """Some fault owns it now."""
        return part in self._owners

    def is_free(self, fault: Fault, site: str) -> bool:
        """What this fault breaks is whole, and so is what it needs to be felt."""
        part = part_of(fault, site)
        needed = (part, *(Part(site, end) for end in BETWEEN.get(part.name, ())))
        return not any(one in self._owners for one in needed)

    def take(self, fault: Fault, site: str) -> Part:
        """This fault owns the part from now on, until `give_back`.

        Raises:
            PartTakenError: it is not free.
        """
        part = part_of(fault, site)
        if not self.is_free(fault, site):
            owners = ", ".join(f"{one.name} of {one.site}: {owner}" for one, owner in self._owners.items())
            raise PartTakenError(f"{fault} of {site} must wait; broken now: {owners}")
        self._owners[part] = fault
        return part

    def give_back(self, part: Part) -> None:
        """It is whole again."""
        del self._owners[part]
