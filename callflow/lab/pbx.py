"""One private Asterisk: its files written, started, and waited for until it takes calls."""

from __future__ import annotations

import fcntl
import math
import socket
import struct
import subprocess
import time
import wave
from collections.abc import Sequence
from pathlib import Path

from agi.render import Secrets, modules_of, render, write
from callflow.lab.keys import SiteKeys
from callflow.lab.plan import LabError, Plan, SitePlan
from callflow.lab.processes import Known

BOOT_LIMIT_S = 20.0
CONSOLE_LIMIT_S = 10.0
MUSIC_TONE_HZ = 1100  # the lab's music on hold is a tone, so that the simulator's ears know it
MUSIC_SECONDS = 10
SIOCGIFADDR = 0x8915  # Linux: an interface's IPv4 address


def write_configuration(plan: Plan, site: SitePlan, keys: SiteKeys) -> None:
    """Render this site's Asterisk and make the directories it needs. Repeatable."""
    place = site.place
    for folder in (place.var / "spool", place.var / "keys", place.log / "cdr-csv", place.log / "cel-custom"):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (place.run, place.journal, place.recordings, place.music, place.guard):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    secrets = Secrets(ami=keys.ami_secret, sip={name: agent.sip_password for name, agent in keys.agents.items()})
    files = render(
        site.site,
        place=place,
        secrets=secrets,
        config=plan.home / "asterisk-config",
        ami_from=(site.host, "127.0.0.1"),  # the kernel gives loopback callers this source address
        agi_host=site.host,
        ice_hosts=dict.fromkeys(own_addresses(), "127.0.0.1"),  # browsers of this machine; nothing leaves it
    )
    write(files, place.etc)
    write_music(place.music / "hold.wav")


def take_other_audio_ports(site: SitePlan) -> None:
    """Before each start: the half of the audio ports that the last life of this PBX did not use (rtp.conf says why)."""
    linked = site.place.var / "audio-ports.conf"
    half = "b" if linked.is_symlink() and linked.readlink().stem.endswith("-a") else "a"
    linked.unlink(missing_ok=True)
    linked.symlink_to(site.place.etc / f"audio-ports-{half}.conf")


def own_addresses() -> list[str]:
    """This machine's IPv4 addresses beyond loopback. Asterisk offers browsers these alone, never a loopback address."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                told = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue  # an interface without an IPv4 address
            found.append(socket.inet_ntoa(told[20:24]))
    return sorted(address for address in found if not address.startswith("127."))


def missing_modules(plan: Plan, site: SitePlan) -> list[str]:
    """The modules that the configuration loads and the runtime does not have."""
    wanted = modules_of(site.site, plan.home / "asterisk-config")
    return [name for name in wanted if not (site.place.modules / f"{name}.so").exists()]


def write_music(path: Path) -> None:
    """Write the lab's music on hold: a plain tone, 8 kHz mono."""
    if path.exists():
        return
    samples = (int(8000 * math.sin(2 * math.pi * MUSIC_TONE_HZ * i / 8000)) for i in range(8000 * MUSIC_SECONDS))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


def command(plan: Plan, site: SitePlan, *words: str) -> list[str]:
    """The command line of this site's Asterisk."""
    return [str(plan.runtime / "bin" / "asterisk"), "-C", str(site.place.etc / "asterisk.conf"), *words]


def confinement(plan: Plan, site: SitePlan) -> list[str]:
    """What this site's Asterisk may write and read, as words for `callflow.lab.confine`.

    Its configuration and its certificate it may only read; the other secrets of the keys directory not even that.
    """
    place = site.place
    own = (place.var, place.run, place.log, place.journal, place.recordings)
    given = (
        plan.runtime,
        place.etc,
        place.guard,
        place.music,
        *(place.certs / name for name in ("ca.crt", "tls.crt", "tls.key")),
    )
    return ["--write", *map(str, own), "--read", *map(str, given)]


def console(plan: Plan, site: SitePlan, line: str) -> str:
    """Run one line on the PBX's console and return what it prints ("" when it is not up, or hangs).

    Raises:
        LabError: the program is not there.
    """
    return _console(command(plan, site), line)


def _console(words: Sequence[str], line: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own binary, our own words
            [*words, "-rx", line], capture_output=True, text=True, timeout=CONSOLE_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    except OSError as error:
        raise LabError(f"Asterisk cannot be started ({error.strerror}); run ./run doctor") from error
    return done.stdout


def wait_booted(plan: Plan, site: SitePlan, process: Known) -> None:
    """Return when the PBX takes calls.

    Raises:
        LabError: it ended or did not come up in time; the message names its log.
    """
    wait_for_boot(command(plan, site), process, f"Asterisk of {site.id}", site.place.log / "asterisk.out")


def wait_for_boot(words: Sequence[str], process: Known, name: str, log: Path) -> None:
    """`wait_booted` for any Asterisk: its command line, its process, what to call it, where its last words are."""
    deadline = time.monotonic() + BOOT_LIMIT_S
    while time.monotonic() < deadline:
        if "fully booted" in _console(words, "core waitfullybooted"):
            return
        if not process.is_alive:
            break
        time.sleep(0.05)
    raise LabError(f"{name} did not come up; its last words are in {log}")
