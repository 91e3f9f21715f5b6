"""Bad input through the real command: one sentence that names the cause and the cure, nothing lost, nothing left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from callflow.lab import lab, pbx, processes
from callflow.lab.plan import Plan, plan_lab
from tests.e2e.conftest import BASE
from tests.e2e.scene import pid_of

SPARE_BASE = (BASE + 100) % 256
"""These labs come and go beside the session's own."""

COMMAND_LIMIT_S = 90.0


@dataclass(frozen=True, slots=True)
class Commands:
    """The real command in surroundings of its own: `commands("up")`."""

    state: Path
    environment: dict[str, str]

    def __call__(self, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "callflow", *words, "--base", str(SPARE_BASE)],
            env=self.environment | changed,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            check=False,
        )

    @property
    def plan(self) -> Plan:
        """Where this lab's things stand."""
        return plan_lab(SPARE_BASE)

    def still_running(self) -> list[str]:
        """Every process that was started with this state directory, and every port of the lab that is taken."""
        found = [words for words in _command_lines() if str(self.state) in words]
        for site in self.plan.sites:
            try:
                processes.refuse_taken_ports([port for ports in lab.ports_of(site).values() for port in ports])
            except lab.LabError as taken:
                found.append(str(taken))
        return found


def _command_lines() -> Iterator[str]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            surroundings = (entry / "environ").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue  # it has just ended
        if int(entry.name) != os.getpid():
            yield f"{words} {' '.join(v for v in surroundings.split(chr(0)) if v.startswith('CALLFLOW_STATE'))}"


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """A lab that nobody has brought up yet; it is down at the end whatever happened."""
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    made = Commands(state, {**os.environ, "XDG_STATE_HOME": str(state)})
    yield made
    lab.down(made.plan)


def the_one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said: its last line, and no traceback anywhere."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert "Traceback" not in done.stdout
    complaints = [line for line in done.stderr.splitlines() if line.startswith("run: ")]
    assert len(complaints) == 1, done.stderr
    return complaints[0]


# ---- the site file


def without_a_trust_field(text: str) -> bytes:
    return text.replace("believe_identity = true\n", "").encode()


def with_an_unknown_field(text: str) -> bytes:
    return text.replace("[platform]\n", "[platform]\ncolour = 'red'\n").encode()


def with_a_line_to_nowhere(text: str) -> bytes:
    return text.replace('via = "110"', 'via = "111"').encode()


def torn(text: str) -> bytes:
    return text[: text.index('"12345"') + 3].encode()


def not_text(_text: str) -> bytes:
    return b"\xff\xfe\x00platform"


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (without_a_trust_field, "peer.0.believe_identity"),
        (with_an_unknown_field, "platform.colour"),
        (with_a_line_to_nowhere, "110"),
        (torn, "TOML"),
        (not_text, "UTF-8"),
    ],
)
def test_a_wrong_site_file_is_named_with_its_field(
    spoil: Callable[[str], bytes], names: str, commands: Commands, tmp_path: Path
) -> None:
    sites = tmp_path / "sites"
    shutil.copytree(commands.plan.sites[0].site_file.parent, sites)
    site_file = sites / "12345.toml"
    site_file.write_bytes(spoil(site_file.read_text("utf-8")))

    said = the_one_sentence(commands("up", CALLFLOW_SITES=str(sites)))

    assert "12345.toml" in said
    assert names in said
    assert "correct it" in said
    assert commands.still_running() == []


def test_a_site_file_that_is_not_there_is_named(commands: Commands, tmp_path: Path) -> None:
    said = the_one_sentence(commands("up", CALLFLOW_SITES=str(tmp_path)))

    assert re.search(r"12345\.toml: .*No such file.*; name an existing site file", said)


# ---- what stands in the way on this machine


@pytest.mark.parametrize(
    ("site", "at", "port", "sort"),
    [(0, "host", 5060, socket.SOCK_DGRAM), (1, "desk", 8110, socket.SOCK_STREAM)],
)
def test_a_taken_port_is_named_and_nothing_is_left_running(
    site: int, at: str, port: int, sort: socket.SocketKind, commands: Commands
) -> None:
    host = getattr(commands.plan.sites[site].site.addresses, at)
    with socket.socket(socket.AF_INET, sort) as holder:
        holder.bind((host, port))
        if sort is socket.SOCK_STREAM:
            holder.listen()

        said = the_one_sentence(commands("up"))
        free_again = [words for words in commands.still_running() if f"{host}:{port}" not in words]

    assert f"{host}:{port} is taken" in said
    assert "--base N" in said
    assert free_again == []


