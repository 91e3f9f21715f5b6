"""Reports of a played script: JUnit that a CI reads, a ladder that a browser draws, values that fit."""

import io
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from softphone_sim.desk import DeskEvent
from softphone_sim.ears.listen import listen
from softphone_sim.ears.tape import PACKET
from softphone_sim.phone.messages import SipMessage, parse_message
from softphone_sim.report.document import document_of
from softphone_sim.report.junit import write_junit
from softphone_sim.report.ladder import draw
from softphone_sim.report.terminal import Timeline, padded
from softphone_sim.run.play import ActorRecord, Result
from softphone_sim.run.stage import Entry
from softphone_sim.script.paths import ABSENT, look_up, misfits

T0 = 1_800_000_000_000_000_000
INVITE = "INVITE sip:8001@h SIP/2.0\r\nFrom: <sip:138@h>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n"


def invite(*, is_sent: bool) -> SipMessage:
    return parse_message(INVITE, time_ns=T0 + 1_000_000, is_sent=is_sent, peer="h")


def result(failure: str | None = None) -> Result:
    ear = listen(np.empty(0, PACKET), {})
    pop = DeskEvent(T0, "pop", "1", {"number": "138"})
    citizen = ActorRecord("citizen", "138", None, (), (invite(is_sent=True),), (), (), ear)
    anna = ActorRecord("anna", "8001", "12345", (), (invite(is_sent=False),), (pop,), (), ear)
    timeline = (Entry(T0, "citizen", "dials anna & <bo>", "sip"), Entry(T0 + 1, "anna", "desk: pop \x07", "desk"))
    return Result("a & b", Path("story.yaml"), ("R-008",), failure, T0, 1.5, timeline, (citizen, anna))


def test_junit_has_a_test_case_a_script_with_the_failing_sentence(tmp_path: Path) -> None:
    write_junit([result(), result("story.yaml:3: bo did not ring")], tmp_path / "out" / "x.xml")

    suite = ET.parse(tmp_path / "out" / "x.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.find("failure") is None for case in suite] == [True, False]
    assert suite[1].find("failure").get("message") == "story.yaml:3: bo did not ring"


def test_a_ladder_is_sound_xml_and_draws_a_message_between_two_phones_once() -> None:
    drawing = draw(result("it < that"))

    ET.fromstring(drawing)
    assert drawing.count("INVITE 138") == 1
    assert "desk: pop" in drawing


def test_the_timeline_counts_from_the_first_entry_and_ends_with_the_verdict() -> None:
    out = io.StringIO()
    timeline = Timeline(out)

    timeline.title("a story")
    for entry in result().timeline:
        timeline.show(entry)
    timeline.verdict(result("bo did not ring"))

    assert "   0.000  citizen      dials anna" in out.getvalue()
    assert "FAILED  a & b (1.5 s)\n        bo did not ring" in out.getvalue()


def test_chinese_names_take_two_columns() -> None:
    assert padded("坐席", 6) == "坐席  "


def test_the_document_is_plain_and_in_seconds() -> None:
    document = document_of(result())

    assert document["ok"] is True
    assert document["actors"]["anna"]["messages"][0]["at_s"] == 0.001
    assert document["actors"]["anna"]["events"] == [{"at_s": 0.0, "type": "pop", "body": {"number": "138"}}]


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        ({"a.b": 1}, None),
        ({"a.b": "1"}, None),
        ({"list.0.x": "y"}, None),
        ({"list": [{"x": "z"}, {"x": "y"}]}, None),
        ({"yes": True, "none": None}, None),
        ({"a.c": 1}, "a.c is absent, expected 1"),
        ({"yes": "True"}, "yes is True, expected 'True'"),
        ({"list": [{"x": "q"}]}, "list is [{'x': 'y'}, {'x': 'z'}], expected [{'x': 'q'}]"),
        ({"a": {"b": 2}}, "a is {'b': 1}, expected {'b': 2}"),
    ],
)
def test_what_an_answer_lacks_is_said_in_one_sentence(where: dict, wrong: str | None) -> None:
    body = {"a": {"b": 1}, "list": [{"x": "y"}, {"x": "z"}], "yes": True, "none": None}

    assert misfits(body, where) == wrong
    assert look_up(body, "a.b.c") is ABSENT
