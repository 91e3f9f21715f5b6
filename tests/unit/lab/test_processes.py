"""The lab's processes: known by pid and start, ended to the last, and nobody else's touched."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from callflow.lab.plan import LabError
from callflow.lab.processes import Known, end, refuse_taken_ports, remembered, start

DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
"""A program that does not end when it is asked to."""

FIRST_THREAD_GONE = """
import ctypes, signal, socket, sys, threading
held = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: signal.sigwait({signal.SIGUSR1})).start()
print(held.getsockname()[1], flush=True)
ctypes.PyDLL(None).syscall(60, 0)  # exit(2) of this thread alone, on x86_64
"""
"""What a killed Asterisk looks like for a moment: the first thread has ended, another still holds the ports."""


def test_what_was_started_runs_in_a_session_of_its_own_and_writes_into_its_log(tmp_path: Path) -> None:
    log = tmp_path / "new" / "program.out"

    words = [sys.executable, "-c", "import os; print(os.environ['WORD'], os.getsid(0))"]
    known = start("program", words, tmp_path, log, {"WORD": "here"})

    os.waitid(os.P_PID, known.pid, os.WEXITED | os.WNOWAIT)
    assert log.read_text("utf-8").split() == ["here", str(known.pid)]
    assert not known.is_alive


def test_a_program_that_is_not_there_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"no-such-program cannot be started \(No such file.*; run ./run doctor"):
        start("program", [str(tmp_path / "no-such-program")], tmp_path, tmp_path / "out")


def test_whoever_dies_before_the_program_is_written_down_has_started_none(tmp_path: Path) -> None:
    """Killed while he writes it down: the program's file is not made, and nothing is left that nobody knows."""
    begun = tmp_path / "begun"
    dies = f"""
import os, signal
from pathlib import Path
from callflow.lab import processes
processes._remember = lambda folder, running: (
    print(running["program"].pid, flush=True), os.kill(os.getpid(), signal.SIGKILL)
)
processes.start("program", ["/bin/touch", {str(begun)!r}], Path({str(tmp_path)!r}), Path({str(tmp_path / "out")!r}))
"""
    with subprocess.Popen([sys.executable, "-c", dies], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        died_of = starter.wait()

    assert died_of == -signal.SIGKILL
    assert _has_ended(pid, limit_s=5)
    assert not begun.exists()
    assert remembered(tmp_path) == {}


def test_a_frozen_program_is_ended_too(tmp_path: Path) -> None:
    known = start("program", [sys.executable, "-c", "import signal; signal.pause()"], tmp_path, tmp_path / "out")
    os.kill(known.pid, signal.SIGSTOP)

    ended = end([known])

    assert ended == [known.pid]
    assert not known.is_alive


def test_a_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "out"
    known = start("program", [sys.executable, "-c", DEAF], tmp_path, log)
    while "deaf" not in log.read_text("utf-8"):
        assert known.is_alive

    end([known], limit_s=0.2)
    os.waitpid(known.pid, 0)

    assert not known.is_alive


def test_a_program_whose_first_thread_has_ended_is_alive_while_another_holds_its_port(tmp_path: Path) -> None:
    known = start("program", [sys.executable, "-c", FIRST_THREAD_GONE], tmp_path, tmp_path / "out")
    while _state(known.pid) != "Z":
        pass

    assert known.is_alive
    with pytest.raises(LabError, match="is taken"):
        refuse_taken_ports([("127.0.0.1", int((tmp_path / "out").read_text("utf-8")), "tcp")])

    os.kill(known.pid, signal.SIGKILL)
    os.waitpid(known.pid, 0)
    assert not known.is_alive


def _has_ended(pid: int, limit_s: float) -> bool:
    """Waits for the end of a process that need not be our child (pidfd_open(2))."""
    try:
        it = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(it, closefd=True):
        return bool(select.select([it], [], [], limit_s)[0])


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0]


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone() -> None:
    somebody = Known(os.getpid(), began=1)

    assert not somebody.is_alive
    assert end([somebody]) == []


@pytest.mark.parametrize(("kind", "sort"), [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)])
def test_a_taken_port_is_named_with_the_cure_and_a_free_one_is_not(kind: str, sort: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, sort) as holder:
        holder.bind(("127.0.110.99", 0))
        port = holder.getsockname()[1]
        if kind == "tcp":
            holder.listen()

        with pytest.raises(LabError, match=rf"{kind} port 127\.0\.110\.99:{port} is taken .*; end the program"):
            refuse_taken_ports([("127.0.110.99", port, kind)])

    refuse_taken_ports([("127.0.110.99", port, kind)])