def test_a_wrong_ami_password_is_named_at_once_and_a_fresh_start_mends_it(commands: Commands) -> None:
    assert commands("up").returncode == 0
    plan = commands.plan
    site = plan.sites[0]
    asterisk = pid_of(plan, "12345", "asterisk")
    manager_conf = site.place.etc / "manager.conf"
    manager_conf.write_text(re.sub(r"secret = \w+", "secret = another", manager_conf.read_text("utf-8")), "utf-8")
    pbx.console(plan, site, "manager reload")
    os.kill(pid_of(plan, "12345", "python"), signal.SIGKILL)

    said = the_one_sentence(commands("up"))

    assert "refuses AMI user 'callflow'" in said
    assert "manager.conf" in said
    assert pid_of(plan, "12345", "asterisk") == asterisk, "what ran before goes on: calls are in there"
    status = lab.status(plan)
    assert status is not None
    assert [len(each["pids"]["python"]) for each in status["sites"]] == [0, 1]
    assert "AMI" in commands("doctor").stdout

    assert commands("down").returncode == 0
    assert commands.still_running() == []
    assert commands("up").returncode == 0
    assert commands("down").returncode == 0
    assert commands.still_running() == []


def test_a_missing_module_is_named_by_up_and_by_doctor(commands: Commands, tmp_path: Path) -> None:
    runtime = runtime_without("res_pjsip_refer", commands.plan, tmp_path / "runtime")

    said = the_one_sentence(commands("up", CALLFLOW_RUNTIME=str(runtime)))
    looked = commands("doctor", CALLFLOW_RUNTIME=str(runtime))

    assert "res_pjsip_refer" in said
    assert "./run" in said
    assert looked.returncode == 1
    assert re.search(r"✗ Asterisk modules: .*missing res_pjsip_refer\n +→ ", looked.stdout)
    assert commands.still_running() == []


def runtime_without(module: str, plan: Plan, copy: Path) -> Path:
    """A runtime like ours, made of links, but for one module."""
    modules = plan.sites[0].place.modules
    theirs = copy / modules.relative_to(plan.runtime)
    theirs.mkdir(parents=True)
    for file in modules.iterdir():
        if file.name != f"{module}.so":
            (theirs / file.name).symlink_to(file)
    for inner, outer in zip(modules.relative_to(plan.runtime).parents, theirs.parents, strict=False):
        for entry in (plan.runtime / inner).iterdir():
            if not (outer / entry.name).exists():
                (outer / entry.name).symlink_to(entry)
    return copy


@pytest.mark.parametrize(
    ("file", "names"), [("secrets.json", "12345"), ("tls.crt", "12345"), ("exchange.key", "12345")]
)
def test_a_damaged_key_file_is_named(file: str, names: str, commands: Commands) -> None:
    home = commands.plan.keys / "12345"
    lab.make_keys(commands.plan.keys, [lab.needs_of(site) for site in commands.plan.sites])
    (home / file).write_bytes((home / file).read_bytes()[:20])

    said = the_one_sentence(commands("up"))

    assert names in said
    assert "restore it" in said
    assert commands.still_running() == []


def test_a_state_directory_that_cannot_be_written_is_named(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")

    said = the_one_sentence(commands("up", XDG_STATE_HOME=str(tmp_path / "file")))

    assert "file" in said
    assert "XDG_STATE_HOME" in said


@pytest.mark.parametrize(
    ("words", "cause", "cure"),
    [
        (("status",), "is not up", "./run up"),
        (("call", "nothing.yaml"), "is not up", "./run up"),
        (("pbx", "dance"), "unknown", "choose"),
        (("pbx", "show", "weather"), "weather", "choose"),
        (("pbx", "check", "--site", "119"), "119", "choose"),
        (("pbx", "check"), "does not answer", "./run up"),
        (("bench", "sleep"), "unknown", "there is"),
    ],
)
def test_a_command_that_cannot_be_done_says_why_and_what_to_do(
    words: tuple[str, ...], cause: str, cure: str, commands: Commands
) -> None:
    said = the_one_sentence(commands(*words))

    assert cause in said
    assert cure in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_up_that_is_interrupted_leaves_nothing_running(number: signal.Signals, commands: Commands) -> None:
    words = [sys.executable, "-m", "callflow", "up", "--base", str(SPARE_BASE)]
    with subprocess.Popen(words, env=commands.environment, stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr is not None
        while "110: starting" not in starting.stderr.readline():
            assert starting.poll() is None

        starting.send_signal(number)
        rest = starting.stderr.read()

    assert starting.returncode != 0
    assert "Traceback" not in rest
    assert commands.still_running() == []


def test_an_up_that_is_killed_leaves_nothing_that_down_does_not_end(commands: Commands) -> None:
    words = [sys.executable, "-m", "callflow", "up", "--base", str(SPARE_BASE)]
    with subprocess.Popen(words, env=commands.environment, stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr is not None
        while "12345: starting" not in starting.stderr.readline():
            assert starting.poll() is None
        starting.kill()

    assert commands("down").returncode == 0
    assert commands.still_running() == []
