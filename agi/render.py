"""Asterisk's configuration for one site: the readable files of asterisk-config with the site's values filled in.

Promise: the same site, keys and places give the same bytes; a value that is missing stops the rendering (nothing is
ever rendered as an empty string). Values were checked at the border by `callflow.sitefile`; here they are refused
once more if they could break out of their line.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from callflow.site_directory import Contact, Target
    from callflow.sitefile import Site

CATCH_ALLS = tuple("[#-z]" * length for length in range(1, 16)) + tuple("X" * length for length in range(16, 25))
"""Whatever an agent's transfer key sends is caught, so that it never gets a 404: any printable text of up to 15
characters, any digits of up to 24. Fixed lengths, because `.` would let line breaks in; `[#-z]` rather than a longer
class, because a pattern may have 80 characters at most."""

SERVICE_NUMBERS = ("110", "119", "120", "122", "12345")
"""Never believed as a caller (requirement T-09)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one PBX keeps its things; all absolute."""

    etc: Path
    var: Path
    run: Path
    log: Path
    journal: Path
    recordings: Path
    music: Path
    certs: Path
    modules: Path
    share: Path
    guard: Path


@dataclass(frozen=True, slots=True)
class Secrets:
    """What was made by the keys step: the AMI secret and one SIP secret per agent."""

    ami: str
    sip: Mapping[str, str]


BROWSER_PHONE_MODULES = ("res_http_websocket", "res_pjsip_transport_websocket")
"""Loaded only where an agent's phone is in the desk's page: what is not loaded cannot be attacked."""

WIDEBAND, WIDEBAND_SOUND = "wideband.sln16", "\0" * 640
"""20 ms of silence at 16 kHz. Played to a recorder once, it makes it work at that rate: it resamples all linear
sound of 8 kHz (music, mixing bridges) and makes its A-law decoder anew after each piece of it.

It has to: Debian's `2016_opus_plc.patch` lets a decoder remember the RTP number of its last packet and throw away what
lies behind it, so the next talker, whose phone counts from elsewhere, is lost to the recorder in every second call.
"""

NO_HOP_LIMIT = 99
"""A line behind a carrier does not hand callers on to platforms."""


class RenderError(Exception):
    """A value cannot be written into Asterisk's configuration; the message names it."""


def render(
    site: Site,
    *,
    place: Place,
    secrets: Secrets,
    config: Path,
    ami_from: tuple[str, ...],
    agi_host: str,
    ice_hosts: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return file name -> text for one site. `config` is the asterisk-config folder; writes nothing.

    `ice_hosts`: which address of this machine is offered to browsers as which (ICE host candidates).

    Raises:
        RenderError: a value holds a line break, or a template names a value that does not exist.
    """
    values: dict[str, Any] = {
        "site": site,
        "place": {name: str(path) for name, path in asdict(place).items()},
        "secret": secrets,
        "modules": modules_of(site, config),
        "ami_from": ami_from,
        "agi_host": agi_host,
        "service_numbers": SERVICE_NUMBERS,
        "catch_alls": CATCH_ALLS,
        "targets": [_dialled(site, target, target) for target in site.directory],
        "invitations": [
            {"exten": target.code if nth == 0 else f"{target.code}*{nth}", **_dialled(site, target, line)}
            for target in site.directory
            for nth, line in enumerate(_lines(target))
        ],
        "danger_target": danger_target(site),
        "ice_hosts": dict(ice_hosts or {}),
        "one_key_target": one_key_target(site),
        "never_banned": [str(network) for network in site.never_banned],
    }
    _refuse_line_breaks(values["place"])
    environment = Environment(
        loader=FileSystemLoader(config),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - these are .conf files; every value was checked by the site file's patterns
    )
    files: dict[str, str] = {}
    for folder, prefix in (("conf", ""), ("dialplan", "dialplan/")):
        for template in sorted((config / folder).glob("*.j2")):
            files[prefix + template.name.removesuffix(".j2")] = environment.get_template(
                f"{folder}/{template.name}"
            ).render(values)
    if site.recording.enabled:
        files[WIDEBAND] = WIDEBAND_SOUND
    return files


def write(files: Mapping[str, str], etc: Path) -> None:
    """Put rendered files in place, readable by the owner only (they hold secrets)."""
    (etc / "dialplan").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = etc / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def module_list(config: Path) -> list[str]:
    """The modules that Asterisk loads, in order, from modules.list."""
    lines = (config / "conf" / "modules.list").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def modules_of(site: Site, config: Path) -> list[str]:
    """What this site's Asterisk loads."""
    return [*module_list(config), *(BROWSER_PHONE_MODULES if site.has_browser_phones else ())]


def one_key_target(site: Site) -> str:
    """The other platform: where the one key and *5 lead."""
    return next(t.code for t in site.directory if t.sort == "platform")


def danger_target(site: Site) -> str:
    """110's directory code, or "" at 110 itself (requirement R-008)."""
    return "" if site.platform.id == "110" else next((t.code for t in site.directory if t.code == "110"), "")


def _lines(target: Target) -> list[Target | Contact]:
    """The entry's own line, then its duty phones."""
    return [target, *target.contacts]


def _dialled(site: Site, target: Target, called: Target | Contact) -> dict[str, object]:
    """How an entry, or one of its duty phones, is dialled: trunk, whose number, codes that mean it was refused.

    `own_number`: "always" ours, "claimed" ours unless the network vouches for the caller's (a carrier is never given
    somebody's mere word: requirement L1), "never" ours (a platform sees the claim for what it is).
    """
    peer = site.peer_of(called.via)
    line = peer or next(carrier for carrier in site.carrier if carrier.id == called.via)
    own_number = "always" if line.send_identity == "never" else ("never" if peer else "claimed")
    codes = "|".join(str(code) for code in line.number_refused_codes)
    return {
        "code": target.code,
        "dial": called.dial,
        "platform": peer.id if peer else "none",
        "trunk": f"peer-{peer.id}" if peer else f"{line.id}{'' if own_number == 'always' else '-named'}",
        "claimed_trunk": f"peer-{peer.id}-claimed" if peer else line.id,
        "own_number": own_number,
        "linked": peer is not None or line.send_identity == "always",
        "refusal": f"^({codes})$" if codes else "^$",
        "max_hops": peer.max_hops if peer else NO_HOP_LIMIT,
    }


def _refuse_line_breaks(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if any(mark in value for mark in "\r\n;"):
            raise RenderError(f"{name}: {value!r} holds a line break or a semicolon; choose another directory")
