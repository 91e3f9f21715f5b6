"""The files for fail2ban and nftables, read by the programs that they are for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.coverage_page import HOME

DEPLOY = HOME / "docs" / "deploy"
SOURCES = ("198.51.100.7", "2001:db8::7")
TOOL_LIMIT_S = 60
GUARD_SAYS = """
from callflow.logs import log_json
log_json()
from callflow.guard.program import log
for source in {sources!r}:
    log.warning("banned", source=source, reason="password", for_s=60, times=1)
log.info("guard on duty", site="12345")
log.warning("an agent's account is used from a new address", account="8001", source="203.0.113.20")
log.info("lifted", source="203.0.113.20", was_banned=True)
"""


def tool(*words: str | Path) -> str:
    """What the program says; it must be content."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=TOOL_LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def guard_log(tmp_path: Path) -> Path:
    """Lines as the guard's own program writes them, by its own logger."""
    log = tmp_path / "guard.log"
    log.write_text(tool(sys.executable, "-c", GUARD_SAYS.format(sources=SOURCES)), "utf-8")
    assert len([json.loads(line) for line in log.read_text("utf-8").splitlines()]) == len(SOURCES) + 3
    return log


@pytest.mark.covers("T-02")
def test_fail2ban_bans_whom_the_guard_has_banned_and_knows_when_it_was(guard_log: Path) -> None:
    filter_file = DEPLOY / "fail2ban" / "filter.d" / "callflow-guard.conf"

    said = tool("fail2ban-regex", "--print-all-matched", guard_log, filter_file)

    assert f"{len(SOURCES)} matched" in said, said
    matched = said[said.index("Matched line(s)") :].partition("Missed line(s)")[0]
    assert all(source in matched for source in SOURCES)
    assert "203.0.113.20" not in matched
    dated = re.search(r"Date template hits:\s+\|- \[# of hits\] date format\s+\|\s+\[(\d+)\]", said)
    assert dated, f"the date of a line is not found: an old line would ban as a new one does\n{said}"
    assert int(dated[1]) == len(SOURCES) + 3


@pytest.mark.covers("T-02")
def test_fail2ban_takes_the_jail(guard_log: Path, tmp_path: Path) -> None:
    """Debian's own settings with our two files beside them; only the log stands elsewhere."""
    settings = tmp_path / "fail2ban"
    shutil.copytree("/etc/fail2ban", settings)
    for theirs in settings.joinpath("jail.d").glob("*"):
        theirs.unlink()
    for folder in ("filter.d", "jail.d"):
        shutil.copytree(DEPLOY / "fail2ban" / folder, settings / folder, dirs_exist_ok=True)
    jail = settings / "jail.d" / "callflow.conf"
    jail.write_text(re.sub(r"(?m)^logpath = .*", f"logpath = {guard_log}", jail.read_text("utf-8")), "utf-8")

    assert "successful" in tool("fail2ban-client", "-c", settings, "-t")


@pytest.mark.covers("T-14")
def test_nftables_takes_the_rules() -> None:
    """Checked by the kernel's own parser in a network of its own; nothing of this host is touched."""
    tool("unshare", "--map-root-user", "--net", "nft", "-c", "-f", DEPLOY / "nftables.conf")
