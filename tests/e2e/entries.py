"""The dialplan's entries, run as the program runs them, and a PBX that is given another site file for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ulid import ULID

from agi.journal import JournalLine, read_line
from callflow.domain.names import SiteId
from callflow.lab.keys import load_keys
from callflow.lab.pbx import console, write_configuration
from callflow.lab.plan import Plan, SitePlan
from callflow.sitefile import Site
from tests.e2e.raw_caller import RINGING, Forgery, ringing
from tests.e2e.scene import eventually

ANSWER_LIMIT_S = 6.0
RELOADS = ("module reload res_pjsip.so", "dialplan reload")


@asynccontextmanager
async def with_site(plan: Plan, site: SitePlan, other: Site) -> AsyncIterator[None]:
    """The running PBX has the configuration of this other site file as long as the block runs."""
    keys = load_keys(plan.keys, SiteId(site.id))

    def become(wanted: Site) -> None:
        write_configuration(plan, replace(site, site=wanted), keys)
        for line in RELOADS:
            console(plan, site, line)

    await asyncio.to_thread(become, other)
    try:
        yield
    finally:
        await asyncio.to_thread(become, site.site)


def journal_size(site: SitePlan) -> int:
    """Where the journal ends now."""
    path = site.place.journal / "steps.csv"
    return path.stat().st_size if path.exists() else 0


def journal_after(site: SitePlan, offset: int) -> list[JournalLine]:
    """The journal's lines from this byte on; none may be bad. One that is just being written is not there yet."""
    written = (site.place.journal / "steps.csv").read_bytes()[offset:]
    read = [read_line(text, 0, 0) for text in written[: written.rfind(b"\n") + 1].splitlines()]
    assert [line for line in read if not isinstance(line, JournalLine)] == []
    return [line for line in read if isinstance(line, JournalLine)]


async def step_after(site: SitePlan, offset: int, step: str) -> JournalLine:
    """The first line with this step, from this byte of the journal on; fails when none comes."""

    async def look() -> list[JournalLine]:
        return [line for line in journal_after(site, offset) if line.step == step]

    found = await eventually(look, len, ANSWER_LIMIT_S)
    assert found, f"no {step} in the journal"
    return found[0]


@asynccontextmanager
async def waiting_caller(site: SitePlan, address: str, forgery: Forgery) -> AsyncIterator[JournalLine]:
    """A caller from this address who waits in the queue; gives his `arrived`."""
    offset = journal_size(site)
    async with ringing(address, site.host, site.site.platform.service_number, forgery) as code:
        assert code == RINGING
        await step_after(site, offset, "queued")
        yield await step_after(site, offset, "arrived")


async def run_entry(plan: Plan, site: SitePlan, channel: str, caller: JournalLine, **variables: str) -> str:
    """One action of the program's own account: the entry behind this Local channel, for this caller; its response."""
    said = {"__CALLERCHAN": caller.caller_channel, "GROUP(pending)": caller.caller_channel} | {
        f"__{name}": value for name, value in variables.items()
    }
    return await asked(
        plan, site, "Action: Originate", f"Channel: {channel}", "Context: trigger", "Exten: s", "Priority: 1",
        "Async: true", "Timeout: 30000", *(f"Variable: {name}={value}" for name, value in said.items()),
    )  # fmt: skip


async def asked(plan: Plan, site: SitePlan, *action: str) -> str:
    """One action of the program's own account, and all that Asterisk answers."""
    secret = load_keys(plan.keys, SiteId(site.id)).ami_secret
    lines = ["Action: Login", "Username: callflow", f"Secret: {secret}", "Events: off", "", *action, ""]
    reader, writer = await asyncio.open_connection(site.host, site.site.addresses.ami_port, local_addr=(site.host, 0))
    try:
        writer.write("\r\n".join([*lines, "Action: Logoff", "", ""]).encode())
        async with asyncio.timeout(ANSWER_LIMIT_S):
            return (await reader.read(-1)).decode()
    finally:
        writer.close()


async def invite(plan: Plan, site: SitePlan, target: str, caller: JournalLine, kind: str = "one_key") -> None:
    """Bring this target of the directory in."""
    await run_entry(plan, site, f"Local/{target}@invite/n", caller, ATTEMPT=str(ULID()), KIND=kind, WAY="desk")
