"""`put_off.Shelf` as a file of lines, readable by its owner only: it holds what citizens said until it is applied."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import structlog

from callflow.service.put_off import Wish

log = structlog.get_logger(__name__)


class PutOffFile:
    """One file, removed when all of it is applied."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, wish: Wish) -> None:
        """See the port."""
        line = json.dumps(asdict(wish), ensure_ascii=False) + "\n"
        is_new = not self._path.exists()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            self._sync_folder()

    def all(self) -> list[Wish]:
        """See the port. Half a line is of a crash before the answer: nobody was told that it is kept."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        found = []
        for line in filter(None, lines):
            try:
                found.append(Wish(**json.loads(line)))
            except (ValueError, TypeError):
                log.error("a torn line of ticket writes is passed over", path=self._path.name)  # noqa: TRY400 - its text must not reach a log
        return found

    def clear(self) -> None:
        """See the port."""
        self._path.unlink(missing_ok=True)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
