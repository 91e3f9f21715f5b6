"""What `/health/ready` asks: each neighbour of the program, and what is wrong with it in a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agi.link import AmiLink
from agi.trunks import Trunks
from callflow.adapters.exchange_lines import ExchangeLines
from callflow.adapters.redis_desks import RedisDesks
from callflow.adapters.ticket_webhook import TicketWebhook
from callflow.domain.names import SiteId
from callflow.guard.memory import cause_of, read_memory
from callflow.service.patient_facts import PatientFacts
from callflow.service.put_off import PutOff
from callflow.service.recordings import RecordingKeeper
from callflow.service.runner import Runner
from callflow.sitefile import Site
from callflow.web.deps import Probe


def probes_of(
    link: AmiLink, runner: Runner, facts: PatientFacts, desks: RedisDesks, keeper: RecordingKeeper, *, put_off: PutOff
) -> dict[str, Probe]:
    """One probe a neighbour, by its name."""

    async def asterisk() -> str | None:
        return None if link.is_up else "no AMI link"

    async def journal() -> str | None:
        return None if runner.ready.is_set() else "the journal's backlog is being read"

    async def sql() -> str | None:
        waiting = facts.unwritten + put_off.waiting
        return f"{waiting} commits wait for the database" if waiting else None

    async def redis() -> str | None:
        return "Redis does not answer; desks lose no fact, only their view's past" if desks.is_away else None

    async def recording() -> str | None:
        return keeper.forbidden

    return {"asterisk": asterisk, "journal": journal, "sql": sql, "redis": redis, "recording": recording}


def platforms_of(
    site: Site, trunks: Trunks, exchange: ExchangeLines, webhooks: Mapping[str, TicketWebhook]
) -> dict[str, Probe]:
    """Two lines to each peer, voice and data, and those to whom we tell by webhook, by their names."""

    def trunk(peer: str) -> Probe:
        async def asked() -> str | None:
            return f"the PBX of {peer} does not answer" if trunks.answers(peer) is False else None

        return asked

    def line(peer: str) -> Probe:
        async def asked() -> str | None:
            return exchange.away.get(SiteId(peer))

        return asked

    own = {name: webhook.trouble for name, webhook in webhooks.items()}
    lines = {f"trunk-{p.id}": trunk(p.id) for p in site.peer} | {f"exchange-{p.id}": line(p.id) for p in site.peer}
    return lines | own


def guard_of(folder: Path, clock: Callable[[], float]) -> Probe:
    """Whether attackers are refused. Callers are served without it, so it takes no site out of service."""

    async def guard() -> str | None:
        return cause_of(read_memory(folder), clock())

    return guard
