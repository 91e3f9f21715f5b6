"""`./run conformance URL`: every check against one peer, and a verdict for each requirement row."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from rich.console import Console
from rich.table import Table

from callflow.adapters.exchange_http import client_tls
from callflow.conformance.checks import Examiner
from callflow.conformance.lines import Ends, FileLine, Line, pull_line, push_line
from callflow.conformance.suite import judge, of
from callflow.domain.names import SiteId
from callflow.lab.keys import SiteKeys, load_keys
from callflow.lab.plan import LabError, Plan
from callflow.service.exchange import Mode
from callflow.service.messages import VERSION
from callflow.service.signatures import Keyring, Signer
from callflow.web.exchange import server_tls

TLS_LIMIT_S = 10.0
TLS_ROWS = ("R-060", "T-18")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check, judged. `why`: what the peer did otherwise, "" when it passed."""

    check: str
    rows: tuple[str, ...]
    says: str
    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to examine, as whom, and by which way."""

    url: str
    site: SiteId
    peer: SiteId
    keys: SiteKeys

    @property
    def mode(self) -> Mode:
        """By the URL: https is his door, file: two folders, pull: a door of ours at which he fetches."""
        return {"file": Mode.FILE, "pull": Mode.PULL}.get(urlsplit(self.url).scheme, Mode.PUSH)


def run_conformance(plan: Plan, url: str, *, keys: Path | None, site: str, peer: str, as_json: bool) -> int:
    """Examine the peer; 0 when it conforms in everything, else 1.

    Raises:
        LabError, KeysError: whom to examine, or as whom, is not clear.
    """
    if not (site and peer):
        site, peer = _ends_of(plan, url)
    asked = Asked(url, SiteId(site), SiteId(peer), load_keys(keys or plan.keys, SiteId(site)))
    if asked.peer not in asked.keys.peer_keys:
        raise LabError(f"{asked.site}'s keys hold none of {asked.peer}: name it by --peer, its key by --keys")
    try:
        verdicts = asyncio.run(_examine(asked))
    except OSError as error:
        raise LabError(f"{url}: {error.strerror or error}; is it the peer's exchange address?") from error
    report = _report(asked, verdicts)
    if as_json:
        sys.stdout.write(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    else:
        _show(asked, verdicts)
    return 0 if report["conforms"] else 1


def _ends_of(plan: Plan, url: str) -> tuple[str, str]:
    """In our own lab the address says who is asked; the other one asks."""
    asked = urlsplit(url)
    sites = {(site.host, site.site.addresses.exchange_port): site.id for site in plan.sites}
    if (asked.hostname or "", asked.port or 0) not in sites:
        raise LabError(
            f"{url} is no site of lab {plan.base}: say --as SITE --peer SITE --keys DIR, or the lab's --base N"
        )
    peer = sites[asked.hostname or "", asked.port or 0]
    return next(site.id for site in plan.sites if site.id != peer), peer


async def _examine(asked: Asked) -> list[Verdict]:
    verdicts: list[Verdict] = []
    ends = Ends(asked.site, asked.peer, Keyring(asked.keys.peer_keys))
    async with _line(asked, ends) as line:
        examiner = Examiner(line, ends, Signer(asked.site, asked.keys.exchange_key), time.time)
        for check in of(asked.mode):
            began = time.monotonic()
            why = await judge(check, examiner)
            verdicts.append(Verdict(check.name, check.rows, check.says, why or "", time.monotonic() - began))
    return verdicts + (await _tls(asked) if asked.mode is Mode.PUSH else [])


@asynccontextmanager
async def _line(asked: Asked, ends: Ends) -> AsyncIterator[Line]:
    keys, parts = asked.keys, urlsplit(asked.url)
    if asked.mode is Mode.FILE:
        out, _, into = parts.path.partition(",")
        if not into:
            raise LabError(f"{asked.url}: two folders are wanted, file:/what/we/put/out,/what/comes/into")
        yield FileLine(ends, Path(out), Path(into))
    elif asked.mode is Mode.PULL:
        tls = server_tls(keys.ca_certificate, keys.tls_certificate, keys.tls_key)
        async with pull_line(ends, parts.hostname or "", parts.port or 8443, tls) as at_our_door:
            yield at_our_door
    else:
        tls = client_tls(keys.ca_certificate, keys.tls_certificate, keys.tls_key)
        async with push_line(ends, asked.url, tls) as at_his_door:
            yield at_his_door


async def _tls(asked: Asked) -> list[Verdict]:
    """Nobody talks with it without a certificate, or in an older TLS."""
    keys = asked.keys
    nobody = ssl.create_default_context(cafile=keys.ca_certificate)
    older = client_tls(keys.ca_certificate, keys.tls_certificate, keys.tls_key)
    older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_2
    asking = {
        "no_certificate": (nobody, "Who shows no certificate is not talked to."),
        "older_tls": (older, "TLS 1.2 is not spoken."),
    }
    verdicts = []
    for name, (tls, says) in asking.items():
        began = time.monotonic()
        why = await _talks(asked.url, tls)
        verdicts.append(Verdict(name, TLS_ROWS, says, why, time.monotonic() - began))
    return verdicts


async def _talks(url: str, tls: ssl.SSLContext) -> str:
    limit = ClientTimeout(total=TLS_LIMIT_S)
    try:
        async with (
            ClientSession(connector=TCPConnector(ssl=tls), timeout=limit) as session,
            session.get(f"{url.rstrip('/')}/templates") as answer,
        ):
            return f"it answers {answer.status}"
    except (ClientError, OSError):
        return ""


def _report(asked: Asked, verdicts: Sequence[Verdict]) -> dict[str, object]:
    rows = sorted({row for verdict in verdicts for row in verdict.rows})
    return {
        "url": asked.url,
        "mode": asked.mode.value,
        "as": asked.site,
        "peer": asked.peer,
        "version": VERSION,
        "conforms": not any(verdict.why for verdict in verdicts),
        "requirements": {row: "failed" if _failed(row, verdicts) else "passed" for row in rows},
        "checks": [asdict(verdict) for verdict in verdicts],
    }


def _failed(row: str, verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.why for verdict in verdicts if row in verdict.rows)


def _show(asked: Asked, verdicts: Sequence[Verdict]) -> None:
    console = Console()
    table = Table(title=f"{asked.peer}, asked by {asked.site}, {asked.mode.value}, messages {VERSION}")
    for column in ("", "check  检查", "rows  条款", "what is asked  要求"):
        table.add_column(column)
    for one in verdicts:
        says = one.says if not one.why else f"{one.says}\n[red]{one.why}[/red]"
        table.add_row("✗" if one.why else "✓", one.check, " ".join(one.rows), says)
    console.print(table)
    for row in sorted({row for verdict in verdicts for row in verdict.rows}):
        bad = [verdict.check for verdict in verdicts if row in verdict.rows and verdict.why]
        console.print(f"{row}  {'FAILED 不符合: ' + ', '.join(bad) if bad else 'passed 符合'}", highlight=False)
