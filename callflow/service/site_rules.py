"""From the site file to what the rules need of it."""

from __future__ import annotations

from callflow.domain.names import SiteId, TargetCode
from callflow.domain.rules import SiteRules
from callflow.sitefile import Site

DANGER_SITE = "110"
"""The police platform: who is rung for danger (国办发〔2022〕12号 §二(二)1, R-008)."""

ATTEMPT_MARGIN_S = 20.0
"""Beyond two full rings (the second after a refused number) an attempt is taken for lost."""


def rules_of(site: Site) -> SiteRules:
    """This platform's rules. A directory entry by way of a peer is that peer's platform."""
    peers = {TargetCode(t.code): SiteId(t.via) for t in site.directory if site.peer_of(t.via) is not None}
    human = {peer.id for peer in site.peer if peer.answer_is_human}
    return SiteRules(
        site=SiteId(site.platform.id),
        danger_site=SiteId(DANGER_SITE),
        danger_target=TargetCode(DANGER_SITE),
        targets=frozenset(TargetCode(t.code) for t in site.directory),
        peers=peers,
        max_hops={SiteId(peer.id): peer.max_hops for peer in site.peer},
        answer_is_human=frozenset(
            TargetCode(t.code)
            for t in site.directory
            if (t.via in human if site.peer_of(t.via) is not None else t.answer_is_human)
        ),
        contacts={TargetCode(t.code): len(t.contacts) for t in site.directory if t.contacts},
        human_contacts=frozenset(
            (TargetCode(t.code), nth)
            for t in site.directory
            for nth, contact in enumerate(t.contacts, 1)
            if contact.answer_is_human
        ),
        grace_s=site.timing.handover_grace_s,
        owner_limit_s=site.timing.owner_limit_s,
        waiting_limit_s=site.timing.waiting_limit_s,
        attempt_limit_s=2 * site.timing.answer_limit_s + ATTEMPT_MARGIN_S,
    )
