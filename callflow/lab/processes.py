"""The lab's processes: started in order, known by pid and start time, ended without touching anybody else's."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from callflow.lab.plan import LabError

END_LIMIT_S = 5.0

AT_THE_GATE = 'read -r _ && exec "$@" </dev/null'
"""A shell's words: wait for a line, then become the program; the end of file (the starter died) means no program."""


@dataclass(frozen=True, slots=True)
class Known:
    """A process we started: its pid and when it began (clock ticks since boot), so that a pid used anew is not ours."""

    pid: int
    began: int

    @property
    def is_alive(self) -> bool:
        """It runs, and it is still the one we started."""
        return self.began != 0 and _began(self.pid) == self.began


def start(
    name: str, words: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str] | None = None
) -> Known:
    """Start a process of its own session, its output into `log`; it outlives us. `remembered(folder)` has it by `name`.

    It begins once it is written down. Whoever is killed in here leaves nothing running that `remembered` does not know.

    Raises:
        LabError: the program is not there, or the log cannot be written.
    """
    gate, opener = os.pipe()
    try:
        Path(words[0]).stat()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            # not Popen: that wants to be waited for, and the lab goes on when its starter has ended
            pid = os.posix_spawn(
                "/bin/sh",
                ["sh", "-c", AT_THE_GATE, "sh", *words],
                {**os.environ, **(environment or {})},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, gate, 0),
                    (os.POSIX_SPAWN_DUP2, out.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, out.fileno(), 2),
                ],
                setsid=True,
            )
        known = Known(pid, _began(pid) or 0)
        _remember(folder, remembered(folder) | {name: known})
        os.write(opener, b"\n")
    except OSError as error:
        raise LabError(f"{words[0]} cannot be started ({error.strerror}); run ./run doctor") from error
    finally:
        os.close(gate)
        os.close(opener)
    return known


def end(known: Sequence[Known], limit_s: float = END_LIMIT_S) -> list[int]:
    """Ask these processes to end, then make them; nobody else's. Returns the pids ended. Repeatable."""
    ours = [one for one in known if one.is_alive]
    _signal(ours, signal.SIGCONT)  # a frozen process hears nothing else
    _signal(ours, signal.SIGTERM)
    deadline = time.monotonic() + limit_s
    left = ours
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [one for one in left if one.is_alive]
    _signal(left, signal.SIGKILL)
    return [one.pid for one in ours]


def _remember(folder: Path, running: Mapping[str, Known]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / "pids.json.new"
    fresh.write_text(json.dumps({name: asdict(known) for name, known in running.items()}), encoding="utf-8")
    fresh.replace(folder / "pids.json")  # whole at every moment: others look while we write


def remembered(folder: Path) -> dict[str, Known]:
    """The living ones of those that `start` has noted in this folder, by name."""
    try:
        told = json.loads((folder / "pids.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = {name: Known(**one) for name, one in told.items()}
    return {name: one for name, one in known.items() if one.is_alive}


def _began(pid: int) -> int | None:
    """When the process began; None when it is gone or only waits to be collected (proc(5), stat, fields 3, 20, 22).

    A process whose first thread has ended looks like a zombie while its other threads still hold its ports.
    """
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # our own child that has ended must not be taken for alive
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return None
    is_over = fields[0] == "Z" and int(fields[17]) <= 1
    return None if is_over else int(fields[19])


def refuse_taken_ports(wanted: Sequence[tuple[str, int, str]]) -> None:
    """Check that every (address, port, "tcp"|"udp") is free.

    Raises:
        LabError: one is taken; the message names it and the cure.
    """
    for address, port, kind in wanted:
        sort = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, sort) as probe:
            if kind == "tcp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise LabError(
                    f"{kind} port {address}:{port} is taken ({error.strerror}); "
                    "end the program that holds it, or choose another lab with --base N"
                ) from error


def _signal(known: Sequence[Known], number: signal.Signals) -> None:
    for one in known:
        with suppress(ProcessLookupError):
            os.kill(one.pid, number)
