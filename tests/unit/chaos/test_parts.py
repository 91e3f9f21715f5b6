"""Faults of one part come one after the other, and whoever broke it mends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.chaos.parts import LINK, Part, Parts, PartTakenError, part_of
from callflow.chaos.plan import OF_A_SITE, SITES, Fault

FAULTS = st.sampled_from(OF_A_SITE)


def test_a_frozen_pbx_is_not_killed_before_it_moves_again() -> None:
    parts = Parts()
    frozen = parts.take(Fault.TRUNK_BLACK_HOLED, "110")

    with pytest.raises(PartTakenError, match="trunk_black_holed"):
        parts.take(Fault.FAR_PBX_KILLED, "110")

    parts.give_back(frozen)
    assert parts.take(Fault.FAR_PBX_KILLED, "110") == Part("110", "asterisk")


def test_the_pbx_of_the_other_platform_is_another_part() -> None:
    parts = Parts()
    parts.take(Fault.TRUNK_BLACK_HOLED, "12345")

    assert parts.is_free(Fault.FAR_PBX_KILLED, "110")


def test_the_exchange_between_the_platforms_is_one_part_whichever_end_is_named() -> None:
    parts = Parts()
    parts.take(Fault.DATA_LINK_CUT, "12345")

    assert not parts.is_free(Fault.DATA_LINK_CUT, "110")
    assert parts.is_broken(Part(LINK, "exchange"))


@pytest.mark.parametrize("end", [Fault.PROGRAM_KILLED, Fault.FAR_PBX_KILLED])
def test_a_line_is_not_cut_while_one_of_its_ends_is_away(end: Fault) -> None:
    parts = Parts()
    parts.take(end, "12345")

    assert not parts.is_free(Fault.AMI_CUT, "12345")
    assert parts.is_free(Fault.AMI_CUT, "110")


@given(st.lists(st.tuples(FAULTS, st.sampled_from(SITES), st.booleans())))
def test_no_part_ever_has_two_owners_and_every_one_comes_back(wishes: list[tuple[Fault, str, bool]]) -> None:
    parts, taken = Parts(), list[Part]()
    for fault, site, is_next_mended in wishes:
        if parts.is_free(fault, site):
            taken.append(parts.take(fault, site))
        else:
            with pytest.raises(PartTakenError):
                parts.take(fault, site)
        assert len(set(taken)) == len(taken)
        if is_next_mended and taken:
            parts.give_back(taken.pop(0))
    for part in taken:
        parts.give_back(part)

    assert all(parts.is_free(fault, site) for fault in OF_A_SITE for site in SITES)
    assert not any(parts.is_broken(part_of(fault, site)) for fault in OF_A_SITE for site in SITES)
