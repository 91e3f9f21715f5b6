"""The classifier behind its port: each call has an ear of its own, and what was raised in a call stays raised."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from callflow.adapters.aside import AsideFull
from callflow.adapters.suggester import CALLS_KEPT, THREADS, WAITING_MOST, TuningWrong, suggester
from callflow.domain.names import CallId
from callflow.service.advice import EarlierMatter, Words
from callflow.web.advice import SUGGEST_LIMIT_S
from classifier.live import Listener

if TYPE_CHECKING:
    from pathlib import Path

    from classifier import Suggestion

ONE, OTHER = CallId("one"), CallId("other")
LIMIT_S, MANY = 20.0, 100
LAMP, FIRE = "小区路灯坏了", "楼上着火了，快来人"


@pytest.mark.covers("R-083")
async def test_danger_once_heard_stays_in_its_own_call_until_the_agent_denies_it(tmp_path: Path) -> None:
    ask = suggester("12345", tmp_path / "none.toml")

    heard = await ask(Words(ONE, FIRE, danger=False))
    later = await ask(Words(ONE, LAMP, danger=False))
    other = await ask(Words(OTHER, LAMP, danger=False))
    denied = await ask(Words(ONE, LAMP, danger=False, denied=True))

    said = [advice.suggestion["danger"] for advice in (heard, later, other, denied) if advice is not None]
    assert said == [True, True, False, False]
    assert later is not None
    assert "call.danger" in {row["rule"] for row in later.reasons}


async def test_what_is_known_besides_the_words_is_among_the_reasons(tmp_path: Path) -> None:
    tuning = tmp_path / "12345.classifier.toml"
    tuning.write_text('[places]\n"金鸡坝" = "城东街道"\n', encoding="utf-8")
    ask = suggester("12345", tuning)

    told = await ask(Words(ONE, LAMP, danger=True, place="金鸡坝三组", earlier=(EarlierMatter(1.0, danger=True),)))

    assert told is not None
    assert told.suggestion["danger"]
    assert {"history.danger", "site.location", "human.danger"} <= {row["rule"] for row in told.reasons}


async def test_a_call_that_nobody_asks_about_is_forgotten_in_the_end(tmp_path: Path) -> None:
    tuning = tmp_path / "12345.classifier.toml"
    tuning.write_text("[operating]\nsentences = false\n", encoding="utf-8")
    ask = suggester("12345", tuning)

    await ask(Words(ONE, FIRE, danger=False))
    for number in range(CALLS_KEPT):
        await ask(Words(CallId(str(number)), "喂", danger=False))
    forgotten = await ask(Words(ONE, LAMP, danger=False))

    assert forgotten is not None
    assert not forgotten.suggestion["danger"]


@pytest.mark.covers("C-07")
async def test_one_that_hangs_keeps_nobody_else_waiting_and_answers_again_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, back = suggester("12345", tmp_path / "none.toml"), threading.Event()
    about = Listener.about

    def hangs(ear: Listener, *given: Any, **named: Any) -> Suggestion:
        assert back.wait(LIMIT_S)
        return about(ear, *given, **named)

    monkeypatch.setattr(Listener, "about", hangs)
    asked = [asyncio.create_task(ask(Words(CallId(str(n)), LAMP, danger=False))) for n in range(MANY)]
    async with asyncio.timeout(LIMIT_S):
        elsewhere = await asyncio.gather(*(asyncio.to_thread(int, "1") for _ in range(MANY)))
        refused = [task for task in asked if task.done()]
        await asyncio.wait(asked, timeout=SUGGEST_LIMIT_S)
        for task in asked:
            task.cancel()
        back.set()
        again = await ask(Words(CallId("again"), FIRE, danger=False))

    assert elsewhere == [1] * MANY
    assert {type(task.exception()) for task in refused} == {AsideFull}
    assert WAITING_MOST <= MANY - len(refused) <= WAITING_MOST + THREADS
    assert again is not None
    assert again.suggestion["danger"]


async def test_a_broken_tuning_stops_the_start_and_says_why(tmp_path: Path) -> None:
    tuning = tmp_path / "12345.classifier.toml"
    tuning.write_text("[operating]\ndanger_at = 3\n", encoding="utf-8")

    with pytest.raises(TuningWrong, match="danger_at must be between"):
        suggester("12345", tuning)
