"""Messages as signed files, for a gateway between two networks that lets only files pass (R-050, R-061).

Two folders a peer: what we put `out` and what the gateway brings `into`. In each:

    messages/<incident>-<seq>-<message id>.jws     the message as its issuer signed it
    answers/<message id>.jws                       its receipt or its refusal, signed
    answers/state-<nnnn>.jws                       what was taken so far, a page each (R-049)

A file appears whole (written under another name, then renamed) and may come late, twice, in any order or not at all.
Whoever takes a file removes it; a message leaves `out` at the latest with its receipt.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from callflow.service.exchange import PeerAway, either
from callflow.service.inflow import log_refused
from callflow.service.signatures import Refusal, Refused, check_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callflow.domain.names import IncidentId, SiteId
    from callflow.service.exchange import Unsent
    from callflow.service.inflow import Inflow
    from callflow.service.outflow import Outflow

MESSAGES, ANSWERS = "messages", "answers"
MESSAGE_NAME: Final = re.compile(r"([0-9A-Z]{26})-(\d{6,})-([0-9A-Z]{26})\.jws")
ANSWER_NAME: Final = re.compile(r"([0-9A-Z]{26}|state-\d{4})\.jws")

LOOK_EVERY_S: Final = 0.25
WRITE_AGAIN_S: Final = 900.0
"""A message without an answer is put out again so late: a gateway may hold files for a long time."""

SILENCE_S: Final = 1200.0
"""Without any answer for so long, health says so."""

STATE_EVERY_S: Final = 3600.0
GAP_PATIENCE_S: Final = 30.0
"""How long a file that came too early waits for those before it, until they are asked for."""

SETTLE_S: Final = 5.0
"""A file that is not whole may still be on its way: a gateway need not rename as we do."""

WINDOW: Final = 2000
"""Messages that may be under way at once; with a receipt after a minute, thirty a second."""

log = structlog.get_logger(__name__)


class FilesOut:
    """Our messages into a folder, and the peer's answers out of another. Order is the receiver's business."""

    cause: str | None = None

    def __init__(self, outflow: Outflow, out: Path, into: Path) -> None:
        self.peer, self._outflow = outflow.peer, outflow
        self._messages, self._answers = out / MESSAGES, into / ANSWERS
        self._written: dict[str, tuple[IncidentId, float]] = {}
        self._bell = outflow.bell.listen()
        self._heard_at = time.monotonic()

    async def round(self) -> None:
        """See the port."""
        self._bell = self._outflow.bell.listen()
        await self._read_answers()
        waiting = await self._outflow.waiting(WINDOW)
        now, under_way = time.monotonic(), {message.message_id for message in waiting}
        if not waiting:
            self._heard_at = now
        self._written = {name: put for name, put in self._written.items() if name in under_way}
        for message in waiting:
            _, put_at = self._written.get(message.message_id, ("", float("-inf")))
            if now - put_at >= WRITE_AGAIN_S:
                await asyncio.to_thread(put, self._messages / name_of(message), self._outflow.text(message))
                self._written[message.message_id] = (message.incident_id, now)
        if now - self._heard_at > SILENCE_S:
            raise PeerAway(f"no answer for {now - self._heard_at:.0f} s; does the gateway run?")

    async def rest(self) -> None:
        """See the port."""
        await either(self._bell, LOOK_EVERY_S)

    async def _read_answers(self) -> None:
        for path in await asyncio.to_thread(whole_files, self._answers, ANSWER_NAME):
            try:
                text = await asyncio.to_thread(read, path)
                if path.name.startswith("state-"):
                    await self._outflow.compared(text)
                    self._written.clear()  # what shall go again goes now
                elif (incident_id := await self._outflow.answered(text)) is not None:
                    self._written = {name: put for name, put in self._written.items() if put[0] != incident_id}
            except Refused as refused:
                if not is_settled(path):
                    continue
                log.warning("exchange answer refused", code=refused.code, why=refused.why, peer=self.peer)
            self._heard_at = time.monotonic()
            await asyncio.to_thread(remove, path)
            await asyncio.to_thread(self._withdraw, path.stem)

    def _withdraw(self, message_id: str) -> None:
        """The gateway copies instead of moving, or never came: what is answered need not lie there any more."""
        for path in self._messages.glob(f"*-{message_id}.jws"):
            remove(path)


class FilesIn:
    """A peer's messages out of a folder, and our answers into another."""

    cause: str | None = None

    def __init__(self, peer: SiteId, inflow: Inflow, out: Path, into: Path) -> None:
        self.peer, self._inflow = peer, inflow
        self._messages, self._answers = into / MESSAGES, out / ANSWERS
        self._state_at = 0.0
        self._early: dict[str, float] = {}

    async def round(self) -> None:
        """See the port."""
        if time.monotonic() >= self._state_at:
            await self._write_state()
            self._state_at = time.monotonic() + STATE_EVERY_S
        waiting = await asyncio.to_thread(whole_files, self._messages, MESSAGE_NAME)
        names = {path.name for path in waiting}
        self._early = {name: since for name, since in self._early.items() if name in names}
        by_incident: defaultdict[str, list[Path]] = defaultdict(list)
        for path in waiting:
            by_incident[path.name[:26]].append(path)
        for paths in by_incident.values():
            await self._take_incident(paths)

    async def rest(self) -> None:
        """See the port."""
        await asyncio.sleep(LOOK_EVERY_S)

    async def _take_incident(self, paths: list[Path]) -> None:
        """In the order of their numbers; after one that came too early the others are early, too."""
        for path in paths:
            try:
                text = await asyncio.to_thread(read, path)
                answer = await self._inflow.take_dropped(text, self.peer)
            except Refused as refused:
                if self._may_still_come_right(path, refused):
                    return
                log_refused(refused, self.peer, path.name)
                answer = self._inflow.refusal(_message_id(path), refused, self.peer)
            self._early.pop(path.name, None)
            await asyncio.to_thread(put, self._answers / f"{_message_id(path)}.jws", answer)
            await asyncio.to_thread(remove, path)

    def _may_still_come_right(self, path: Path, refused: Refused) -> bool:
        if refused.code is Refusal.GAP:
            since = self._early.setdefault(path.name, time.monotonic())
            return time.monotonic() - since < GAP_PATIENCE_S
        return refused.code in (Refusal.MALFORMED, Refusal.SIGNATURE) and not is_settled(path)

    async def _write_state(self) -> None:
        after: str | None = ""
        page = 0
        while after is not None:
            token, after = await self._inflow.state(self.peer, after)
            await asyncio.to_thread(put, self._answers / f"state-{page:04d}.jws", token)
            page += 1


