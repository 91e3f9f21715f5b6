"""Confidential tickets: sealed and unsealed in every state, and there only for those who know them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.confidence import Viewer, insiders_text, may_see
from callflow.domain.ticket_life import live
from callflow.domain.ticket_refusals import TicketRefusal, ticket_refusal
from callflow.domain.tickets import Dispatched, Sealed, State, Unsealed
from tests.unit.domain.test_ticket_life import LIFE, STEPS, after


@pytest.mark.covers("R-056")
def test_a_ticket_is_sealed_and_unsealed_in_whatever_state_also_in_the_archive() -> None:
    for state in State:
        life = replace(LIFE, state=state)

        sealed = after(Sealed, life=life)
        assert (sealed.confidential, sealed.state) == (True, state)
        assert set(sealed.knows) == {"8001", "8002", LIFE.unit}
        assert ticket_refusal(sealed, STEPS[Sealed]) is TicketRefusal.NOT_NOW
        let_in = live(sealed, Sealed(20.0, "8300", ("8007",))).life
        assert let_in.insiders == ("8001", "8002", "8007"), "nobody who knew it is put out by it"
        unsealed = after(Unsealed, life=let_in)
        assert (unsealed.confidential, unsealed.knows, unsealed.state) == (False, (), state)


@pytest.mark.covers("R-056")
def test_who_knows_follows_the_units_that_handle_it() -> None:
    sealed = after(Sealed, life=replace(LIFE, awaits_peer=False))

    given_on = after(Dispatched, life=sealed)

    assert set(given_on.knows) == {"8001", "8002", "510100002", "510100003"}, "the unit of before is out again"


@pytest.mark.covers("R-056")
@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (None, False),
        (Viewer("8005"), False),
        (Viewer("8001"), True),
        (Viewer("800"), False),
        (Viewer("8005", unit="510104000001"), True),
        (Viewer("8005", unit="510104000002"), False),
        (Viewer("8300", sees_all=True), True),
    ],
)
def test_a_confidential_ticket_is_there_for_those_who_know_it_and_for_no_others(
    viewer: Viewer | None, *, sees: bool
) -> None:
    insiders = insiders_text(["8001", "", "510104000001"])

    assert insiders == " 510104000001 8001 "
    assert may_see(viewer, confidential=True, insiders=insiders.split()) is sees
    assert may_see(viewer, confidential=False, insiders=())
