"""One call as it goes on, and where its words come from."""

import asyncio
import sys
from pathlib import Path

import pytest

from classifier import Action, Platform
from classifier.live import Earlier, Known, Listener, classify_call
from classifier.transcript import Piece, Recogniser, piece_of
from classifier.tuning import Tuning

WORDS_ONLY = Tuning(sentences=False)


@pytest.mark.covers("R-083")
def test_a_humans_danger_flag_is_never_lowered() -> None:
    got = classify_call("小区路灯坏了", Known(danger_by_human=True), "12345", WORDS_ONLY)

    assert (got.danger, got.platform, got.action) == (True, Platform.BOTH, Action.ONE_KEY_110)
    assert any(reason.rule == "human.danger" for reason in got.reasons)


def test_what_the_machine_raised_in_a_call_stays_until_a_human_lowers_it() -> None:
    call = Listener("12345", WORDS_ONLY)

    assert call.hear("楼上着火了，快来人").danger
    assert call.revise("小区路灯坏了").danger
    assert not call.human_says(danger=False).danger
    assert call.human_says(danger=True).danger


def test_words_add_up_while_the_agent_types() -> None:
    call = Listener(None, WORDS_ONLY)

    assert not call.hear("你好，我想问一下").danger
    assert not call.hear("我们小区").danger
    assert call.hear("有人拿刀砍人").danger
    assert call.revise("有人拿刀砍人") == call.revise("有人拿刀砍人")


def test_a_caller_who_was_in_danger_today_is_believed_sooner_and_a_repeated_caller_is_shown() -> None:
    calls = tuple(Earlier(hours, danger=hours < 2) for hours in (1.0, 3.0, 5.0, 8.0, 20.0))

    got = classify_call("他又在敲门", Known(history=calls), "12345", WORDS_ONLY)
    old = classify_call("他又在敲门", Known(history=(Earlier(30.0, danger=True),)), "12345", WORDS_ONLY)

    assert {"history.danger", "history.repeated"} <= {reason.rule for reason in got.reasons}
    assert got.danger >= old.danger
    assert not any(reason.rule.startswith("history") for reason in old.reasons)


def test_the_location_is_named_by_the_sites_own_places() -> None:
    tuning = Tuning(sentences=False, places={"金鸡坝": "城东街道"})

    got = classify_call("路灯坏了", Known(location="金鸡坝三组"), "12345", tuning)

    assert any("城东街道" in reason.zh for reason in got.reasons)


@pytest.mark.parametrize(
    ("line", "piece"),
    [
        (b'{"speaker":"caller","text":"\xe7\x9d\x80\xe7\x81\xab\xe4\xba\x86","final":true}', Piece("caller", "着火了")),
        (b'{"speaker":"caller","text":"\xe7\x9d\x80","final":false}', None),
        (b'{"speaker":"robot","text":"x","final":true}', None),
        (b"not json", None),
        (b"[]", None),
        (b'{"speaker":"agent","text":" ","final":true}', None),
    ],
)
def test_only_final_words_of_a_known_speaker_count(line: bytes, piece: Piece | None) -> None:
    assert piece_of(line) == piece


PROGRAM = """
import json, os, signal, sys, time
print(json.dumps({"speaker": "caller", "text": sys.argv[1], "final": True}), flush=True)
print("nonsense", flush=True)
if sys.argv[2] == "dies": os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "hangs": time.sleep(600)
"""


@pytest.mark.covers("R-082")
@pytest.mark.parametrize("end", ["dies", "hangs", "ends"])
async def test_a_recogniser_that_dies_or_hangs_in_mid_call_only_stops_the_words(tmp_path: Path, end: str) -> None:
    script = tmp_path / "recogniser.py"
    script.write_text(PROGRAM, encoding="utf-8")
    heard = Recogniser([sys.executable, str(script), "{model}", "{audio}"], tmp_path / "model.bin")
    call = Listener("12345", WORDS_ONLY)

    async with asyncio.timeout(20):
        pieces = [piece async for piece in heard.listen(end, silence_limit_s=3.0)]
    for piece in pieces:
        call.hear(piece.text)

    assert pieces == [Piece("caller", str(tmp_path / "model.bin"))]
    assert call.hear("着火了").danger


async def test_a_recogniser_that_cannot_be_started_gives_no_words(tmp_path: Path) -> None:
    nobody = Recogniser([str(tmp_path / "nothing-here")], tmp_path)

    assert [piece async for piece in nobody.listen("x", silence_limit_s=1.0)] == []
