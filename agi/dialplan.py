"""A rendered dialplan as data: contexts, extensions, steps. Enough of extensions.conf(5) to check our own files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_CONTEXT = re.compile(r"^\[([A-Za-z0-9_-]+)\]")
_EXTEN = re.compile(r"^exten\s*=>\s*(\S+?),(.*)$")
_SAME = re.compile(r"^\s*same\s*=>\s*(.*)$")
_STEP = re.compile(r"^(\d+|n)(?:\((\w+)\))?,(\w+)\((.*)\)$")


class DialplanError(Exception):
    """A line cannot be read; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Step:
    """One application call. `where` is "file:line" for messages."""

    where: str
    priority: int
    label: str
    app: str
    args: str


@dataclass(slots=True)
class Dialplan:
    """Contexts -> extensions -> steps, in order."""

    contexts: dict[str, dict[str, list[Step]]] = field(default_factory=dict)

    def steps(self) -> Iterator[tuple[str, str, Step]]:
        """Every step with its context and extension."""
        for context, extensions in self.contexts.items():
            for exten, steps in extensions.items():
                for step in steps:
                    yield context, exten, step

    def has(self, context: str, exten: str, priority: str) -> bool:
        """Whether a jump to this place lands somewhere."""
        steps = self.contexts.get(context, {}).get(exten, [])
        return any(priority in (str(step.priority), step.label) for step in steps)


def read_dialplan(files: Mapping[str, str]) -> Dialplan:
    """Read the rendered dialplan/*.conf files.

    Raises:
        DialplanError: a line is neither blank, comment, context, exten nor same.
    """
    plan = Dialplan()
    for name, text in sorted(files.items()):
        context: dict[str, list[Step]] | None = None
        steps: list[Step] = []
        for number, raw in enumerate(text.splitlines(), start=1):
            line, where = _without_comment(raw).rstrip(), f"{name}:{number}"
            if not line.strip():
                continue
            if found := _CONTEXT.match(line):
                context = plan.contexts.setdefault(found[1], {})
                steps = []
            elif (found := _EXTEN.match(line)) and context is not None:
                steps = context.setdefault(found[1], [])
                steps.append(_step(found[2], steps, where))
            elif found := _SAME.match(line):
                steps.append(_step(found[1], steps, where))
            else:
                raise DialplanError(f"{where}: not a dialplan line: {line.strip()[:60]!r}")
    return plan


def _step(text: str, before: list[Step], where: str) -> Step:
    found = _STEP.match(text.strip())
    if not found:
        raise DialplanError(f"{where}: not `priority,Application(arguments)`: {text.strip()[:60]!r}")
    priority = before[-1].priority + 1 if found[1] == "n" and before else int(found[1])
    return Step(where, priority, found[2] or "", found[3], found[4])


def _without_comment(line: str) -> str:
    """Cut at the first `;` that is not escaped (Asterisk's own rule)."""
    return re.split(r"(?<!\\);", line, maxsplit=1)[0]