def name_of(message: Unsent) -> str:
    """The file of a message: sorted by name, an incident's are in order."""
    return f"{message.incident_id}-{message.seq:06d}-{message.message_id}.jws"


def whole_files(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """The files of this sort, in order; what is named otherwise is not ours. Raises PeerAway."""
    with _folder_trouble(folder):
        return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))


def read(path: Path) -> str:
    """A signed text. Raises Refused, or PeerAway when it cannot be read now."""
    with _folder_trouble(path.parent):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise Refused(Refusal.MALFORMED, "not a file")
            check_size(about.st_size)
            octets = file.read()
    try:
        return octets.decode("ascii")
    except UnicodeDecodeError as error:
        raise Refused(Refusal.MALFORMED, "not a JWS") from error


def put(path: Path, text: str) -> None:
    """Let a file appear whole, and be there after a power cut. Raises PeerAway."""
    with _folder_trouble(path.parent):
        unfinished = path.with_name(f".{path.name}.part")
        with unfinished.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)


def remove(path: Path) -> None:
    """Take a file away; it may be gone already. Raises PeerAway."""
    with _folder_trouble(path.parent):
        path.unlink(missing_ok=True)


def is_settled(path: Path) -> bool:
    """Whether nobody has written to it for a while."""
    try:
        return time.time() - path.stat(follow_symlinks=False).st_mtime > SETTLE_S
    except OSError:
        return True


def _message_id(path: Path) -> str:
    return path.stem.rpartition("-")[2]


@contextmanager
def _folder_trouble(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except FileNotFoundError:
        raise PeerAway(f"{folder}: a file was taken away meanwhile") from None
    except OSError as error:
        raise PeerAway(f"{folder}: {error.strerror}; let the gateway and this program write there") from error
