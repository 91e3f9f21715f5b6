"""Set-up happens once, whole or not at all, whatever interrupts it and however many want it at the same time."""

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

from .conftest import SETUP_LIMIT_S, House


def wait_until_it_says(process: subprocess.Popen[str], text: str) -> None:
    """Read what the process says on its error stream up to the text."""
    assert process.stderr is not None
    said, deadline = b"", time.monotonic() + SETUP_LIMIT_S
    while text.encode() not in said:
        readable, _, _ = select.select([process.stderr], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(process.stderr.fileno(), 4096) if readable else b""
        assert piece, f"it ended or fell silent without saying {text!r}"
        said += piece


def test_the_program_gets_its_arguments_and_the_places_of_the_parts(house: House) -> None:
    ended = house.run("demo", "--json", "--base", "101")
    seen = json.loads(ended.stdout)
    environment = seen["environment"]
    runtime = Path(environment["CALLFLOW_RUNTIME"])

    assert seen["arguments"] == ["demo", "--json", "--base", "101"]
    assert environment["CALLFLOW_HOME"] == str(house.path)
    assert environment["PYTHONPATH"] == f"{house.path}:{house.path}/softphone-sim"
    assert 0 < float(environment["CALLFLOW_SETUP_SECONDS"]) < SETUP_LIMIT_S
    assert {program.name for program in (runtime / "bin").iterdir()} == {"asterisk", "redis-server", "redis-cli"}
    assert house.whole_parts() == ["asterisk", "uv", "venv"]

    again = house.run("demo")

    assert again.stderr == ""
    assert float(json.loads(again.stdout)["environment"]["CALLFLOW_SETUP_SECONDS"]) < 2.0


def test_a_set_up_that_is_interrupted_leaves_no_process_and_the_next_one_is_whole(house: House) -> None:
    process = house.start("demo")
    wait_until_it_says(process, "uv, the package installer")

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    assert process.returncode == 143
    assert house.processes() == []
    assert "asterisk" not in house.whole_parts()
    assert house.run("demo").returncode == 0
    assert house.whole_parts() == ["asterisk", "uv", "venv"]


def test_a_set_up_that_is_killed_outright_does_not_spoil_the_next_one(house: House) -> None:
    process = house.start("demo")
    wait_until_it_says(process, "uv, the package installer")

    os.kill(process.pid, signal.SIGKILL)
    ended = house.run("demo")

    assert ended.returncode == 0
    assert house.whole_parts() == ["asterisk", "uv", "venv"]


def test_two_at_once_build_every_part_once(house: House) -> None:
    first, second = house.start("demo"), house.start("demo")
    said = first.communicate(timeout=SETUP_LIMIT_S)[1] + second.communicate(timeout=SETUP_LIMIT_S)[1]

    assert (first.returncode, second.returncode) == (0, 0)
    assert said.count(" s  Asterisk 22 + Redis") == 1
    assert said.count(" s  Python packages") == 1
    assert "waiting for another ./run" in said
    assert house.whole_parts() == ["asterisk", "uv", "venv"]


def test_a_cache_that_was_moved_is_built_again(house: House) -> None:
    house.run("classify")
    moved = house.cache.with_name("moved")
    house.cache.rename(moved)

    ended = house.run("classify", XDG_CACHE_HOME=str(moved))

    assert ended.returncode == 0
    assert "Python packages" in ended.stderr


def test_a_stale_list_of_kept_packages_is_noticed_and_everything_is_taken(house: House) -> None:
    script = house.path / "asterisk-config/runtime.sh"
    script.write_text(script.read_text().replace("|srtp|ssl|", "|ssl|"))

    ended = house.run("demo")
    log = next(house.cache.glob("callflow/asterisk-*.log")).read_text()

    assert ended.returncode == 0, ended.stderr
    assert "libsrtp2.so.1" in log
    assert "stale" in log
    assert house.whole_parts() == ["asterisk", "uv", "venv"]


def test_a_host_without_a_fitting_python_gets_one_that_leaks_nothing_to_its_children(house: House) -> None:
    for name in ("python3.11", "python3.12", "python3"):
        house.shim(name, "exit 1")

    ended = house.run("classify", "救命")
    seen = json.loads(ended.stdout)

    assert ended.returncode == 0, ended.stderr
    assert seen["arguments"] == ["classify", "救命"]
    assert Path(seen["python"]).is_relative_to(house.cache / "callflow")
    assert "LD_LIBRARY_PATH" not in seen["environment"]
    assert house.whole_parts() == ["python", "uv", "venv"]
