"""What `./run status --json` says: the two sites, their accounts, the carrier's addresses."""

import ipaddress
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class LabError(Exception):
    """The lab's status cannot be used; the text names the cause and the cure."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AgentAccount(_Part):
    """One seat: its phone account and its desk account."""

    id: str
    sip_user: str
    sip_password: str
    desk_user: str
    desk_password: str


class Pids(_Part):
    """Processes of a site, for faults; empty where they are not ours to see (containers)."""

    python: tuple[int, ...] = ()
    asterisk: int | None = None


class Site(_Part):
    """One platform."""

    id: str
    sip: str
    http: str
    ami: str = ""
    pids: Pids = Pids()
    agents: tuple[AgentAccount, ...]


class Carrier(_Part):
    """From where a call counts as the carrier's, from where as a stranger's, and what each number dials."""

    trusted: tuple[str, ...] = Field(min_length=1)
    untrusted: tuple[str, ...] = ()
    dial: dict[str, str]


class Lab(_Part):
    """A running lab."""

    base: int = 0
    sites: tuple[Site, ...]
    carrier: Carrier

    def site(self, platform: str) -> Site:
        """The site of that id.

        Raises:
            LabError: there is none.
        """
        found = next((site for site in self.sites if site.id == platform), None)
        if found is None:
            raise LabError(f"no platform {platform!r} in the lab; it has {', '.join(s.id for s in self.sites)}")
        return found

    def seat(self, platform: str, seat: int) -> AgentAccount:
        """The account of a seat, counted from 1.

        Raises:
            LabError: the site has no such seat.
        """
        agents = self.site(platform).agents
        if not 1 <= seat <= len(agents):
            raise LabError(f"platform {platform} has seats 1 to {len(agents)}, not {seat}")
        return agents[seat - 1]

    def seat_of(self, platform: str, desk_user: str) -> int:
        """The number of an account's seat, counted from 1.

        Raises:
            LabError: the site has no such account.
        """
        agents = self.site(platform).agents
        for number, account in enumerate(agents, 1):
            if account.desk_user == desk_user:
                return number
        raise LabError(f"platform {platform} has {', '.join(one.desk_user for one in agents)}, not {desk_user}")


def read_lab(path: Path) -> Lab:
    """Read a status document.

    Raises:
        LabError: it is missing, no JSON, or not a lab's status.
    """
    try:
        return Lab.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as why:
        raise LabError(f"{path}: {why.strerror}; write it with ./run status --json > {path}") from why
    except ValueError as why:
        detail = why.errors()[0] if isinstance(why, ValidationError) else {"loc": (), "msg": str(why)}
        where = ".".join(map(str, detail["loc"])) or "the document"
        raise LabError(f"{path}: {where}: {detail['msg']}; it must be what ./run status --json prints") from why


def can_bind(address: str) -> bool:
    """Whether a phone may stand at this address here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


def own_address_towards(host: str) -> str:
    """The address this machine would use to reach a host (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))
        return str(probe.getsockname()[0])


def host_of(place: str) -> str:
    """The host of `ip:port`, `sip:user@ip:port` or a URL."""
    bare = place.partition("@")[2] or place.removeprefix("sip:")
    return urlsplit(bare if "//" in bare else f"//{bare}").hostname or bare


def addresses_of(text: str) -> tuple[str, ...]:
    """`a,b,c` and `127.0.9.41-79` (last octet) as a list.

    Raises:
        LabError: a part is no IPv4 address or range.
    """
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        try:
            start = ipaddress.IPv4Address(first)
            count = int(last or first.rsplit(".", 1)[1]) - int(first.rsplit(".", 1)[1]) + 1
        except ValueError as why:
            raise LabError(f"{part!r} is no address: write 172.28.5.20 or 127.0.9.41-79") from why
        found += [str(start + step) for step in range(count)]
    return tuple(found)
