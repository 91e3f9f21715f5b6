"""What each step of a ticket means: what shall happen to it, and to whom the matter is given besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from callflow.domain import tickets as t
from callflow.domain.codes import is_unit_code
from callflow.domain.names import SiteId, TicketId
from callflow.service.site_rules import DANGER_SITE
from callflow.service.ticket_ports import Given
from callflow.web.errors import Problem

if TYPE_CHECKING:
    from callflow.domain.tickets import Happening, Life
    from callflow.web.deps import Deps


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step is made from."""

    deps: Deps
    life: Life
    ask: Any
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Meant:
    """What shall happen, and to whom the matter is given besides."""

    happenings: Sequence[Happening]
    given: Given | None = None


def sign(asked: Asked) -> Meant:
    """签收."""
    return Meant([t.Signed(asked.at, asked.by)])


def respond(asked: Asked) -> Meant:
    """初步响应, 办理."""
    return Meant([t.Responded(asked.at, asked.by, note=asked.ask.text)])


def feed_back(asked: Asked) -> Meant:
    """反馈."""
    return Meant([t.FedBack(asked.at, asked.by, result=asked.ask.text, told_by=asked.ask.told_by)])


def citizen_told(asked: Asked) -> Meant:
    """答复诉求人."""
    return Meant([t.CitizenTold(asked.at, asked.by, channel=asked.ask.channel)])


def call_back(asked: Asked) -> Meant:
    """回访."""
    return Meant([t.CalledBack(asked.at, asked.by, satisfied=asked.ask.satisfied)])


def close(asked: Asked) -> Meant:
    """办结."""
    return Meant([t.Closed(asked.at, asked.by)])


def give_back(asked: Asked) -> Meant:
    """退回. What the other platform gave us goes back to it, and it has the matter again."""
    returned: list[Happening] = [t.Returned(asked.at, asked.by, reason=asked.ask.text)]
    peer = asked.life.peer
    if peer is not None and asked.life.came_from_peer:
        returned.append(t.Entrusted(asked.at, asked.by, peer=peer, owes=True))
        returned.append(t.Dispatched(asked.at, asked.by, unit=peer))
    return Meant(returned)


def dispatch(asked: Asked) -> Meant:
    """派发: to a unit, or across to the other platform (R-010, R-011, R-013)."""
    ask, life = asked.ask, asked.life
    if ask.platform is not None:
        peer = _peer(asked.deps, ask.platform)
        across = [
            t.Entrusted(asked.at, asked.by, peer=peer, owes=True),
            t.Dispatched(asked.at, asked.by, unit=peer, assisting=ask.assisting),
        ]
        return Meant(across, Given(peer, ask.text))
    unit = ask.unit or (life.unit if life.bound else "")
    _check_units(*filter(None, (ask.unit, *ask.assisting)))
    return Meant([t.Dispatched(asked.at, asked.by, unit=unit, assisting=ask.assisting)])


def dispute(asked: Asked) -> Meant:
    """申请会商."""
    return Meant([t.Disputed(asked.at, asked.by, reason=asked.ask.text)])


def settle(asked: Asked) -> Meant:
    """会商结论."""
    _check_units(asked.ask.unit)
    return Meant([t.Settled(asked.at, asked.by, unit=asked.ask.unit, binds=asked.ask.binds)])


def escalate(asked: Asked) -> Meant:
    """升级: the police get a linked ticket; at the police the danger is marked (R-012)."""
    escalated: list[Happening] = [t.Escalated(asked.at, asked.by, reason=asked.ask.text)]
    police = asked.deps.site.peer_of(DANGER_SITE)
    if police is None:
        return Meant(escalated)
    peer = SiteId(police.id)
    return Meant([*escalated, t.Entrusted(asked.at, asked.by, peer=peer, owes=True)], Given(peer, asked.ask.text))


def cooperate(asked: Asked) -> Meant:
    """协同处置: the other platform gets a linked ticket for its part; ours and its clocks go on (R-013, R-014)."""
    if not asked.ask.text.strip():
        raise Problem("reason-missing")
    peer = _peer(asked.deps, asked.ask.platform)
    if asked.life.unit == peer:
        raise Problem("step-not-now")
    beside = t.Entrusted(asked.at, asked.by, peer=peer, owes=True, beside=True)
    return Meant([beside], Given(peer, asked.ask.text))


def merge(asked: Asked) -> Meant:
    """并单."""
    return Meant([t.Merged(asked.at, asked.by, into=TicketId(asked.ask.into))])


def seal(asked: Asked) -> Meant:
    """保密: for those who know it, and whom he names, from now on."""
    known = {account.id for account in asked.deps.site.agent}
    if not known.issuperset(asked.ask.agents):
        raise Problem("account-unknown")
    return Meant([t.Sealed(asked.at, asked.by, insiders=(asked.by, *asked.ask.agents))])


def unseal(asked: Asked) -> Meant:
    """解密."""
    return Meant([t.Unsealed(asked.at, asked.by, reason=asked.ask.text)])


def relevel(asked: Asked) -> Meant:
    """A person's level, kind of matter and category instead of the classifier's, and what the ticket says."""
    ask, life, rules = asked.ask, asked.life, asked.deps.ticket_rules
    check_category(asked.deps, ask.category)
    check_region(asked.deps, ask.region)
    level, matter = ask.level or life.level, ask.matter or life.matter
    due = rules.deadlines(life, level, matter)
    judged = t.Relevelled(asked.at, asked.by, level, matter, ask.category, due)
    texts = (ask.location, ask.region, ask.summary)
    written = [] if texts == (None, None, None) else [t.Described(asked.at, asked.by, *texts)]
    return Meant([judged, *written])


def check_region(deps: Deps, region: str | None) -> None:
    """A place is one of GB/T 2260, or none."""
    if region is not None and deps.regions.name(region) is None:
        raise Problem("region-unknown")


def check_category(deps: Deps, category: str | None) -> None:
    """A category is one of the tree in force, or none."""
    if category and category not in deps.ticket_rules.categories.names:
        raise Problem("category-unknown")


def _check_units(*codes: str) -> None:
    if not all(is_unit_code(code) for code in codes):
        raise Problem("unit-code-wrong")


def _peer(deps: Deps, platform: str) -> SiteId:
    if deps.site.peer_of(platform) is None:
        raise Problem("platform-unknown")
    return SiteId(platform)
