"""Both platforms' machines together, with everything that can cross: messages late, keys pressed at once, legs gone.

The legs, desks and clocks of either side do anything at any moment; the signed messages between the sites arrive
in order, each when it likes. Afterwards both must name the same owner.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from callflow.domain.calls import Call
from callflow.domain.clocks import next_deadline
from callflow.domain.commands import Record, ToPeer
from callflow.domain.events import (
    AgentAnswered,
    CallerEnded,
    CallerReturned,
    DangerRaised,
    DeadlinePassed,
    Event,
    HandoverRequested,
    LegLeft,
    NoteWritten,
    OwnerDecided,
    PeerEvent,
    PeerOwnerSettled,
    StayRequested,
    TargetInvited,
    TargetJoined,
)
from callflow.domain.names import AttemptId, ChannelName, Consent, Kind, Phase, Role, Settled, SiteId, Way
from callflow.domain.ownership import peers_of
from callflow.domain.refusals import RefusalCode, refusal
from callflow.domain.rules import SiteRules
from tests.unit.domain.between import as_peer_hears
from tests.unit.domain.laws import decide_lawfully
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    COLLEAGUE,
    COLLEAGUE_CHANNEL,
    FIRST,
    GOV,
    GOV_RULES,
    OFFICER,
    PEER_CALL,
    POLICE,
    POLICE_RULES,
    SECOND,
    TO_GOV,
    TO_POLICE,
    TRUNK,
    caller_arrived,
    one_of_each,
)

BACK, BACK_LEG = AttemptId("01JATT00000000000000000003"), ChannelName("PJSIP/peer-00000031")
THIRD, AGREED = AttemptId("01JATT00000000000000000004"), Consent.AGREED
OFFICER_CHANNEL = ChannelName("PJSIP/9001-00000004")


class TwoPlatforms(RuleBasedStateMachine):
    """12345 holds the citizen's carrier leg; 110 gets him by the trunk between them."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0
        self.calls: dict[SiteId, Call] = {}
        self.rules: dict[SiteId, SiteRules] = {GOV: GOV_RULES, POLICE: POLICE_RULES}
        self.call_ids = {GOV: CALL, POLICE: PEER_CALL}
        self.agents = {GOV: (AGENT, AGENT_CHANNEL), POLICE: (OFFICER, OFFICER_CHANNEL)}
        self.under_way: dict[SiteId, deque[Record]] = {GOV: deque(), POLICE: deque()}
        self.delivered: dict[SiteId, list[PeerEvent]] = {GOV: [], POLICE: []}

    @initialize(handed_over=st.booleans(), kind=st.sampled_from(Kind))
    def a_citizen_calls_12345(self, handed_over: bool, kind: Kind) -> None:  # noqa: FBT001 - drawn by hypothesis
        """Half of the runs begin where he is with an officer already: chance alone seldom gets so far."""
        self.feed(GOV, caller_arrived(self.at))
        self.feed(GOV, AgentAnswered(CALL, self.at, AGENT, AGENT_CHANNEL))
        if handed_over:
            self.handover_to_110(kind, Way.DESK)
            self.the_citizen_rings_at_110()
            self.an_officer_answers_and_is_in()
            self.feed(GOV, LegLeft(CALL, self.later(), Role.AGENT, AGENT_CHANNEL, 16))

    def feed(self, site: SiteId, event: Event) -> None:
        decision = decide_lawfully(self.calls.get(site), event, self.rules[site])
        assert decision.call is not None
        self.calls[site] = decision.call
        other = POLICE if site == GOV else GOV
        self.under_way[other].extend(r for r in decision.records if isinstance(r, ToPeer))

    def later(self, seconds: float = 0.3) -> float:
        self.at += seconds
        return self.at

    # ---- what the legs and the desks do

    @rule(kind=st.sampled_from(Kind), accept_as=st.sampled_from([Way.DESK, Way.PHONE_KEY]))
    def handover_to_110(self, kind: Kind, accept_as: Way) -> None:
        at = self.later()
        if accept_as is Way.DESK:
            self.feed(GOV, HandoverRequested(CALL, at, AGENT, FIRST, TO_POLICE, kind, Consent.AGREED, ""))
        else:
            self.feed(GOV, TargetInvited(CALL, at, FIRST, TO_POLICE, kind, accept_as, TRUNK, danger=False))

    @precondition(lambda self: POLICE not in self.calls and self.calls[GOV].attempt(FIRST) is not None)
    @rule()
    def the_citizen_rings_at_110(self) -> None:
        channel = ChannelName("PJSIP/peer-00000021")
        self.feed(POLICE, caller_arrived(self.later(), call_id=PEER_CALL, from_site=GOV, hop=1, channel=channel))

    @precondition(lambda self: POLICE in self.calls)
    @rule()
    def an_officer_answers_and_is_in(self) -> None:
        self.feed(POLICE, AgentAnswered(PEER_CALL, self.later(), OFFICER, OFFICER_CHANNEL))
        self.feed(GOV, TargetJoined(CALL, self.later(), FIRST))

    @precondition(lambda self: POLICE in self.calls)
    @rule(kind=st.sampled_from(Kind))
    def both_hand_over_to_each_other_at_once(self, kind: Kind) -> None:
        at = self.later()
        self.feed(POLICE, HandoverRequested(PEER_CALL, at, OFFICER, SECOND, TO_GOV, kind, Consent.AGREED, ""))
        self.feed(GOV, HandoverRequested(CALL, at, AGENT, SECOND, TO_POLICE, kind, Consent.AGREED, ""))

    @precondition(lambda self: POLICE in self.calls)
    @rule(ours=st.booleans(), theirs=st.booleans())
    def both_press_at_once(self, ours: bool, theirs: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        at = self.later()
        self.feed(GOV, OwnerDecided(CALL, at, AGENT, accept=ours))
        self.feed(POLICE, OwnerDecided(PEER_CALL, at, OFFICER, accept=theirs))

    @precondition(lambda self: POLICE in self.calls)
    @rule(site=st.sampled_from([GOV, POLICE]), accept=st.booleans())
    def an_agent_presses_while_leaving(self, site: SiteId, accept: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        agent, channel = self.agents[site]
        at = self.later()
        self.feed(site, LegLeft(self.call_ids[site], at, Role.AGENT, channel, 16))
        self.feed(site, OwnerDecided(self.call_ids[site], at, agent, accept=accept))

    @precondition(lambda self: self.can_hand_back())
    @rule(kind=st.sampled_from(Kind), ours_first=st.booleans(), stay=st.booleans())
    def handed_back_through_the_live_bridge(self, kind: Kind, ours_first: bool, stay: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """An officer hands back; our colleague's leg joins the bridge, the new leg is released with cause 7.

        The two platforms' journals are read in any order; the officer leaves, or is released, or stays.
        """
        at = self.later()
        self.feed(POLICE, TargetInvited(PEER_CALL, at, BACK, TO_GOV, kind, Way.PHONE_KEY, BACK_LEG, danger=False))
        ours: list[Event] = [
            AgentAnswered(CALL, at, COLLEAGUE, COLLEAGUE_CHANNEL),
            CallerReturned(CALL, at, POLICE, 2),
        ]
        for event in ours if ours_first else reversed(ours):
            self.feed(GOV, event)
        self.feed(POLICE, TargetJoined(PEER_CALL, at, BACK))
        self.feed(POLICE, LegLeft(PEER_CALL, self.later(), Role.TARGET, BACK_LEG, 7, BACK))
        self.agents[GOV] = (COLLEAGUE, COLLEAGUE_CHANNEL)
        if not stay:
            self.feed(POLICE, LegLeft(PEER_CALL, self.later(), Role.AGENT, OFFICER_CHANNEL, 16))
            self.feed(POLICE, CallerEnded(PEER_CALL, self.later(), 7, by_fault=False))
            self.feed(GOV, LegLeft(CALL, self.at, Role.TARGET, TRUNK, 7, FIRST))

    def can_hand_back(self) -> bool:
        """He is with an officer through our leg, nobody of ours is with him, and he was not handed back before."""
        theirs, first = self.calls.get(POLICE), self.calls[GOV].attempt(FIRST) if GOV in self.calls else None
        return (
            theirs is not None
            and theirs.agent_is_in
            and theirs.attempt(BACK) is None
            and not theirs.is_over
            and first is not None
            and first.is_joined
            and not self.calls[GOV].is_over
            and not self.calls[GOV].agent_is_in
        )

    @rule(site=st.sampled_from([GOV, POLICE]))
    def danger_is_raised(self, site: SiteId) -> None:
        """At any moment, also when the call is over."""
        if site in self.calls:
            self.feed(site, DangerRaised(self.call_ids[site], self.later(), self.agents[site][0]))

    @rule(site=st.sampled_from([GOV, POLICE]))
    def a_note_is_written(self, site: SiteId) -> None:
        if site in self.calls:
            text = f"note at {self.later():.1f}"
            self.feed(site, NoteWritten(self.call_ids[site], self.at, self.agents[site][0], text))

    @rule()
    def our_agent_stays(self) -> None:
        self.feed(GOV, StayRequested(CALL, self.later(), AGENT))

    @rule(site=st.sampled_from([GOV, POLICE]), choice=st.integers(0, 200), pause_s=st.floats(0.0, 10.0))
    def anything_else_happens(self, site: SiteId, choice: int, pause_s: float) -> None:
        if site not in self.calls:
            return
        at = self.later(pause_s)
        happenings = [e for e in one_of_each(at, self.call_ids[site]) if not isinstance(e, PeerEvent)]
        event: Any = happenings[choice % len(happenings)]
        if site == POLICE and hasattr(event, "agent_id"):
            event = replace(event, agent_id=OFFICER)
        self.feed(site, event)

    @rule(site=st.sampled_from([GOV, POLICE]))
    def a_clock_runs_out(self, site: SiteId) -> None:
        deadline = next_deadline(self.calls[site], self.rules[site]) if site in self.calls else None
        if deadline is not None:
            self.at = max(self.at, deadline[0])
            self.feed(site, DeadlinePassed(self.call_ids[site], self.at, deadline[1]))

    @rule(site=st.sampled_from([GOV, POLICE]))
    def a_message_arrives(self, site: SiteId) -> None:
        """In order; it waits while its call is not there yet, as the exchange's books do."""
        if self.under_way[site] and site in self.calls:
            sender = POLICE if site == GOV else GOV
            event = as_peer_hears(self.under_way[site].popleft(), sender, self.call_ids[site], self.later(0.01))
            if event is not None:
                self.feed(site, event)
                self.delivered[site].append(event)

    @rule(site=st.sampled_from([GOV, POLICE]), which=st.integers(0, 30))
    def an_old_message_arrives_again(self, site: SiteId, which: int) -> None:
        """The exchange takes each message once; were one to slip through, it could not turn back what is settled."""
        if self.delivered[site]:
            event = self.delivered[site][which % len(self.delivered[site])]
            before = self.calls[site]
            if isinstance(event, PeerOwnerSettled):
                self.feed(site, replace(event, at=self.later(0.01)))
                assert before.ownership.settled is None or self.calls[site].ownership.owner == before.ownership.owner

    # ---- what must hold

    @invariant()
    def who_both_have_settled_is_one_owner(self) -> None:
        ours, theirs = self.calls.get(GOV), self.calls.get(POLICE)
        if ours and theirs and ours.ownership.settled and theirs.ownership.settled:
            word_under_way = ours.ownership.settled is Settled.RETURNED is not theirs.ownership.settled
            assert word_under_way or ours.ownership.owner == theirs.ownership.owner

    @invariant()
    def who_was_handed_back_is_not_handed_over_again_and_not_returned_twice(self) -> None:
        ours, theirs = self.calls.get(GOV), self.calls.get(POLICE)
        if ours and ours.returned_by and ours.agent_is_in and ours.agent and ours.phase is not Phase.AGENTS_ONLY:
            asked = HandoverRequested(CALL, self.at, ours.agent.agent_id, THIRD, TO_POLICE, Kind.ONE_KEY, AGREED, "")
            assert refusal(ours, asked, GOV_RULES) in {RefusalCode.HOP_LIMIT, RefusalCode.HANDOVER_IN_PROGRESS}
        if theirs and theirs.agent and theirs.agent_is_in and any(a.returned_at and a.is_live for a in theirs.attempts):
            asked = HandoverRequested(
                PEER_CALL, self.at, theirs.agent.agent_id, THIRD, TO_GOV, Kind.ONE_KEY, AGREED, ""
            )
            assert refusal(theirs, asked, POLICE_RULES) is RefusalCode.RETURNED_ALREADY

    def teardown(self) -> None:
        """Everything ends, every message arrives, the last clock runs out: one owner, known to both."""
        if GOV not in self.calls:
            return
        for site in self.calls:
            call_id, (_, channel) = self.call_ids[site], self.agents[site]
            self.feed(site, CallerEnded(call_id, self.later(), 16, by_fault=False))
            self.feed(site, LegLeft(call_id, self.later(), Role.AGENT, channel, 16))
            agent = self.calls[site].agent
            if agent is not None:  # a colleague had answered
                self.feed(site, LegLeft(call_id, self.later(), Role.AGENT, agent.channel, 16))
        for _ in range(2):
            while any(self.under_way[site] and site in self.calls for site in self.under_way):
                for site in self.under_way:
                    self.a_message_arrives(site)
            self.a_clock_runs_out(GOV)
        ours = self.calls[GOV].ownership
        assert self.calls[GOV].is_over
        assert ours.settled is not None
        assert ours.owner == GOV or ours.settled is Settled.AGREED
        if POLICE in peers_of(self.calls[GOV], GOV_RULES) and POLICE in self.calls:
            assert self.calls[GOV].danger == self.calls[POLICE].danger, "both know of danger, whoever raised it"
        if POLICE in self.calls and POLICE in peers_of(self.calls[GOV], GOV_RULES):
            assert self.calls[POLICE].ownership.owner == ours.owner
            assert self.calls[POLICE].ownership.settled == ours.settled


@pytest.mark.covers("R-006", "R-007", "R-008", "R-018", "C-09")
def test_whatever_crosses_between_the_platforms_there_is_one_owner_and_both_know_him() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call] # hypothesis has no types for it
        TwoPlatforms, settings=settings(max_examples=200, stateful_step_count=30, deadline=None)
    )
