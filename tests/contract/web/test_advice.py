"""The suggestion while the agent types: words, evidence and reasons come back, and nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callflow.domain.events import DangerRaised
from callflow.domain.screenpop import Known
from callflow.service.advice import EarlierMatter
from tests.contract.web.advice_given import REASON, SUGGESTION

if TYPE_CHECKING:
    from tests.contract.web.house import House


@pytest.mark.covers("R-083")
async def test_the_words_so_far_are_answered_with_evidence_and_reasons_and_nothing_is_kept(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await desk.post(f"/api/v1/calls/{call_id}/suggest", {"text": "打架", "place": "金鸡坝"})

    assert (status, body) == (200, {"suggestion": SUGGESTION | {"question": None}, "reasons": [REASON]})
    assert [(words.text, words.place, words.denied) for words in house.asked] == [("打架", "金鸡坝", False)]
    assert house.suggestions == {}
    assert house.facts.calls[call_id].note == ""


async def test_the_callers_earlier_matters_and_a_humans_danger_are_asked_along(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    own = {"incident_id": house.facts.calls[call_id].incident_id, "danger": True, "opened_at": house.now}
    earlier = {"incident_id": "another", "danger": True, "opened_at": house.now - 7200.0}
    house.files.known = Known(tickets=(own, earlier))

    await desk.post(f"/api/v1/calls/{call_id}/suggest", {"text": "他又来了"})
    await house.controller.happened(DangerRaised(call_id, house.now, house.agent))
    house.files.known = Known()
    await desk.post(f"/api/v1/calls/{call_id}/suggest", {"text": "他又来了", "denied": True})
    await desk.post(f"/api/v1/calls/{call_id}/note", {"text": "他又来了"})

    assert [(words.danger, words.denied) for words in house.asked] == [(False, False), (True, True), (True, False)]
    assert {words.earlier for words in house.asked} == {(EarlierMatter(2.0, danger=True),)}


@pytest.mark.covers("C-07", "R-083")
async def test_a_classifier_that_is_away_slow_or_broken_gives_an_empty_answer(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    path, nothing = f"/api/v1/calls/{call_id}/suggest", (200, {"suggestion": None, "reasons": []})

    for broken in (RuntimeError("broken"), {"platform": "moon"}):
        house.suggestion = broken
        assert await desk.post(path, {"text": "打架"}) == nothing
    house.suggest_waits = True

    assert await desk.post(path, {"text": "打架"}) == nothing


async def test_only_the_calls_own_agent_may_ask(house: House) -> None:
    colleague = await house.desk(house.colleague)
    call_id = await house.caller_talks_with(house.agent)

    status, body = await colleague.post(f"/api/v1/calls/{call_id}/suggest", {"text": "打架"})

    assert (status, body["code"]) == (403, "not-your-call")
    assert house.asked == []
