"""The guard (`python -m callflow guard`): a process of its own beside each Asterisk, as the same user, without root.

It follows Asterisk's security log, decides by `callflow.domain.bans`, and has Asterisk refuse the source. The site's
program has no part in it: dead or hung, the guard goes on; the guard dead, calls go on and the bans of now stand.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import structlog
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from callflow.domain.bans import WINDOW_S, Ban, Network, Seen, Watch
from callflow.domain.phones import Phones
from callflow.guard.memory import asked_to_lift, read_memory, write_memory
from callflow.guard.security_log import Unreadable, read_line
from callflow.guard.shelf import Shelf
from callflow.guard.tail import LogTail, Place, lines_of
from callflow.guard.wall import Wall, WallDown
from callflow.logs import log_json
from callflow.site_keeping import Logs
from callflow.sitefile import SiteFileError, load_site

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.25
RELOAD_EVERY_S = 1.0
"""At most so often is Asterisk told, however many sources an attacker invents."""

REPORT_EVERY_S = 5.0
SPARED_EVERY_S = 60.0
SAY_AT_MOST = 10
"""Bans told one by one in a round; the others as a number."""

MOST_CHUNKS = 8
"""Read in one round: 2 MB of log, some four thousand events; then lifting and ending have their turn."""


MB = 1 << 20
FORGET_EVERY_S = 3600.0


class GuardSettings(BaseSettings):
    """What the guard is told by its environment (`CALLFLOW_…`)."""

    model_config = SettingsConfigDict(env_prefix="CALLFLOW_", frozen=True)

    site_file: Path
    net: str = "127.0.0"
    guard_dir: Path = Field(description="its memory, and the list that Asterisk includes")
    security_log: Path = Field(description="Asterisk's security log, in JSON")
    pbx_control: Path = Field(description="Asterisk's control socket, asterisk.ctl")


class Guard:
    """One round after the other; `look` is one of them. Nothing else runs in this process."""

    def __init__(
        self,
        settings: GuardSettings,
        never: tuple[Network, ...],
        accounts: frozenset[str] = frozenset(),
        shelf: Shelf | None = None,
    ) -> None:
        self._folder = settings.guard_dir
        self._watch, self._phones = Watch(never), Phones(accounts)
        self._wall = Wall(settings.guard_dir / "bans.conf", settings.pbx_control)
        before = read_memory(self._folder)
        if before is not None:
            self._watch.bans = {ban.address: ban for ban in before.bans if not self._watch.is_spared(ban.address, 0)}
            self._watch.former = {ban.address: ban for ban in before.former}
            self._watch.known = dict(before.known)
            self._phones.places = {account: dict(places) for account, places in before.places.items()}
            self._phones.moves.extend(before.moves)
            self._watch.made, self._watch.spared = Counter(before.made), Counter(before.spared)
        self._unreadable = before.unreadable if before else 0
        self._shelf = shelf or shelf_of(settings.security_log.parent, settings.pbx_control, Logs())
        self._forgot_at, self._shelf_fault = 0.0, ""
        self._tail = LogTail(settings.security_log, before.place if before else Place())
        self._fault = ""
        self._is_up = False
        """Whether Asterisk refuses exactly whom we have banned."""
        self._told_at = self._written_at = self._spared_told_at = 0.0
        self._spared_told = self._watch.spared.total()

    def look(self, now: float) -> None:
        """Read what is new, let in whose time is up, tell Asterisk, write the memory."""
        log_fault = self._read(now)
        self._keep_logs_small(now)
        for address in asked_to_lift(self._folder):
            lifted = self._watch.lift(address)
            self._is_up = self._is_up and lifted is None
            log.info("lifted", source=str(address), was_banned=lifted is not None)
        for ban in self._watch.pass_time(now):
            self._is_up = False
            log.info("let in again", source=str(ban.address))
        self._tell_spared(now)
        before = self._fault
        if not self._is_up and now - self._told_at >= RELOAD_EVERY_S:
            self._told_at = now
            self._fault = self._put_up()
        self._fault = log_fault or ("" if self._is_up else self._fault)
        if self._fault != before and self._fault:
            log.error("attackers are not refused", why=self._fault)
        if now - self._written_at >= (RELOAD_EVERY_S if not self._is_up or self._fault != before else REPORT_EVERY_S):
            self._write(now)

    def _keep_logs_small(self, now: float) -> None:
        try:
            aside = self._shelf.tidy()
            if now - self._forgot_at >= FORGET_EVERY_S:
                self._forgot_at = now
                aside += self._shelf.forget(now)
        except (OSError, WallDown) as error:
            if str(error) != self._shelf_fault:
                log.error("Asterisk's files cannot be kept small", why=str(error))  # noqa: TRY400
            self._shelf_fault = str(error)
        else:
            self._shelf_fault = ""
            if aside:
                log.info("Asterisk's files put aside or forgotten", files=aside)

    def close(self, now: float) -> None:
        """Write the memory and let go of the log."""
        self._write(now)
        self._tail.close()

    def _read(self, now: float) -> str:
        """See every new line; why the log cannot be read, or ""."""
        made: list[Ban] = []
        try:
            for line in lines_of(self._tail, MOST_CHUNKS):
                try:
                    seen = read_line(line)
                except Unreadable:
                    self._unreadable += 1
                    continue
                if seen is None or (seen.reason and seen.at < now - WINDOW_S):
                    continue  # nothing, or long ago: read late, after a restart
                self._see_phone(seen)
                ban = self._watch.see(seen)
                if ban:
                    made.append(ban)
        except OSError as error:
            return f"the security log cannot be read ({error.strerror}); the guard must be Asterisk's own user"
        finally:
            self._tell(made)
        return ""

    def _see_phone(self, seen: Seen) -> None:
        move = self._phones.see(seen.account, seen.address, seen.at) if seen.account else None
        if move is not None:
            self._written_at = 0.0  # the site's program learns it at once, and tells the agent
            log.warning("an agent's account is used from a new address", account=move.account, source=str(move.address))

    def _tell(self, made: Iterable[Ban]) -> None:
        told = list(made)
        self._is_up = self._is_up and not told
        for ban in told[:SAY_AT_MOST]:
            log.warning(
                "banned",
                source=str(ban.address),
                reason=ban.reason.value,
                for_s=round(ban.until - ban.since),
                times=ban.times,
            )
        if told[SAY_AT_MOST:]:
            log.warning("banned more", sources=len(told) - SAY_AT_MOST)

    def _tell_spared(self, now: float) -> None:
        spared = self._watch.spared.total()
        if spared > self._spared_told and now - self._spared_told_at >= SPARED_EVERY_S:
            log.warning(
                "addresses that are never banned behave like an attacker's: forged packets, or a phone gone wrong",
                times=spared - self._spared_told,
            )
            self._spared_told, self._spared_told_at = spared, now

    def _put_up(self) -> str:
        try:
            self._wall.put_up(self._watch.bans)
        except WallDown as error:
            return str(error)
        self._is_up = True
        self._written_at = 0.0  # whoever looks at us learns it at once
        return ""

    def _write(self, now: float) -> None:
        self._written_at = now
        try:
            write_memory(
                self._folder,
                self._watch,
                self._phones,
                at=now,
                fault=self._fault,
                unreadable=self._unreadable,
                place=self._tail.place,
            )
        except OSError as error:
            log.error("the guard's memory cannot be written; free the disk", why=error.strerror)  # noqa: TRY400


def shelf_of(folder: Path, control: Path, logs: Logs) -> Shelf:
    """Asterisk's log folder, kept as the site file says."""
    return Shelf(folder, control, logs.rotate_mb * MB, logs.keep_files, logs.keep_days)


def serve() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. What stops the start is one sentence on stderr."""
    log_json()
    try:
        settings = GuardSettings()
        site = load_site(settings.site_file, settings.net)
        settings.guard_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        shelf = shelf_of(settings.security_log.parent, settings.pbx_control, site.logs)
        guard = Guard(settings, site.never_banned, frozenset(one.id for one in site.agent), shelf)
    except ValidationError as error:
        missing = ", ".join("CALLFLOW_" + str(one["loc"][0]).upper() for one in error.errors())
        return _refuse(f"settings missing or wrong: {missing}; ./run up sets them, or see callflow/guard/program.py")
    except (SiteFileError, OSError) as error:
        return _refuse(str(error))
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    log.info("guard on duty", site=site.platform.id)
    while not told_to_end.wait(LOOK_EVERY_S):
        guard.look(time.time())
    guard.close(time.time())
    return 0


def _refuse(message: str) -> int:
    sys.stderr.write(f"callflow guard: {message}\n")
    return 1
