from __future__ import annotations

import pytest

from callflow.domain.refusals import RefusalCode
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.web.errors import Problem
from callflow.web.refusals import REFUSALS


def test_every_refusal_of_the_machine_has_its_words_and_its_status() -> None:
    assert set(RefusalCode) | set(TicketRefusal) <= set(REFUSALS)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_refusal_names_cause_and_cure_in_both_languages(code: str) -> None:
    refusal = REFUSALS[code]

    assert 400 <= refusal.status < 600
    for english in (refusal.title, refusal.detail, refusal.cure):
        assert english.isascii()
        assert english
    for chinese in (refusal.detail_zh, refusal.cure_zh):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_a_refusal_with_a_wait_says_how_long_in_whole_seconds() -> None:
    assert Problem("too-many-sign-ins", retry_after_s=0.2).response().headers["Retry-After"] == "1"
    assert Problem("too-many-sign-ins", retry_after_s=12.6).response().headers["Retry-After"] == "13"
    assert "Retry-After" not in Problem("not-found").response().headers
