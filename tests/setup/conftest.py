"""A copy of the house with its real set-up and a one-line program, in a temporary place with an empty cache."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SETUP_LIMIT_S = 180
NOBODY_LISTENS = "http://127.0.101.9:9"
PROGRAM = """
import json, os, sys
json.dump({"arguments": sys.argv[1:], "python": sys.executable, "environment": dict(os.environ)}, sys.stdout)
"""


@dataclass
class House:
    """A checkout, its cache, and the programs that stand before the host's own on PATH."""

    path: Path
    cache: Path
    shims: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def shim(self, name: str, script: str) -> None:
        """Put a shell script before the host's program of that name."""
        shim = self.shims / name
        shim.write_text(f"#!/bin/sh\n{script}\n")
        shim.chmod(0o755)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start `./run COMMAND` in a process group of its own."""
        process = subprocess.Popen(
            ["./run", *command],
            cwd=self.path,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `./run COMMAND` to its end."""
        process = self.start(*command, **environment)
        out, err = process.communicate(timeout=SETUP_LIMIT_S)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def whole_parts(self) -> list[str]:
        """Kinds of part that are marked whole: asterisk, python, uv, venv."""
        return sorted(mark.parent.name.split("-")[0] for mark in self.cache.glob("callflow/*/.complete"))

    def processes(self) -> list[str]:
        """Command lines of every process that works in this house or its cache."""
        lines = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it ended while we looked
            if str(self.path.parent) in line and int(process.name) != os.getpid():
                lines.append(line)
        return lines


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An empty cache beside a checkout whose program prints what it was given."""
    path, cache, shims = tmp_path / "callflow checkout", tmp_path / "a cache", tmp_path / "shims"
    (path / "callflow").mkdir(parents=True)
    (path / "callflow/__main__.py").write_text(PROGRAM)
    (path / "asterisk-config/conf").mkdir(parents=True)
    for name in ("run", "requirements.lock", "asterisk-config/runtime.sh", "asterisk-config/conf/modules.list"):
        shutil.copy(REPO / name, path / name)
    shims.mkdir()
    # the test's own environment must not lend its Python to the house
    outside = [entry for entry in os.environ["PATH"].split(":") if entry != str(Path(sys.executable).parent)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CALLFLOW_", "PYTHON"))}
    environment |= {"PATH": ":".join([str(shims), *outside]), "XDG_CACHE_HOME": str(cache)}
    house = House(path, cache, shims, environment)
    yield house
    for process in house.started:
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.communicate(timeout=SETUP_LIMIT_S)
