"""The live timeline: one line an event, readable aloud; colour only on a terminal."""

import sys
import unicodedata
from typing import TextIO

from softphone_sim.run.play import Result
from softphone_sim.run.stage import Entry

COLOURS = {"sip": "36", "desk": "35", "audio": "32", "fault": "31", "step": "34", "verdict": "1"}
WHO_WIDTH = 12


class Timeline:
    """Prints entries as they happen, with seconds since the first one."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._is_coloured = self._out.isatty()
        self._began_ns: int | None = None

    def title(self, text: str) -> None:
        """Begin a new script: its name, and the clock from zero."""
        self._began_ns = None
        self._print(f"\n{text}", "1")

    def show(self, entry: Entry) -> None:
        """One line: time, who, what."""
        if self._began_ns is None:
            self._began_ns = entry.time_ns
        seconds = (entry.time_ns - self._began_ns) / 1e9
        self._print(f"{seconds:8.3f}  {padded(entry.who, WHO_WIDTH)} {entry.what}", COLOURS.get(entry.kind, "0"))

    def verdict(self, result: Result) -> None:
        """The last line of a script."""
        if result.ok:
            self._print(f"PASSED  {result.name} ({result.seconds:.1f} s)", "32;1")
        else:
            self._print(f"FAILED  {result.name} ({result.seconds:.1f} s)\n        {result.failure}", "31;1")

    def _print(self, text: str, colour: str) -> None:
        coloured = f"\x1b[{colour}m{text}\x1b[0m" if self._is_coloured else text
        print(coloured, file=self._out, flush=True)


def padded(text: str, width: int) -> str:
    """Left-justified to columns; a Chinese character takes two."""
    columns = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return text + " " * max(0, width - columns)
