"""The laws that hold for every call after every event, as one function each; tests apply them everywhere."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from callflow.domain.calls import Call
from callflow.domain.clocks import next_deadline
from callflow.domain.commands import SendOwnerSettled
from callflow.domain.events import Event
from callflow.domain.handover import TABLE, Decision, decide
from callflow.domain.names import Kind, Phase, Settled
from callflow.domain.ownership import is_arbiter, peers_of
from callflow.domain.presence import LOOKED_AFTER, there
from callflow.domain.rules import SiteRules

OVER = {Phase.ENDED, Phase.ABANDONED, Phase.CALL_BACK}


def owner_is_agreed_or_first_receiver(call: Call, _rules: SiteRules) -> None:
    own = call.ownership
    assert own.owner == own.first_receiver or own.settled is Settled.AGREED


def one_live_attempt_a_target(call: Call, _rules: SiteRules) -> None:
    live = [a.target for a in call.attempts if a.is_live]
    assert len(live) == len(set(live)), live


def one_attempt_may_release_the_agent(call: Call, _rules: SiteRules) -> None:
    assert sum(1 for a in call.attempts if a.is_live and a.kind is Kind.ONE_KEY) <= 1


def attempt_ids_are_unique(call: Call, _rules: SiteRules) -> None:
    ids = [a.attempt_id for a in call.attempts]
    assert len(ids) == len(set(ids))


def phase_is_who_hears_whom(call: Call, _rules: SiteRules) -> None:
    if call.is_over:
        assert call.ended_at is not None
        assert call.agent is None
        assert not any(a.is_live for a in call.attempts)
    elif call.phase is Phase.AGENTS_ONLY:
        assert call.agent_is_in
        assert any(a.is_live for a in call.attempts)
    elif call.phase in LOOKED_AFTER | {Phase.WAITING}:
        assert not call.agent_is_in
        assert not any(a.is_joined for a in call.attempts)
    elif call.alone_since is None:
        assert there(call) is call.phase


def a_caller_with_nobody_is_looked_after(call: Call, rules: SiteRules) -> None:
    """No live phase without a way on: people, the dialplan's queue, or our own clock."""
    if call.is_over or call.phase is Phase.AGENTS_ONLY or call.agent_is_in:
        return
    if any(a.is_joined for a in call.attempts) or call.phase is Phase.QUEUED:
        return
    if call.phase is Phase.RECALLING and call.recalled:
        return
    assert next_deadline(call, rules) is not None


def the_owner_of_a_carrier_call_gets_settled(call: Call, rules: SiteRules) -> None:
    if call.is_over and call.caller.from_site is None and call.ownership.settled is None:
        deadline = next_deadline(call, rules)
        assert deadline is not None
        assert deadline[1] == "owner"


LAWS: tuple[Callable[[Call, SiteRules], None], ...] = (
    owner_is_agreed_or_first_receiver,
    one_live_attempt_a_target,
    one_attempt_may_release_the_agent,
    attempt_ids_are_unique,
    phase_is_who_hears_whom,
    a_caller_with_nobody_is_looked_after,
    the_owner_of_a_carrier_call_gets_settled,
)


def _owner(call: Call) -> tuple[str, Settled | None]:
    return call.ownership.owner, call.ownership.settled


def decide_lawfully(call: Call | None, event: Event, rules: SiteRules) -> Decision:
    """Decide, and check every law: of the step, of the call it made, and that repeating it changes nothing."""
    decision = decide(call, event, event.at, rules)
    after = decision.call
    if after is None:
        return decision
    for law in LAWS:
        law(after, rules)
    if call is not None:
        assert after.phase in {call.phase, *TABLE[call.phase][type(event)].to}, (
            f"{call.phase} --{type(event).__name__}--> {after.phase} is not in the table"
        )
        assert call.ownership.first_receiver == after.ownership.first_receiver
        assert call.phase not in OVER or after.phase is call.phase
        assert not (call.danger and not after.danger)
        assert not (call.call_back and not after.call_back)
        settles_again = after.ownership.settled is Settled.RETURNED is not call.ownership.settled
        assert call.ownership.settled is None or settles_again or _owner(call) == _owner(after)
        for before, now in zip(call.attempts, after.attempts, strict=False):
            assert before.ended_at is None or before.ended_at == now.ended_at
        assert all(x.attempt_id == y.attempt_id for x, y in zip(call.attempts, after.attempts, strict=False))
    if is_arbiter(after) and after.ownership.settled is not None:
        heard = {record.peer for record in decision.records if isinstance(record, SendOwnerSettled)}
        knew = peers_of(call, rules) if call is not None else ()
        assert set(peers_of(after, rules)) <= {*knew, *heard}, "who comes to it late hears what was settled"
    again = decide(after, event, event.at, rules)
    assert again == Decision(after), f"a repeated {type(event).__name__} in {after.phase} changed something"
    return decision


def play(events: list[Event], rules: SiteRules) -> Call:
    """The call after these events, in order, every law checked at every step."""
    call: Call | None = None
    for earlier, later in pairwise(events):
        assert earlier.at <= later.at
    for event in events:
        call = decide_lawfully(call, event, rules).call
    assert call is not None
    return call
