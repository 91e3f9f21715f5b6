"""The lab's processes: started in order, known by pid and start time, ended without touching anybody else's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from callflow.lab.plan import LabError

END_LIMIT_S = 5.0


def start(words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a process of its own session, its output into `log`.

    Raises:
        LabError: the program is not there.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("ab") as out:
            return subprocess.Popen(  # noqa: S603 - our own programs, words made by us
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **environment} if environment else None,
            )
    except OSError as error:
        raise LabError(f"{words[0]} cannot be started ({error.strerror}); run ./run doctor") from error


def is_ours(pid: int, mark: str) -> bool:
    """Whether this pid is alive and its command line or environment names `mark` (a directory of this lab)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        if status[0] == "Z":
            return False
        words = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return mark.encode() in words


def end(pids: Sequence[int], mark: str) -> list[int]:
    """Ask these processes to end, then make them; only those that bear our mark. Returns the ones ended."""
    ours = [pid for pid in pids if is_ours(pid, mark)]
    _signal(ours, signal.SIGCONT)  # a frozen process hears nothing else
    _signal(ours, signal.SIGTERM)
    deadline = time.monotonic() + END_LIMIT_S
    left = ours
    while left and time.monotonic() < deadline:
        _reap(left)
        left = [pid for pid in left if is_ours(pid, mark)]
        time.sleep(0.02)
    _signal(left, signal.SIGKILL)
    _reap(ours)
    return ours


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


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _reap(pids: Sequence[int]) -> None:
    """Collect our own children, so that an ended one is not taken for alive."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
