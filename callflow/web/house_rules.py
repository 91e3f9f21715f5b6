"""A site as its administrator sees it, to read only: directory, accounts, trust table, keys, limits, and who is banned.

It is changed in the site file and by `./run pbx`, never by a browser: a stolen session must not change whom we trust.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import Field

from callflow.domain.bans import Reason
from callflow.domain.names import TargetCode
from callflow.service.trust import warnings
from callflow.site_directory import Target
from callflow.site_keeping import Recording, Retention
from callflow.site_people import AgentAccount
from callflow.site_trunks import Carrier, Peer
from callflow.sitefile import Platform, Timing
from callflow.web.routes import Role, Route, Visit, answer
from callflow.web.schemas import View

if TYPE_CHECKING:
    from aiohttp import web

HOUSE_READERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


class WarnedView(View):
    """Something that deserves a look; `grave`: calls or trust are at risk, else it may well be meant so."""

    about: str
    grave: bool
    zh: str
    en: str


class KeysView(View):
    """When certificates end, and digests of public keys (SHA-256 of the SubjectPublicKeyInfo). No secret."""

    certificate_ends_at: float
    authority_ends_at: float
    exchange_key: str
    peer_keys: dict[str, str]


class SiteView(View):
    """The site file as it is in force, with what is known of its keys; `at` is now by the site's clock."""

    at: float
    platform: Platform
    directory: list[Target]
    reachable: dict[str, bool | None] = Field(description="by directory code; null: nobody can say")
    carriers: list[Carrier]
    peers: list[Peer]
    accounts: list[AgentAccount]
    timing: Timing
    recording: Recording
    retention: Retention
    keys: KeysView
    warnings: list[WarnedView]


class BanView(View):
    """A source address that is refused, and until when (epoch seconds)."""

    address: str
    reason: Reason
    since: float
    until: float
    times: int


class BanList(View):
    """Who is refused now, the last to be let in first."""

    bans: list[BanView]


async def show_site(visit: Visit, _ask: None) -> web.Response:
    """Everything but secrets."""
    site, keys = visit.deps.site, visit.deps.keys
    return answer(
        SiteView(
            at=visit.now,
            platform=site.platform,
            directory=list(site.directory),
            reachable={one.code: visit.deps.is_reachable(TargetCode(one.code)) for one in site.directory},
            carriers=list(site.carrier),
            peers=list(site.peer),
            accounts=list(site.agent),
            timing=site.timing,
            recording=site.recording,
            retention=site.retention,
            keys=KeysView.model_validate(asdict(keys)),
            warnings=[WarnedView.model_validate(asdict(one)) for one in warnings(site, keys, visit.now)],
        )
    )


async def show_bans(visit: Visit, _ask: None) -> web.Response:
    """Who is refused now."""
    bans = await asyncio.to_thread(visit.deps.bans)
    live = sorted((one for one in bans if one.until > visit.now), key=lambda one: -one.until)
    return answer(
        BanList(
            bans=[
                BanView(address=str(one.address), reason=one.reason, since=one.since, until=one.until, times=one.times)
                for one in live
            ]
        )
    )


ROUTES = (
    Route(
        "GET",
        "/api/v1/site",
        show_site,
        "The site file as it is in force, digests of keys, and what deserves a second look; no secret.",
        roles=HOUSE_READERS,
        answers={200: SiteView},
    ),
    Route(
        "GET",
        "/api/v1/bans",
        show_bans,
        "Source addresses that are refused now.",
        roles=ADMINISTRATORS,
        answers={200: BanList},
    ),
)
