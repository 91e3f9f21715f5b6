"""The answer's form is a promise to programs that we do not know (architecture §6)."""

import dataclasses
import json
from typing import Any

import pytest

from classifier import Action, Platform, classify, labels
from classifier.cli import answers, main
from classifier.corpus import corpus
from classifier.tuning import Tuning

HEADINGS_12345 = [
    "公共设施类",
    "市容管理类",
    "园林绿化类",
    "施工管理类",
    "环境保护类",
    "交通设施类",
    "消费纠纷类",
    "经济纠纷类",
    "市场监管类",
    "文化新闻类",
    "卫生健康类",
    "教育类",
    "民生保障类",
    "矛盾纠纷类",
    "突发事件类",
    "求助类",
    "其它事项类",
]
HEADINGS_110 = [
    "违法犯罪行为",
    "群体性事件",
    "道路交通管理",
    "治安灾害事故",
    "群众救助服务",
    "抢险抗灾救援",
    "涉警投诉举报",
]
DEPARTMENTS = [
    "公安部门",
    "民政部门",
    "司法行政部门",
    "人社部门",
    "教育部门",
    "应急部门",
    "农村农业部门",
    "市场监管部门",
    "自然资源部门",
    "生态环境部门",
    "住建部门",
    "城管部门",
    "交通运输部门",
    "文旅和广电部门",
    "卫健（中医药）部门",
    "邮政部门",
    "通信部门",
    "供水、供电、供气单位（企业）",
    "地方海事部门",
    "烟草专卖部门",
    "消防救援部门",
    "医保部门",
    "其他职能部门",
]
WORDS_ONLY = Tuning(sentences=False)  # what a machine without the sentence encoder answers
ODD_TEXTS = [
    "",
    " ",
    "\n\n",
    "\x00\x07",
    "😀😀",
    "hello",
    "110",
    "ཁྱེད་རང",
    "\ud800",
    "？？？",
    "a" * 1_000_000,
    "救命" * 500_000,
]


def assert_keeps_the_contract(answer: dict[str, Any], text: str) -> None:
    question = {"question"} if "question" in answer else set()
    assert set(answer) == question | {
        "platform",
        "hotlines",
        "category",
        "categories",
        "department",
        "level",
        "danger",
        "confidence",
        "action",
        "evidence",
        "version",
    }
    assert answer["platform"] in {"12345", "110", "both", "none"}
    assert set(answer["hotlines"]) <= {"119", "120", "122", "utility"}
    assert (answer["category"] is None) == (answer["platform"] == "none")
    assert len(answer["categories"]) == 3
    assert {share["name"] for share in answer["categories"]} <= set(HEADINGS_12345 + HEADINGS_110)
    assert 0 < sum(share["p"] for share in answer["categories"]) <= 1.001
    assert answer["category"] in {None, answer["categories"][0]["name"]}
    assert answer["department"] in DEPARTMENTS
    assert answer["level"] in {1, 2, 3}
    assert isinstance(answer["danger"], bool)
    assert 0 <= answer["confidence"] <= 1
    assert answer["action"] in {"one_key_110", "one_key_12345", "three_party", "keep", "guide"}
    for span in answer["evidence"]:
        assert text[span["start"] : span["end"]] == span["text"] != ""
        assert span["rule"]
    assert answer["version"]
    if answer["danger"]:
        assert answer["platform"] in {"110", "both"}
        assert answer["evidence"]
    json.dumps(answer)


@pytest.mark.covers("R-084", "R-085")
def test_the_labels_are_annex_3s_headings_and_annex_2s_departments_letter_by_letter() -> None:
    assert labels() == {"categories": HEADINGS_12345 + HEADINGS_110, "departments": DEPARTMENTS}


@pytest.mark.covers("R-083")
@pytest.mark.parametrize("site", [None, "12345", "110"])
def test_every_answer_keeps_the_contract_at_every_site(site: str | None) -> None:
    for row in corpus()[::6]:
        assert_keeps_the_contract(classify(row.text, site, WORDS_ONLY).as_json(), row.text)
    for row in corpus()[::150]:
        assert_keeps_the_contract(classify(row.text, site).as_json(), row.text)


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text[:6]))
def test_odd_texts_get_an_answer_and_never_an_exception(text: str) -> None:
    assert_keeps_the_contract(classify(text).as_json(), text)


def test_danger_at_the_end_of_a_megabyte_is_still_heard() -> None:
    assert classify("路灯不亮，" * 200_000 + "着火了，快来救人").danger


def test_the_answer_is_frozen_and_the_same_every_time() -> None:
    first = classify("楼下瓦斯漏气", "110")

    assert classify("楼下瓦斯漏气", "110") == first
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.danger = False


@pytest.mark.parametrize(
    ("text", "at_12345", "at_110"),
    [
        ("我电动车被偷了", Action.ONE_KEY_110, Action.KEEP),
        ("小区路灯坏了没人修", Action.KEEP, Action.ONE_KEY_12345),
        ("法院判了他不还钱，执行局不管", Action.GUIDE, Action.GUIDE),
        ("有人拿刀砍人", Action.ONE_KEY_110, Action.KEEP),
        ("红绿灯坏了", Action.THREE_PARTY, Action.THREE_PARTY),
    ],
)
def test_the_site_decides_what_to_do_and_nothing_else(text: str, at_12345: Action, at_110: Action) -> None:
    here, there = classify(text, "12345"), classify(text, "110")

    assert (here.action, there.action) == (at_12345, at_110)
    assert dataclasses.replace(here, action=there.action) == there


def test_offsets_count_code_points_of_the_text_as_it_was_given() -> None:
    text = "😀 嗯 我家 着 著火了！"

    span = next(span for span in classify(text).evidence if span.rule == "danger.fire")

    assert text[span.start : span.end] == span.text
    assert "著火" in span.text


def test_reasons_for_the_desk_come_in_chinese_and_english() -> None:
    reasons = classify("有人拿刀砍人").reasons

    assert [(reason.zh, reason.en) for reason in reasons] == [("有人持械行凶", "armed attack")]


def test_a_bad_line_gives_an_error_and_the_stream_goes_on() -> None:
    lines = [
        '{"id": 1, "text": "停水了"}',
        "{oops",
        "[]",
        '{"id": 4}',
        '{"id": 5, "text": "x", "site": "911"}',
        "",
        '{"id": "六", "text": "着火了", "site": "12345"}',
    ]

    got = [json.loads(line) for line in answers(lines)]

    assert [answer.get("id") for answer in got] == [1, None, None, 4, 5, "六"]
    assert ["error" in answer for answer in got] == [False, True, True, True, True, False]
    assert got[-1]["action"] == "one_key_110"


def test_the_commands_print_json_and_refuse_what_they_do_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["着火了", "--site", "110"]) == 0
    assert json.loads(capsys.readouterr().out)["danger"] is True
    assert main(["--labels"]) == 0
    assert len(json.loads(capsys.readouterr().out)["categories"]) == 24
    assert main(["--jsonl"], ['{"id": 9, "text": "停电"}']) == 0
    assert json.loads(capsys.readouterr().out)["id"] == 9
    assert main(["evaluate", "--blind", "/nowhere.jsonl"]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert main(["--nonsense"]) == 2


def test_platform_names_are_the_contracts() -> None:
    assert [platform.value for platform in Platform] == ["12345", "110", "both", "none"]
