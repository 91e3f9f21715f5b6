"""A stolen AMI secret, or a hole in Asterisk: what the PBX's process can then write and read, and what it cannot."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callflow.domain.names import SiteId
from callflow.lab import confine, pbx
from callflow.lab.keys import load_keys
from callflow.lab.plan import Plan
from tests.e2e.scene import eventually

ANSWER_LIMIT_S = 6.0


async def write_by_ami(plan: Plan, paths: list[Path]) -> None:
    """Log in as the program and misuse `originate` to write each file; returns when AMI has answered to all.

    `Variable: FILE(…)=` of an asynchronous Originate is not stopped by `live_dangerously = no`, which holds only in
    AMI's own thread (measured on Asterisk 22.10.1).
    """
    site = plan.sites[0]
    secret = load_keys(plan.keys, SiteId(site.id)).ami_secret
    orders = [f"Action: Login\r\nUsername: callflow\r\nSecret: {secret}\r\nEvents: off\r\n\r\n"] + [
        "Action: Originate\r\nChannel: Local/s@join-trigger/n\r\nContext: trigger\r\nExten: failed\r\nPriority: 1\r\n"
        f"Async: true\r\nVariable: FILE({path},,,a)=x\r\n\r\n"
        for path in paths
    ]
    reader, writer = await asyncio.open_connection(site.host, 5038, local_addr=(site.host, 0))
    try:
        writer.write("".join(orders).encode())
        async with asyncio.timeout(ANSWER_LIMIT_S):
            for _ in orders:
                await reader.readuntil(b"Response: Success")
    finally:
        writer.close()


@pytest.mark.covers("T-04")
async def test_an_originate_in_the_background_writes_only_what_is_the_pbxs_own(running: Plan, tmp_path: Path) -> None:
    place, own = running.sites[0].place, running.sites[0].place.var / "written"
    elsewhere = [
        tmp_path / "canary", place.etc / "canary.conf", place.certs / "canary", running.keys / "ca" / "canary",
        running.sites[0].state / "canary", running.sites[1].place.journal / "canary", running.runtime / "canary",
        running.home / "canary", Path.home() / ".callflow-canary", Path(f"/tmp/callflow-canary-{running.base}"),
    ]  # fmt: skip

    await write_by_ami(running, [*elsewhere, own])

    async def written() -> bool:
        return own.exists()

    assert await eventually(written, bool), "the finding itself: inside its own directories nothing stops it"
    assert [path for path in elsewhere if path.exists()] == []


@pytest.mark.covers("T-04")
def test_a_command_run_in_asterisks_place_reads_no_secret_but_its_own_and_changes_nothing(running: Plan) -> None:
    # What a hole in Asterisk would give: a shell under the same rule.
    place, other = running.sites[0].place, running.sites[1].place
    secrets = [
        place.certs / "secrets.json", place.certs / "exchange.key", place.certs / "uui" / "110.key",
        running.keys / "ca" / "ca.key", other.etc / "manager.conf",
        running.sites[0].state / "facts.db", running.home / "run",
    ]  # fmt: skip
    assert [path for path in secrets if not path.exists()] == []
    words = [sys.executable, "-m", "callflow.lab.confine", *pbx.confinement(running, running.sites[0]), "--"]
    script = "for f; do cat $f >/dev/null 2>&1 && echo $f; done; echo x >>$ETC/extensions.conf; true"

    said = subprocess.run(
        [*words, "/bin/sh", "-c", script, "sh", *map(str, secrets), str(place.etc / "manager.conf")],
        env={"PYTHONPATH": str(running.home), "ETC": str(place.etc)}, capture_output=True, text=True, timeout=20,
        check=False,
    )  # fmt: skip

    assert said.stdout.split() == [str(place.etc / "manager.conf")]
    assert not (place.etc / "extensions.conf").read_text().endswith("x\n")


@pytest.mark.covers("T-04")
def test_every_pbx_runs_confined(running: Plan) -> None:
    assert confine.version() > 0, "this kernel has no Landlock; the test needs Linux 5.13"
    for site in running.sites:
        pid = int((site.place.run / "asterisk.pid").read_text())
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"NoNewPrivs:\s+1", status), site.id
