"""What a site's rules need to know of the site file and of policy: plain values, handed to `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from callflow.domain.names import SiteId, TargetCode


@dataclass(frozen=True, slots=True)
class SiteRules:
    """One platform's fixed facts. Everything that differs between 12345 and 110 is in here."""

    site: SiteId
    danger_site: SiteId
    """The platform that answers danger: 110."""
    danger_target: TargetCode
    """Its directory code here."""
    targets: frozenset[TargetCode]
    """The directory: every code that an agent may hand a caller to."""
    peers: Mapping[TargetCode, SiteId]
    """Directory codes that are a platform with our exchange and a linked ticket, such as "110"."""
    max_hops: Mapping[SiteId, int] = field(default_factory=dict)
    """An incident handed on this often is not handed to that peer again (R-018, ping-pong guard)."""
    answer_is_human: frozenset[TargetCode] = frozenset()
    """Targets where an answer means a person; elsewhere our agent leaves only by his own key."""
    contacts: Mapping[TargetCode, int] = field(default_factory=dict)
    """How many duty phones a directory entry has beside its own line; they count from 1."""
    human_contacts: frozenset[tuple[TargetCode, int]] = frozenset()
    """Of those, where an answer means a person."""
    grace_s: float = 3.0
    owner_limit_s: float = 60.0
    waiting_limit_s: float = 30.0
    attempt_limit_s: float = 60.0
    """Backstop for an attempt of which nothing more is heard: ring time, one retry and a margin."""

    @property
    def is_danger_site(self) -> bool:
        """This platform is itself the one that answers danger (110)."""
        return self.site == self.danger_site

    def means_a_person(self, target: TargetCode, contact: int) -> bool:
        """An answer there is a human's; elsewhere our agent leaves only by his own key."""
        return (target, contact) in self.human_contacts if contact else target in self.answer_is_human

    def contact_after(self, target: TargetCode, contact: int) -> int | None:
        """The duty phone to try after this one (0 is the entry's own line), or None when it was the last."""
        return contact + 1 if contact < self.contacts.get(target, 0) else None

    def peer_of(self, target: TargetCode) -> SiteId | None:
        """The platform behind a directory code, or None when it has no exchange with us."""
        return self.peers.get(target)
