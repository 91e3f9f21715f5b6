"""Where set-up cannot work it says so in one sentence with cause and cure, and leaves nothing marked whole."""

import re
from pathlib import Path

import pytest

from .conftest import NOBODY_LISTENS, House

NEEDED = ("bash", "readlink", "dirname", "mkdir", "cat", "sha256sum", "cut", "uname", "env", "rm")


def sentence(house: House, *command: str, **environment: str) -> str:
    """Run the command, which must fail, and return its one `run:` line."""
    ended = house.run(*command, **environment)
    lines = [line for line in ended.stderr.splitlines() if line.startswith("run: ")]

    assert ended.returncode not in (0, None)
    assert len(lines) == 1, ended.stderr
    assert house.whole_parts() == []
    return lines[0]


def test_an_arm_machine_is_told_that_the_phones_need_x86_64(house: House) -> None:
    house.shim("uname", '[ "$1" = -m ] && echo aarch64 || echo Linux')

    said = sentence(house, "demo")

    assert "Linux aarch64" in said
    assert "docker compose" in said


def test_a_full_disk_is_told_how_much_is_needed_and_where(house: House) -> None:
    house.shim("df", 'echo "Filesystem 1024-blocks Used Available Capacity Mounted"; echo "/dev/sda1 9 9 204800 99% /"')

    said = sentence(house, "demo")

    assert "600 MB" in said
    assert str(house.cache) in said


def test_a_disk_that_fills_up_during_set_up_is_named_as_the_cause(house: House) -> None:
    house.shim("dpkg-deb", 'echo "dpkg-deb: error: failed to write: No space left on device" >&2; exit 2')

    ended = house.run("demo")

    assert ended.returncode == 1
    assert "not enough disk space" in ended.stderr
    assert "asterisk" not in house.whole_parts()


def test_a_machine_without_network_is_told_to_go_online(house: House) -> None:
    said = sentence(
        house,
        "demo",
        http_proxy=NOBODY_LISTENS,
        https_proxy=NOBODY_LISTENS,
        HTTP_PROXY=NOBODY_LISTENS,
        HTTPS_PROXY=NOBODY_LISTENS,
    )

    assert "cannot be reached" in said
    assert "go online" in said
    assert house.processes() == []


def test_a_host_without_debian_packages_is_sent_to_docker(house: House, tmp_path: Path) -> None:
    only = tmp_path / "only"
    only.mkdir()
    for name in NEEDED:
        (only / name).symlink_to(Path("/usr/bin") / name)

    said = sentence(house, "demo", PATH=str(only))

    assert "apt-get is missing" in said
    assert "docker compose" in said


def test_a_home_that_cannot_be_written_is_named(house: House) -> None:
    said = sentence(house, "demo", XDG_CACHE_HOME="", HOME="/dev/null")

    assert "/dev/null/.cache/callflow" in said
    assert "XDG_CACHE_HOME" in said


def test_a_module_that_debian_does_not_have_is_named(house: House) -> None:
    modules = house.path / "asterisk-config/conf/modules.list"
    modules.write_text(modules.read_text() + "app_teleport\n")

    ended = house.run("demo")

    assert ended.returncode == 1
    assert "modules.list names app_teleport" in ended.stderr
    assert "asterisk" not in house.whole_parts()


@pytest.mark.parametrize("command", ["denmo", "--json"])
def test_an_unknown_command_is_refused_before_any_set_up(house: House, command: str) -> None:
    said = sentence(house, command)

    assert f"no command {command}" in said
    assert not house.cache.exists()


def test_help_needs_no_set_up_and_names_every_command(house: House) -> None:
    ended = house.run("help")

    assert ended.returncode == 0
    assert not house.cache.exists()
    listed = set(re.findall(r"[a-z]+", ended.stdout))
    assert {"demo", "test", "up", "down", "status", "call", "doctor", "classify"} <= listed
    assert {"chaos", "bench", "check", "pbx"} <= listed
