"""Asterisk's own files, kept small: a full one is put aside, so that neither a flood nor the years fill the disk.

Asterisk opens CDR and CEL for every line, so a renaming loses none (22.10.1: `cdr_csv`, `cel_custom`). Its logs stay
open and are begun anew when it is told to. In containers `full` is a link to the engine's log, which rotates itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from callflow.guard.wall import tell

DAY_S = 86_400.0
STAYS_OPEN = ("security", "full")
OPENED_EVERY_TIME = ("cdr-csv/Master.csv", "cel-custom/cel.csv")
REOPEN = "logger reload"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The log folder of one Asterisk: of each file at most `old` whole ones, none older than `keep_days`."""

    folder: Path
    control: Path
    most_bytes: int
    old: int
    keep_days: int

    def tidy(self) -> list[str]:
        """Put aside what is full; its names.

        Raises:
            OSError, WallDown: a file could not be renamed, or Asterisk not be told; the next call tries again.
        """
        full = [name for name in (*STAYS_OPEN, *OPENED_EVERY_TIME) if self._is_full(self.folder / name)]
        for name in full:
            self._put_aside(self.folder / name)
        if any(self._is_unbegun(self.folder / name) for name in STAYS_OPEN):
            tell(self.control, REOPEN, says=False)
        return full

    def forget(self, now: float) -> list[str]:
        """Delete what is too old; its names. Raises OSError."""
        gone = [
            path
            for name in (*STAYS_OPEN, *OPENED_EVERY_TIME)
            for path in self._aside(self.folder / name)
            if path.stat().st_mtime < now - self.keep_days * DAY_S
        ]
        for path in gone:
            path.unlink()
        return [path.name for path in gone]

    def _is_full(self, path: Path) -> bool:
        return path.exists() and not path.is_symlink() and path.stat().st_size >= self.most_bytes

    def _is_unbegun(self, path: Path) -> bool:
        """Asterisk still writes into the one that was put aside."""
        return not path.exists() and path.with_name(f"{path.name}.1").exists()

    def _put_aside(self, path: Path) -> None:
        for number in range(self.old, 1, -1):
            older = path.with_name(f"{path.name}.{number - 1}")
            if older.exists():
                older.replace(path.with_name(f"{path.name}.{number}"))
        path.replace(path.with_name(f"{path.name}.1"))

    def _aside(self, path: Path) -> Iterator[Path]:
        return (one for one in path.parent.glob(f"{path.name}.*") if one.suffix[1:].isdigit())
