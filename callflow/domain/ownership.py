"""Whose matter it is (requirements R-006, R-007, R-018).

Rules of this file
1. The first receiver never changes. The owner is the first receiver or whom both platforms agreed on.
2. The platform that holds the caller's carrier leg is the arbiter: it alone settles, once, and tells the peer.
3. The first decisive press wins. Both refuse, or nobody presses in time: the first receiver, by rule.
4. What is settled stays settled, with one exception, once: the platform that has it hands caller and matter back.
"""

from __future__ import annotations

from dataclasses import replace

from callflow.domain.calls import Call
from callflow.domain.commands import SendOwnerDecision, SendOwnerSettled, SettleOwner
from callflow.domain.draft import Draft
from callflow.domain.events import OwnerDecided, PeerOwnerDecided, PeerOwnerSettled
from callflow.domain.names import Kind, Settled, SiteId
from callflow.domain.rules import SiteRules


def is_arbiter(call: Call) -> bool:
    """This platform holds the caller's carrier leg and so settles the owner."""
    return call.caller.from_site is None


def peers_of(call: Call, rules: SiteRules) -> tuple[SiteId, ...]:
    """The platforms that have to do with this incident: who handed him to us and whom we tried, in order.

    In danger also the police, who have a ticket of it from the word alone, whether or not a leg ever went there.
    """
    tried = (rules.peer_of(a.target) for a in call.attempts)
    police = rules.peer_of(rules.danger_target) if call.danger else None
    return tuple(dict.fromkeys(p for p in (call.caller.from_site, *tried, police) if p is not None))


def awaits_agreement(call: Call, rules: SiteRules) -> bool:
    """A peer was in the talk and the owner is ours to settle: both may still press."""
    return (
        is_arbiter(call)
        and call.ownership.settled is None
        and any(a.joined_at is not None and rules.peer_of(a.target) is not None for a in call.attempts)
    )


def owner_decided(draft: Draft, event: OwnerDecided, rules: SiteRules) -> None:
    """Our agent accepts or refuses the matter for this platform; the arbiter is told, or settles."""
    peers = peers_of(draft.call, rules)
    if event.accept and can_be_returned(draft.call, rules, accept=True):
        _settle(draft, draft.call.ownership.first_receiver, Settled.RETURNED, rules)
    elif peers and _note(draft, rules, rules.site, accept=event.accept):
        _say(draft, rules, accept=event.accept)
        _judge(draft, rules)
    else:
        return
    draft.explain("owner", event.agent_id, event.reason)


def peer_owner_decided(draft: Draft, event: PeerOwnerDecided, rules: SiteRules) -> None:
    """The other platform's agent accepts or refuses."""
    involved = event.from_site in peers_of(draft.call, rules)
    if involved and _note(draft, rules, event.from_site, accept=event.accept):
        _judge(draft, rules)
        given_back(draft, rules)


def peer_owner_settled(draft: Draft, event: PeerOwnerSettled, rules: SiteRules) -> None:
    """The arbiter has settled. Only who handed us the caller may say so, and only for one of the two."""
    call = draft.call
    may_own = {rules.site, event.from_site, call.ownership.first_receiver}
    known = {s.value: s for s in Settled}.get(event.settled)
    if event.from_site == call.caller.from_site and event.owner in may_own and known is not None:
        _settle(draft, event.owner, known, rules)


def handed_on_by_one_key(draft: Draft, rules: SiteRules) -> None:
    """Our agent asked to leave, the target answered, he left: responsibility was clear, the target owns it.

    Where we are not the arbiter, handing on means that we do not keep it.
    """
    taker = next((rules.peer_of(a.target) for a in draft.call.attempts if a.is_joined and a.kind is Kind.ONE_KEY), None)
    if taker is None:
        return
    if is_arbiter(draft.call):
        _settle(draft, taker, Settled.AGREED, rules)
    elif _note(draft, rules, rules.site, accept=False):
        _say(draft, rules, accept=False)


