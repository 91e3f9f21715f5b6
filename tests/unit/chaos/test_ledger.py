"""The ledger names whoever was lost, and nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.chaos.books import Books
from callflow.chaos.fates import Fate, fate_of
from callflow.chaos.faults import Outage
from callflow.chaos.ledger import findings
from callflow.chaos.seen import AgentLeg, CallerSeen, RunSeen
from softphone_sim.run.fates import EndedBy
from tests.unit.chaos.made_up import (
    BOOKS,
    CALLER,
    CITIZEN,
    FAR_INCIDENT,
    LI,
    MUSIC,
    NUMBER,
    OURS,
    PAIR,
    STEPS,
    THEIRS,
    ZHANG,
    at,
    heard,
    leg,
    listed,
    run,
)


def rules(seen: RunSeen, books: Books = BOOKS) -> list[tuple[str, str]]:
    return [(one.rule, one.who) for one in findings(seen, books)]


def test_a_handover_that_went_well_is_a_clean_ledger() -> None:
    assert rules(run()) == []
    assert fate_of(CALLER, run()) is Fate.HUNG_UP_IN_TALK


# ---- the caller


def ended_by_us(*agents: object) -> CallerSeen:
    return replace(CALLER, leg=replace(CITIZEN, ended_by=EndedBy.FAR), agents=agents)


def test_whose_call_ends_although_nobody_hung_up_was_cut() -> None:
    assert ("cut", NUMBER) in rules(run(ended_by_us(ZHANG, LI)))


def test_the_goodbye_of_the_last_partner_is_no_cut() -> None:
    li_left = replace(LI, leg=replace(LI.leg, ended_by=EndedBy.SELF, ended_ns=at(9.9)))

    assert rules(run(ended_by_us(ZHANG, li_left))) == []


@pytest.mark.parametrize(("cause", "fate"), [(0, Fate.HUNG_UP_IN_TALK), (38, Fate.CUT_BY_CARRIER)])
def test_whose_own_bye_went_before_that_of_his_carrier_hung_up_himself(cause: int, fate: Fate) -> None:
    struck = replace(CALLER, leg=replace(CITIZEN, let_go_ns=at(10), let_go_cause=cause), cut_by_carrier_ns=at(9.99))

    assert fate_of(struck, run()) is fate
    assert (("not_called_back", NUMBER) in rules(run(struck))) is (fate is Fate.CUT_BY_CARRIER)


@pytest.mark.parametrize(("bye_s", "fate"), [(9.8, Fate.SAID_GOODBYE), (9.2, Fate.CUT_BY_CARRIER)])
def test_whom_his_carrier_loses_while_the_pbx_ends_his_call_after_a_goodbye_was_not_cut(
    bye_s: float, fate: Fate
) -> None:
    li_left = replace(LI, leg=replace(LI.leg, ended_by=EndedBy.SELF, ended_ns=at(bye_s)))
    crossed = replace(CALLER, agents=(ZHANG, li_left), cut_by_carrier_ns=at(10))

    assert fate_of(crossed, run()) is fate
    assert (("not_called_back", NUMBER) in rules(run(crossed))) is (fate is Fate.CUT_BY_CARRIER)


def test_a_goodbye_waits_for_a_pbx_that_stands_still_and_for_nothing_else() -> None:
    early = replace(LI, leg=replace(LI.leg, ended_by=EndedBy.SELF, ended_ns=at(5)))
    still = Outage("110", "asterisk", at(4.5), at(9.5), frozen=True)

    assert rules(run(ended_by_us(ZHANG, early), outages=(still,))) == []
    assert ("cut", NUMBER) in rules(run(ended_by_us(ZHANG, early)))


def test_one_partners_goodbye_while_another_stays_does_not_excuse_a_cut() -> None:
    zhang_left = replace(ZHANG, leg=replace(ZHANG.leg, ended_by=EndedBy.SELF, ended_ns=at(9.5)))

    assert ("cut", NUMBER) in rules(run(ended_by_us(zhang_left, LI)))


def test_an_agent_who_sends_his_caller_on_has_said_no_goodbye() -> None:
    zhang_left = replace(ZHANG, leg=replace(ZHANG.leg, ended_by=EndedBy.SELF, ended_ns=at(9.5), has_transferred=True))

    assert ("cut", NUMBER) in rules(run(ended_by_us(zhang_left)), replace(BOOKS, steps=STEPS[:1]))


def test_an_agent_who_leaves_while_the_target_rings_has_said_no_goodbye() -> None:
    zhang_left = replace(ZHANG, leg=replace(ZHANG.leg, ended_by=EndedBy.SELF, ended_ns=at(9.5)))
    rings = replace(LI, leg=leg("li", 9, None, 10.1))
    books = replace(BOOKS, steps=STEPS[:1])

    assert ("cut", NUMBER) in rules(run(ended_by_us(zhang_left, rings)), books)


def test_a_phone_that_rings_on_because_its_pbx_was_killed_is_nobody_to_wait_for() -> None:
    zhang_left = replace(ZHANG, leg=replace(ZHANG.leg, ended_by=EndedBy.SELF, ended_ns=at(9.5)))
    rings = replace(LI, leg=leg("li", 7, None, 12))
    killed = Outage("110", "asterisk", at(8), at(9.9), frozen=False)

    assert rules(run(ended_by_us(zhang_left, rings), outages=(killed,)), replace(BOOKS, steps=STEPS[:1])) == []


def test_who_hears_nobody_for_long_is_alone_and_music_is_somebody() -> None:
    silent = replace(CITIZEN, ended_ns=at(30), stretches=(heard(1, 4, "zhang"), heard(16, 30, "li")))
    music = replace(silent, stretches=(heard(1, 4, "zhang"), heard(4, 16, MUSIC), heard(16, 30, "li")))

    assert ("alone", NUMBER) in rules(run(replace(CALLER, leg=silent)))
    assert rules(run(replace(CALLER, leg=music))) == []


def test_a_leg_that_never_ends_is_still_there() -> None:
    assert ("still_there", NUMBER) in rules(
        run(replace(CALLER, leg=replace(CITIZEN, ended_ns=None, ended_by=EndedBy.NOBODY)))
    )


@pytest.mark.parametrize(
    ("books", "rule"),
    [
        (BOOKS, "not_called_back"),
        (replace(BOOKS, call_backs=(listed(1030.0),)), "called_back_late"),
    ],
)
def test_whose_own_pbx_died_is_to_be_called_back_and_soon(books: Books, rule: str) -> None:
    cut = replace(CALLER, cut_by_pbx_ns=at(5))
    seen = run(cut, outages=(Outage("12345", "asterisk", at(5), at(7), frozen=False),))

    assert (rule, NUMBER) in rules(seen, books)
    assert rules(seen, replace(BOOKS, call_backs=(listed(1009.0),))) == []


def test_who_had_hung_up_before_his_pbx_died_is_not_to_be_called_back() -> None:
    killed = Outage("12345", "asterisk", at(10.2), at(12), frozen=False)
    gone = replace(CALLER, cut_by_pbx_ns=at(10.2), leg=replace(CITIZEN, let_go_ns=at(9.9), ended_ns=at(10.4)))
    still_there = replace(gone, leg=replace(CITIZEN, let_go_ns=at(10.3), ended_ns=at(10.4)))
    unheard = replace(BOOKS, call_backs=(listed(1013.0),))

    assert rules(run(gone, outages=(killed,))) == rules(run(gone, outages=(killed,)), unheard) == []
    assert rules(run(still_there, outages=(killed,))) == [("not_called_back", NUMBER)]


def test_whose_invite_came_again_to_the_new_pbx_was_not_cut_in_the_call_that_it_began() -> None:
    killed = Outage("12345", "asterisk", at(-2), at(-0.5), frozen=False)
    dialled_twice = replace(CALLER, cut_by_pbx_ns=at(-2))

    assert rules(run(dialled_twice, outages=(killed,))) == []


def test_who_hung_up_himself_is_not_called_back() -> None:
    assert rules(run(), replace(BOOKS, call_backs=(listed(1010.0),))) == [("called_back_for_nothing", NUMBER)]


def test_whose_pbx_died_as_he_came_in_is_called_back_although_he_gave_up_himself() -> None:
    killed = Outage("12345", "asterisk", at(0.1), at(3), frozen=False)
    before = Outage("12345", "asterisk", at(-3), at(-1), frozen=False)
    books = replace(BOOKS, call_backs=(listed(1004.0),))

    assert rules(run(outages=(killed,)), books) == []
    assert rules(run(outages=(before,)), books) == [("called_back_for_nothing", NUMBER)]


def test_a_phone_that_rings_on_for_a_caller_who_is_gone_is_a_ghost_but_not_for_danger() -> None:
    ghost = replace(CALLER, agents=(ZHANG, replace(LI, leg=leg("li", 9, None, 14))))
    books = replace(BOOKS, steps=STEPS[:1])

    assert rules(run(ghost), books) == [("ghost_ring", NUMBER)]
    assert rules(run(replace(ghost, danger=True)), books) == []


@pytest.mark.parametrize(
    ("until_s", "ghosts"),
    [(16.9, []), (17.1, [("ghost_ring", NUMBER)])],
    ids=["while the leg's silence is counted", "on after it"],
)
def test_who_is_rung_for_a_leg_that_stands_cannot_know_at_once_that_its_far_pbx_was_killed(
    until_s: float, ghosts: list[tuple[str, str]]
) -> None:
    li_died = replace(LI, leg=replace(LI.leg, ended_ns=at(8.5)))
    wu = replace(LI, leg=leg("wu", 9, None, until_s))
    cut = replace(CALLER, agents=(ZHANG, li_died, wu), cut_by_pbx_ns=at(10))

    assert [one for one in rules(run(cut)) if one[0] == "ghost_ring"] == ghosts


def test_a_ring_that_a_killed_pbx_asked_for_ends_with_its_connection() -> None:
    cut = replace(CALLER, agents=(ZHANG, replace(LI, leg=leg("li", 9, None, 13))), cut_by_pbx_ns=at(10))

    assert ("ghost_ring", NUMBER) in rules(run(cut))


# ---- the books


@pytest.mark.parametrize(
    ("books", "rule"),
    [
        (replace(BOOKS, calls=(replace(OURS, is_over=False, phase="talking"), THEIRS)), "call_left_open"),
        (replace(BOOKS, calls=(replace(OURS, owner="12345"), THEIRS)), "owner"),
        (replace(BOOKS, calls=(replace(OURS, settled=None), THEIRS)), "owner"),
        (replace(BOOKS, calls=(THEIRS,)), "not_in_the_books"),
        (replace(BOOKS, tickets=PAIR[:1]), "ticket_lost"),
        (
            replace(BOOKS, tickets=(*PAIR, replace(PAIR[0], ticket_id="GD2", incident_id=FAR_INCIDENT))),
            "ticket_doubled",
        ),
        (replace(BOOKS, tickets=(replace(PAIR[0], peer_ticket_id=None), PAIR[1])), "ticket_unlinked"),
        (replace(BOOKS, steps=STEPS[:1]), "legs"),
        (replace(BOOKS, steps=(*STEPS, STEPS[1])), "legs"),
    ],
)
def test_books_that_do_not_hold_are_found_and_name_him(books: Books, rule: str) -> None:
    assert (rule, NUMBER) in rules(run(), books)


def test_a_phone_that_was_killed_as_it_answered_may_have_answered() -> None:
    killed = AgentLeg("12345", leg("zhang", 0.2, None, 0.4, EndedBy.NOBODY))
    gave_up = AgentLeg("12345", leg("zhang", 0.2, None, 0.4, EndedBy.FAR))
    twice = replace(BOOKS, steps=(*STEPS, replace(STEPS[0], at=1000.4)))

    assert rules(run(replace(CALLER, agents=(killed, ZHANG, LI))), twice) == []
    assert ("legs", NUMBER) in rules(run(replace(CALLER, agents=(gave_up, ZHANG, LI))), twice)


def test_a_leg_that_the_pbxs_own_records_do_not_have_is_found() -> None:
    assert rules(run(), replace(BOOKS, cel_answers=frozenset({"u1"}))) == [("cel", "01THEIRS")]
    assert rules(run(), replace(BOOKS, cdrs=BOOKS.cdrs[:1])) == [("cdr", "01THEIRS")]


def test_a_killed_pbx_has_lost_the_cdrs_of_its_live_calls() -> None:
    killed = Outage("110", "asterisk", at(8), at(9), frozen=False)

    assert rules(run(outages=(killed,)), replace(BOOKS, cdrs=BOOKS.cdrs[:1])) == []


def test_where_calls_are_recorded_each_has_one_file() -> None:
    recorded = replace(OURS, recordings=({"recording_id": "r1", "kind": "call"},))
    whole = replace(BOOKS, calls=(recorded, THEIRS), recordings=("12345 r1",))

    assert rules(run(), whole) == []
    assert rules(run(), replace(whole, calls=(OURS, THEIRS))) == [("recording", NUMBER)]
    assert rules(run(), replace(whole, recordings=("12345 r2",))) == [("recording", NUMBER)]
    over = replace(STEPS[0], at=1001.5, name="ended", uniqueid="")
    assert rules(run(), replace(whole, recordings=("12345 r2",), steps=(*STEPS, over))) == [], "nothing to write"


def test_what_is_left_over_at_the_end_is_found() -> None:
    left = replace(BOOKS, channels=("12345 PJSIP/x",), unsent=("110 ticket 01",), undecided=("12345 {}",))

    assert [rule for rule, _ in rules(run(), left)] == ["orphan_channel", "unsent", "undecided"]
