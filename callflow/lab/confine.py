"""Starts a program that may write only below its own directories, and read only what it needs (Landlock, landlock(7)).

`python -m callflow.lab.confine --write DIR… --read PATH… -- PROGRAM WORD…` becomes PROGRAM; the rule holds for it and
all its children and cannot be taken off. It needs no root. Where the kernel has no Landlock the program starts
without it; `doctor` says so. In containers a read-only root and read-only volumes do the same.

Why: an AMI account with `originate` can write and read files as the PBX (`Variable: FILE(…)=`, Asterisk 22.10.1), and
`live_dangerously = no` does not stop it.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import struct
import sys
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls, the same number on every architecture."""

VERSION_FLAG, PATH_BENEATH, NO_NEW_PRIVILEGES = 1, 1, 38
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
READ = EXECUTE | READ_FILE | READ_DIR
HANDLED = {1: (1 << 13) - 1, 2: (1 << 14) - 1}
"""Landlock version -> the rights it rules; from 3 on all of these."""

ALL = (1 << 15) - 1
SYSTEM_READ = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev")
SYSTEM_WRITE = ("/dev/null", "/dev/tty")


def version() -> int:
    """The kernel's Landlock version, 0 when it has none."""
    found = _call(CREATE_RULESET, None, 0, VERSION_FLAG)
    return max(found, 0)


def confine(write: Iterable[str], read: Iterable[str]) -> bool:
    """Rule this process from now on: False when the kernel cannot. Paths that are not there are left out.

    Raises:
        OSError: the kernel can, but refused.
    """
    if (known := version()) == 0:
        return False
    handled = HANDLED.get(known, ALL)
    ruleset = _need(_call(CREATE_RULESET, ctypes.create_string_buffer(struct.pack("=Q", handled)), 8, 0))
    for paths, rights in ((read, READ), (write, ALL)):
        for path in paths:
            _allow(ruleset, path, rights & handled)
    _need(ctypes.CDLL(None, use_errno=True).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _need(_call(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    return True


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        granted = rights if os.path.isdir(path) else rights & OF_FILES  # noqa: PTH112 - a bare start, no imports
        rule = ctypes.create_string_buffer(struct.pack("=Qi", granted, place))
        _need(_call(ADD_RULE, ruleset, PATH_BENEATH, rule, 0))
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))


def _need(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return answer


def main(words: list[str]) -> None:
    """Read the command line and become the program."""
    asked = argparse.ArgumentParser(prog="confine")
    asked.add_argument("--write", nargs="*", default=[])
    asked.add_argument("--read", nargs="*", default=[])
    cut = words.index("--")
    said, program = asked.parse_args(words[:cut]), words[cut + 1 :]
    if not confine([*SYSTEM_WRITE, *said.write], [*SYSTEM_READ, *said.read]):
        sys.stderr.write("no Landlock in this kernel: the program starts unconfined\n")
    os.execv(program[0], program)  # noqa: S606 - our own words, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
