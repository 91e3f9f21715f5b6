"""The site file (`asterisk-config/sites/*.toml`): what one platform is, whom it trusts, whom it can reach.

One file a site, read by the program, by the renderer of Asterisk's configuration and by `doctor`. There are no
defaults where trust is concerned: a missing field stops the start (architecture §6, Signalling).
`{net}` in an address stands for the first three octets of the lab's or the deployment's network.
"""

from __future__ import annotations

import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from callflow.domain.confidence import Viewer
from callflow.site_directory import Target
from callflow.site_keeping import Journal, Logs, Recording, Retention, Strict
from callflow.site_people import SEES_CONFIDENTIAL, AgentAccount, Code, Guard, Security, Supervision
from callflow.site_ticket_system import NoticeReceiver, TicketSystem
from callflow.site_trunks import TRUNK_SILENCE_S, Address, Carrier, Peer

PAGE_SILENCE_S = 4
"""A phone in a page speaks all the time; other phones have `agent_silence_s`."""


class SiteFileError(Exception):
    """The site file cannot be used; the message names the file, the field and the cure."""


class Platform(Strict):
    """The site itself. `short_numbers`: the service numbers a caller may dial to reach it."""

    id: Code
    name_zh: str
    name_en: str
    ticket_word: Literal["工单", "警单"]
    ticket_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    service_number: Code
    region: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]


class Addresses(Strict):
    """Where this site listens. SIP for agents and carriers is UDP 5060, the trunk is TLS 5061.

    `desk_host`: where the desk does, if not at `host`. Two platforms on one box share a host and need desks of two
    names: a browser gives a session's cookie to every port of the host that it has it from.
    """

    host: Address
    desk_host: Address | None = None
    http_port: int = Field(ge=1, le=65535)
    sip_port: int = 5060
    trunk_port: int = 5061
    ami_port: int = 5038
    agi_port: int = 4573
    exchange_port: int = 8443
    socket_port: int = 8088
    redis_port: int = 6379
    rtp_first: int = 10000
    rtp_last: int = 11999

    @property
    def rtp_middle(self) -> int:
        """The first port of the upper half of the audio ports, even: RTP takes even ports, RTCP the next."""
        return (self.rtp_first + self.rtp_last + 1) // 4 * 2

    @property
    def desk(self) -> str:
        """The address of the desk."""
        return self.desk_host or self.host

    @property
    def socket_host(self) -> str:
        """Where Asterisk takes SIP over WebSocket, from our own program only: always a loopback address."""
        return self.host if self.host.startswith("127.") else "127.0.0.1"


class Timing(Strict):
    """How long things may take, in seconds."""

    answer_limit_s: int = Field(default=20, ge=5, le=120)
    handover_grace_s: float = Field(default=3.0, ge=0, le=30)
    agent_ring_s: int = Field(default=15, ge=5, le=60)
    owner_limit_s: float = Field(default=60.0, ge=5)
    waiting_limit_s: int = Field(default=30, ge=5, le=120)
    callback_limit_s: int = Field(default=40, ge=5, le=120)
    consult_limit_s: int = Field(default=120, ge=10, le=600)
    agent_silence_s: int = Field(default=30, ge=4, le=300)


