"""A safety can be switched off in the chaos lab, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from callflow.chaos.broken import SAFETIES
from callflow.chaos.house import AGENTS_PART, BREAKS, SAFETIES_IN_THE_DIALPLAN, without
from callflow.lab.plan import LabError

PART = Path(__file__).parents[3] / "asterisk-config" / AGENTS_PART


@pytest.mark.parametrize("safety", SAFETIES_IN_THE_DIALPLAN)
def test_the_dialplan_has_this_safety_and_is_the_same_without_it_but_for_one_line(safety: str) -> None:
    whole = PART.read_text("utf-8").splitlines()
    off = without("\n".join(whole), safety).splitlines()

    assert [line for line, before in zip(off, whole, strict=True) if line != before] == [
        f"exten => {safety},1,Hangup(16)"
    ]


def test_a_safety_that_the_dialplan_does_not_have_is_named() -> None:
    with pytest.raises(LabError, match="--break after"):
        without("exten => before,1,NoOp()", "after")


def test_every_break_is_one_of_the_dialplan_or_of_the_program() -> None:
    assert set(BREAKS) == {*SAFETIES_IN_THE_DIALPLAN, *SAFETIES}
