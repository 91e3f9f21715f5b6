"""A password that is used from a new address is noticed, and an old address is not told again (T-12)."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from callflow.domain.phones import FORGET_S, MOST_MOVES, MOST_PLACES, Move, Phones

DESK, ELSEWHERE = ip_address("10.20.1.7"), ip_address("198.51.100.7")


@pytest.mark.covers("T-12")
def test_a_new_address_is_a_move_once_and_the_first_of_all_is_none() -> None:
    phones = Phones(frozenset({"8001"}))

    assert phones.see("8001", DESK, 1.0) is None
    assert phones.see("8001", ELSEWHERE, 2.0) == Move("8001", ELSEWHERE, 2.0)
    assert [phones.see("8001", where, 3.0) for where in (DESK, ELSEWHERE)] == [None, None]
    assert list(phones.moves) == [Move("8001", ELSEWHERE, 2.0)]


@pytest.mark.covers("T-12")
def test_an_address_that_was_not_used_for_long_is_new_again() -> None:
    phones = Phones(frozenset({"8001"}))
    phones.see("8001", DESK, 0.0)
    phones.see("8001", ELSEWHERE, 1.0)

    assert phones.see("8001", DESK, FORGET_S + 1) == Move("8001", DESK, FORGET_S + 1)


def test_who_is_no_agent_means_nothing() -> None:
    phones = Phones(frozenset({"8001"}))

    assert [phones.see("callflow", where, 1.0) for where in (DESK, ELSEWHERE)] == [None, None]
    assert phones.places == {}


def test_however_many_addresses_there_are_few_are_kept() -> None:
    phones = Phones(frozenset({"8001"}))

    moves = [phones.see("8001", ip_address(number), float(number)) for number in range(1, 200)]

    assert len([one for one in moves if one]) == 198
    assert (len(phones.places["8001"]), len(phones.moves)) == (MOST_PLACES, MOST_MOVES)
