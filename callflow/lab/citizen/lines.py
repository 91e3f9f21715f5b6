"""Where the citizen's part of the lab stands, and which lines he may call from. Nothing here touches the disk.

The lab's alone, and no part of a site: whoever can reach it calls both hotlines under a number of his choice, without
signing in, and both platforms believe that number, because it comes from a trusted carrier's address. So it is on
loopback or it does not start, and no site file can name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from callflow.lab.plan import LONGEST_SOCKET_PATH, LabError, Plan

SIP_PORT: Final = 5066  # 5060 of this address is the simulator's, who may play 119 there
SOCKET_PORT: Final = 8088
PAGE_PORT: Final = 8020
RTP_PORTS: Final = (12000, 12199)


@dataclass(frozen=True, slots=True)
class Line:
    """A subscriber's line of the carrier. `withheld`: his number crosses marked as not to be shown."""

    number: str
    withheld: bool = False


LINES: Final = (
    Line("13800138021"),
    Line("13900139022"),
    Line("02886001234"),
    Line("13700137023", withheld=True),
)


@dataclass(frozen=True, slots=True)
class Place:
    """The carrier and the page of one lab. `platforms`: what may be dialled, and where that platform takes calls."""

    host: str
    own: Path
    run: Path
    platforms: tuple[tuple[str, str], ...]

    @property
    def url(self) -> str:
        """The page."""
        return f"http://{self.host}:{PAGE_PORT}"


def place_of(plan: Plan) -> Place:
    """Lay the citizen's part out, at the first carrier whom the platforms trust.

    Raises:
        LabError: that carrier is not on loopback, or none is trusted.
    """
    trusted = [carrier.address for carrier in plan.sites[0].site.carrier if carrier.trusted]
    if not trusted:
        raise LabError(
            "the citizen's page needs a carrier that the site file trusts; name one, or play with a SIP phone"
        )
    refuse_beyond_loopback(trusted[0])
    own = plan.state / "citizen"
    run = own / "run"
    if len(str(run)) > LONGEST_SOCKET_PATH:
        run = plan.sites[0].place.run.parent / f"{plan.sites[0].place.run.name}-citizen"
    platforms = tuple(
        (site.site.platform.service_number, f"{site.host}:{site.site.addresses.sip_port}") for site in plan.sites
    )
    return Place(trusted[0], own, run, platforms)


def refuse_beyond_loopback(host: str) -> None:
    """Keep the citizen's page to this machine.

    Raises:
        LabError: others could reach it there, and call under anybody's number.
    """
    if not ip_address(host).is_loopback:
        raise LabError(
            f"the citizen's page lets anybody call under any number: not at {host}, only in the lab on loopback"
        )