def can_be_returned(call: Call, rules: SiteRules, *, accept: bool) -> bool:
    """What is settled may be opened once more.

    `accept`: to take over what a platform handed back to us; else to give up what we handed back.
    """
    own = call.ownership
    if own.settled in (None, Settled.RETURNED):
        return False
    if accept:
        return is_arbiter(call) and call.returned_by is not None and own.owner == call.returned_by
    return not is_arbiter(call) and own.owner == rules.site and any(a.returned_at is not None for a in call.attempts)


def given_back(draft: Draft, rules: SiteRules) -> None:
    """Who has the matter does not keep it, and the caller is back with us: the first receiver holds it."""
    call = draft.call
    gives_up = (call.returned_by, False) in call.ownership.decisions
    if gives_up and can_be_returned(call, rules, accept=True):
        _settle(draft, call.ownership.first_receiver, Settled.RETURNED, rules)


def tell_who_came_late(draft: Draft, knew: tuple[SiteId, ...], rules: SiteRules) -> None:
    """Platforms that have to do with the incident only now hear what was settled. `knew`: whose it was before."""
    call = draft.call
    owner, settled = call.ownership.owner, call.ownership.settled
    if settled is None or not is_arbiter(call):
        return
    for peer in peers_of(call, rules):
        if peer not in knew:
            draft.add(SendOwnerSettled(call.call_id, call.incident_id, peer, owner, settled))


def call_is_over(draft: Draft, rules: SiteRules) -> None:
    """Nobody else was in the talk: the first receiver keeps it. Otherwise the owner clock runs.

    An incident that came without any word of it is settled here as well: the peer's own has another id, so its word
    never comes.
    """
    call = draft.call
    if (is_arbiter(call) and not awaits_agreement(call, rules)) or not (call.is_signed or call.is_said):
        _settle(draft, call.ownership.first_receiver, Settled.FIRST_RECEIVER, rules)


def by_rule(draft: Draft, rules: SiteRules) -> None:
    """No agreement: the first receiver (国办发〔2022〕12号 §二(二)1, R-007)."""
    _settle(draft, draft.call.ownership.first_receiver, Settled.BY_RULE, rules)


def _note(draft: Draft, rules: SiteRules, site: SiteId, *, accept: bool) -> bool:
    """Keep one platform's newest decision. False when settled already, or nothing new.

    After the settlement only this is still heard: who has the matter gives it up.
    """
    own = draft.call.ownership
    ours = site == rules.site
    gives_up = not accept and (can_be_returned(draft.call, rules, accept=False) if ours else site == own.owner)
    closed = own.settled is not None and not (gives_up and own.settled is not Settled.RETURNED)
    if closed or (site, accept) in own.decisions:
        return False
    others = tuple(d for d in own.decisions if d[0] != site)
    draft.change(ownership=replace(own, decisions=(*others, (site, accept))))
    return True


def _say(draft: Draft, rules: SiteRules, *, accept: bool) -> None:
    call = draft.call
    for peer in peers_of(call, rules):
        draft.add(SendOwnerDecision(call.call_id, call.incident_id, peer, accept))


def _judge(draft: Draft, rules: SiteRules) -> None:
    call = draft.call
    if not is_arbiter(call):
        return
    accepted = [site for site, accept in call.ownership.decisions if accept]
    if accepted:
        _settle(draft, accepted[0], Settled.AGREED, rules)
    elif {rules.site, *peers_of(call, rules)} <= {site for site, _ in call.ownership.decisions}:
        by_rule(draft, rules)


def _settle(draft: Draft, owner: SiteId, settled: Settled, rules: SiteRules) -> None:
    call = draft.call
    before = call.ownership.settled
    if before is not None and (settled is not Settled.RETURNED or before is Settled.RETURNED):
        return
    draft.change(ownership=replace(call.ownership, owner=owner, settled=settled))
    draft.add(SettleOwner(call.call_id, call.incident_id, owner, settled))
    if owner == rules.site and peers_of(call, rules):
        draft.mark("kept")
    if is_arbiter(call):
        for peer in peers_of(call, rules):
            draft.add(SendOwnerSettled(call.call_id, call.incident_id, peer, owner, settled))