class Site(Strict):
    """A whole site file."""

    platform: Platform
    addresses: Addresses
    timing: Timing
    recording: Recording = Recording()
    journal: Journal = Journal()
    logs: Logs = Logs()
    retention: Retention = Retention()
    carrier: tuple[Carrier, ...]
    peer: tuple[Peer, ...]
    directory: tuple[Target, ...]
    agent: tuple[AgentAccount, ...]
    guard: Guard = Guard()
    security: Security = Security()
    ticket_system: TicketSystem | None = None
    notices: tuple[NoticeReceiver, ...] = ()
    supervision: Supervision = Supervision()

    @model_validator(mode="after")
    def _references_hold(self) -> Site:
        known = {p.id for p in self.peer} | {c.id for c in self.carrier}
        lost = [t.code for t in self.directory if {t.via, *(c.via for c in t.contacts)} - known]
        if lost:
            raise ValueError(f"directory entries {lost} name a `via` that is neither a peer nor a carrier")
        if self.ticket_system is not None and self.ticket_system.id in known | {self.platform.id}:
            raise ValueError("ticket_system.id is a platform's or a carrier's already")
        told = [one.id for one in self.notices]
        if len(set(told)) != len(told) or {*told} & (
            known | {self.platform.id, self.ticket_system and self.ticket_system.id}
        ):
            raise ValueError("notices: an id is there twice, or is a platform's, a carrier's or the ticket system's")
        if self.journal.keep_days > self.retention.numbers_days:
            raise ValueError("journal.keep_days is longer than retention.numbers_days, and the journal holds numbers")
        if 0 < self.retention.matters_days < self.recording.keep_days:
            raise ValueError("recording.keep_days is longer than retention.matters_days")
        codes = [t.code for t in self.directory]
        if len(set(codes)) != len(codes):
            raise ValueError("two directory entries have the same code")
        agents = [a.id for a in self.agent]
        if len(set(agents)) != len(agents):  # Asterisk would then load no SIP account at all
            raise ValueError("two agents have the same id")
        sent_by = {a.organisation for a in self.agent} - {None, self.platform.id} - {p.id for p in self.peer}
        if sent_by:
            raise ValueError(f"agents' organisation {sorted(map(str, sent_by))} is neither this platform nor a peer")
        try:
            _ = self.never_banned
        except ValueError as error:
            raise ValueError(f"carrier, peer or host: {error}; write its address, not its name") from error
        return self

    @property
    def never_banned(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Whose packets are always looked at: this site, its carriers and peers, the networks of `[guard]`."""
        own = (self.addresses.host, *((self.addresses.socket_host,) if self.has_browser_phones else ()))
        named = (*own, *(c.address for c in self.carrier), *(p.address for p in self.peer))
        return (*(ip_network(name) for name in named), *self.guard.never_ban)

    @property
    def has_browser_phones(self) -> bool:
        """Somebody's phone is in the desk's page, so Asterisk must take SIP over WebSocket."""
        return any(account.phone == "browser" for account in self.agent)

    @property
    def silence_s(self) -> dict[str, int]:
        """After how many seconds without audio a leg counts as dead, by endpoint; a carrier's leg never does."""
        trunks = {f"peer-{peer.id}{kind}": TRUNK_SILENCE_S for peer in self.peer for kind in ("", "-claimed")}
        in_page = {agent.id: PAGE_SILENCE_S for agent in self.agent if agent.phone == "browser"}
        return {agent.id: self.timing.agent_silence_s for agent in self.agent} | in_page | trunks

    @property
    def roles(self) -> list[tuple[str, str]]:
        """Each account's code and role."""
        return [(account.id, account.role) for account in self.agent]

    @property
    def guests(self) -> dict[str, str]:
        """Agents whom another platform has sent here, and which."""
        us = self.platform.id
        return {a.id: a.organisation for a in self.agent if a.organisation is not None and a.organisation != us}

    def signature(self, agent_id: str) -> str:
        """How an agent signs a step: his code, and behind a dot the platform that sent him here."""
        home = self.guests.get(agent_id)
        return agent_id if home is None else f"{agent_id}.{home}"

    def viewer(self, code: str) -> Viewer:
        """What of confidential tickets is there for this account; our own ticket system shows its key and sees all."""
        account = next((one for one in self.agent if one.id == code), None)
        if account is None:
            return Viewer(code, sees_all=self.is_ticket_system(code.partition(".")[0]))
        return Viewer(code, account.unit, sees_all=account.role in SEES_CONFIDENTIAL)

    def peer_of(self, peer_id: str) -> Peer | None:
        """The peer with this id, or None."""
        return next((p for p in self.peer if p.id == peer_id), None)

    def is_ticket_system(self, addressee: str) -> bool:
        """Whether this is our own ticket system, which is no peer and gets our own names."""
        return self.ticket_system is not None and self.ticket_system.id == addressee

    def hears(self, addressee: str) -> bool:
        """Whether this is somebody who is told by webhook: the ticket system, or a receiver of notices."""
        return self.is_ticket_system(addressee) or any(one.id == addressee for one in self.notices)

    def target_of(self, code: str) -> Target | None:
        """The directory entry with this code, or None."""
        return next((t for t in self.directory if t.code == code), None)


def load_site(path: Path, net: str) -> Site:
    """Read and check one site file; `net` replaces `{net}` in every address, such as "127.0.0".

    Raises:
        SiteFileError: the file is missing, is not TOML, or a field is missing, unknown or wrong.
    """
    try:
        text = path.read_text(encoding="utf-8").replace("{net}", net)
    except OSError as error:
        raise SiteFileError(f"{path.name}: cannot be read ({error.strerror}); name an existing site file") from error
    except UnicodeDecodeError as error:
        raise SiteFileError(f"{path.name}: not UTF-8 text; correct it in the site file") from error
    try:
        return Site.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SiteFileError(f"{path.name}: not valid TOML: {error}; correct it in the site file") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise SiteFileError(f"{path.name}: {where}: {first['msg']}; correct it in the site file") from error
