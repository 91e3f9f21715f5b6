"""What the supervisors' pages are told of a decision."""

from __future__ import annotations

import json

from callflow.domain.commands import QueueCallBack
from callflow.domain.watching import WATCH, news
from tests.unit.domain.made_up import CALL, INCIDENT
from tests.unit.domain.scenes import ONE_KEY, TALK
from tests.unit.domain.story import Story

NUMBER = "02800000001"


def test_a_change_is_told_once_in_whole_and_without_the_number() -> None:
    before = Story(*TALK).call
    after = Story(*TALK).when(ONE_KEY).call

    (item,) = news(before, after, ())

    assert (item.agent_ids, item.name) == ((WATCH,), "call")
    assert [one["target"] for one in item.body["attempts"]] == ["110"]
    assert NUMBER not in json.dumps(item.body)
    assert list(news(after, after, ())) == []


def test_a_lost_caller_is_told_for_the_call_back_list() -> None:
    call = Story(*TALK).call

    (item,) = news(call, call, [QueueCallBack(CALL, INCIDENT, "cut")])

    assert (item.name, item.body) == ("callback", {"call_id": CALL})
