"""Where everything of the lab stands: one base number, two sites, loopback addresses and directories.

Two labs with different bases share nothing (architecture §6, Lab). Nothing here touches the disk.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agi.render import Place
from callflow.sitefile import Site, load_site

SITE_IDS = ("12345", "110")
ONE_BOX = "one-box"
"""The folder of its site files, and the mark in the state of a lab that was brought up so."""

ONE_BOX_ASKED = "CALLFLOW_ONE_BOX"
"""1 in the environment: every lab is laid out so, as by `up --one-box`."""

LONGEST_SOCKET_PATH = 90  # a Unix socket's path may have 107 bytes; Asterisk adds "/asterisk.ctl"


class LabError(Exception):
    """The lab cannot be brought up or taken down; the message names the cause and the cure."""


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One site of the lab."""

    site: Site
    site_file: Path
    state: Path
    keys: Path
    place: Place

    @property
    def id(self) -> str:
        """The platform."""
        return self.site.platform.id

    @property
    def host(self) -> str:
        """Its loopback address."""
        return self.site.addresses.host


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole lab. `home` is the project's root, `runtime` the private Asterisk and Redis."""

    base: int
    net: str
    home: Path
    runtime: Path
    state: Path
    sites: tuple[SitePlan, ...]
    program: tuple[str, ...] = ("callflow", "site")
    """The module, and its words, that runs as each site's program."""
    one_box: bool = False
    """Both platforms stand at one address."""

    @property
    def status_file(self) -> Path:
        """What `status --json` prints."""
        return self.state / "status.json"

    @property
    def keys(self) -> Path:
        """The lab's keys directory."""
        return self.state / "keys"


def plan_lab(
    base: int, *, state: Path | None = None, site_files: Path | None = None, one_box: bool | None = None
) -> Plan:
    """Lay out the lab with this base, 0 to 255; `state` and `site_files` name other folders than the usual ones.

    `one_box`: both platforms at one address (docs/one-box.md); None: as the environment says, else as the lab was last
    brought up.

    Raises:
        LabError: the base is out of range, or `./run` did not name the project and the runtime.
        SiteFileError: a site file cannot be used.
    """
    if not 0 <= base <= 255:  # noqa: PLR2004 - an octet of an IPv4 address
        raise LabError(f"--base {base}: choose a number from 0 to 255")
    try:
        home, runtime = Path(os.environ["CALLFLOW_HOME"]), Path(os.environ["CALLFLOW_RUNTIME"])
    except KeyError as missing:
        raise LabError(f"{missing.args[0]} is not set: start this through ./run") from missing
    net = f"127.0.{base}"
    state = state or state_home() / f"base{base}"
    if one_box is None:
        one_box = os.environ.get(ONE_BOX_ASKED) == "1" or (state / ONE_BOX).exists()
    folder = site_files or _site_files(home, one_box=one_box)
    sites = tuple(_plan_site(folder, runtime, state, site_id, base) for site_id in SITE_IDS)
    return Plan(base=base, net=net, home=home, runtime=runtime, state=state, sites=sites, one_box=one_box)


def state_home() -> Path:
    """The lab's state directory by the XDG rules."""
    stated = os.environ.get("XDG_STATE_HOME", "")
    return (Path(stated) if stated.startswith("/") else Path.home() / ".local" / "state") / "callflow"


def _plan_site(folder: Path, runtime: Path, state: Path, site_id: str, base: int) -> SitePlan:
    net = f"127.0.{base}"
    site_file = folder / f"{site_id}.toml"
    own = state / site_id
    run = own / "run"
    if len(str(run)) > LONGEST_SOCKET_PATH:
        run = Path("/tmp") / f"callflow-{os.getuid()}-{base}-{site_id}"  # noqa: S108 - made with mode 0700 below
    library = next(iter(sorted(runtime.glob("usr/lib/*-linux-gnu"))), runtime)
    place = Place(
        etc=own / "etc",
        var=own / "var",
        run=run,
        log=own / "log",
        journal=own / "journal",
        recordings=own / "recordings",
        music=own / "music",
        certs=state / "keys" / site_id,
        modules=library / "asterisk" / "modules",
        share=runtime / "usr" / "share" / "asterisk",
        guard=own / "guard",
    )
    return SitePlan(load_site(site_file, net), site_file, own, state / "keys", place)


def _site_files(home: Path, *, one_box: bool) -> Path:
    """The site files' folder; CALLFLOW_SITES names the very one to be used instead (a province's own)."""
    ours = home / "asterisk-config" / "sites"
    return Path(os.environ.get("CALLFLOW_SITES") or (ours / ONE_BOX if one_box else ours))
