"""Record a story: `python -m tests.replay.record STORY SCRIPT.yaml --base N [--everything]`, on a lab that is up.

Keeps what AMI sent to an account like the program's own, byte for byte, and what the dialplan wrote into the journal
meanwhile, under `streams/STORY/<site>.ami` and `.csv`. `--everything` records instead what an account without any
filter is sent by the first site (`streams/everything.ami.gz`): the load of `./run bench ami`. Its account is added to
the lab's manager.conf, which the next `./run up` writes anew.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from callflow.domain.names import SiteId
from callflow.lab.keys import load_keys
from callflow.lab.pbx import console
from callflow.lab.plan import Plan, SitePlan, plan_lab
from softphone_sim.lab import read_lab
from softphone_sim.run.play import play
from softphone_sim.script.load import read_script

STREAMS = Path(__file__).parent / "streams"
LOGIN_LIMIT_S = 5.0
STORY_LIMIT_S = 120.0
SETTLE_S = 1.0  # the last hang-up handlers have written by then

EVERYTHING = """
[everything]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.0/255.0.0.0
read = all
write = reporting
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Who logs in."""

    username: str
    secret: str


@asynccontextmanager
async def tap(site: SitePlan, account: Account, kept: bytearray) -> AsyncIterator[None]:
    """Log in and keep every byte that comes after the answer."""
    reader, writer = await asyncio.open_connection(
        site.host, site.site.addresses.ami_port, local_addr=(site.host, 0), limit=1 << 20
    )
    writer.write(f"Action: Login\r\nUsername: {account.username}\r\nSecret: {account.secret}\r\n\r\n".encode())
    async with asyncio.timeout(LOGIN_LIMIT_S):
        said = await reader.readuntil(b"\r\n\r\n")
    if b"Response: Success" not in said:
        raise SystemExit(f"{account.username} may not log in at {site.id}: {said.decode()}")

    async def keep() -> None:
        while chunk := await reader.read(1 << 16):
            kept.extend(chunk)

    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(keep())
        yield
        keeper.cancel()
    writer.close()


def add_everything(plan: Plan, site: SitePlan) -> Account:
    """An account that is sent every event, in the running lab only."""
    account = Account("everything", secrets.token_hex(16))
    conf = site.place.etc / "manager.conf"
    conf.write_text(conf.read_text().split("\n[everything]")[0] + EVERYTHING.format(secret=account.secret))
    console(plan, site, "manager reload")
    return account


async def record(plan: Plan, story: str, scripts: list[Path], *, everything: bool) -> None:
    """Play the scripts one after the other and write what was said meanwhile."""
    sites = plan.sites[:1] if everything else plan.sites
    journals = {s["id"]: Path(s["journal"]) for s in json.loads(plan.status_file.read_text())["sites"]}
    begun = {site.id: journals[site.id].stat().st_size for site in sites if journals[site.id].exists()}
    kept = {site.id: bytearray() for site in sites}
    async with AsyncExitStack() as taps:
        for site in sites:
            own = Account("callflow", load_keys(plan.keys, SiteId(site.id)).ami_secret)
            await taps.enter_async_context(tap(site, add_everything(plan, site) if everything else own, kept[site.id]))
        with tempfile.TemporaryDirectory() as tapes:
            for path in scripts:
                result = await play(
                    read_script(path), read_lab(plan.status_file), limit_s=STORY_LIMIT_S, tapes=Path(tapes)
                )
                if not result.ok:
                    raise SystemExit(f"{path.name} did not go as written: {result.failure}")
        await asyncio.sleep(SETTLE_S)
    if everything:
        own = str(sites[0].place.journal).encode()  # this machine's own paths are no part of the story
        packed = gzip.compress(bytes(kept[sites[0].id]).replace(own, b"/var/lib/callflow/journal"), mtime=0)
        (STREAMS / "everything.ami.gz").write_bytes(packed)
        return
    (STREAMS / story).mkdir(exist_ok=True)
    for site in sites:
        (STREAMS / story / f"{site.id}.ami").write_bytes(bytes(kept[site.id]))
        written = journals[site.id].read_bytes()[begun.get(site.id, 0) :]
        (STREAMS / story / f"{site.id}.csv").write_bytes(written)


def main() -> None:
    """Read the command line."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("story")
    words.add_argument("scripts", type=Path, nargs="+")
    words.add_argument("--base", type=int, required=True)
    words.add_argument("--everything", action="store_true")
    said = words.parse_args()
    asyncio.run(record(plan_lab(said.base), said.story, said.scripts, everything=said.everything))


if __name__ == "__main__":
    main()
