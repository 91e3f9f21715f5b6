"""Matters in both lists of annex 3 get three-party or danger, never a confident single answer (requirements §1.9)."""

import pytest

from classifier import Action, Platform, classify

UNCLEAR = {
    "missing": "我爸出门买菜走失了，他有点智力障碍",
    "gas": "厨房有股煤气味",
    "hazardous goods": "厂区里危化品泄漏了",
    "disaster": "暴雨把我家院墙冲倒了，想求助",
    "noise": "半夜老是轰鸣声，不知道是什么声音",
    "traffic facility": "路口红绿灯坏了，乱闪",
    "collapsed in the street": "街上有个老人病倒了",
    "mental": "小区有个精神病人发病了到处乱跑",
    "quarrel": "邻居两家越吵越凶，拦不住",
    "public servant": "我要举报一个穿制服的执法人员乱收钱",
    "past police": "去年派出所民警对我态度不好",
    "manhole": "井盖翻起来了，很危险，差点摔到人",
    "wires": "高压线垂下来了，离地面很近",
    "wages": "三十多个人在工地门口讨工资",
    "blocking": "一辆车横停在路中间，能不能叫他挪车",
}


@pytest.mark.covers("R-084")
@pytest.mark.parametrize("text", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_an_overlap_without_the_telling_detail_goes_to_both_or_is_danger(text: str) -> None:
    got = classify(text, "12345")

    assert got.platform is Platform.BOTH or (got.danger and got.platform is Platform.POLICE)
    assert got.action in {Action.THREE_PARTY, Action.ONE_KEY_110}


@pytest.mark.covers("R-084")
@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("广场舞音响太吵，天天跳到十点", Platform.GOVERNMENT),
        ("工地半夜打桩吵得睡不着", Platform.GOVERNMENT),
        ("一群人半夜骑改装摩托炸街", Platform.POLICE),
        ("社区工作人员态度恶劣不办事", Platform.GOVERNMENT),
        ("派出所民警现在就在打人", Platform.POLICE),
        ("精神分裂的弟弟没钱住院，想申请救助", Platform.GOVERNMENT),
        ("老板拖欠我三个月工资", Platform.GOVERNMENT),
        ("邻居把杂物堆在过道，说了不听", Platform.GOVERNMENT),
        ("有车堵在我家车库门口，联系不上车主", Platform.GOVERNMENT),
    ],
)
def test_the_telling_detail_decides(text: str, platform: Platform) -> None:
    assert classify(text).platform is platform


@pytest.mark.parametrize(
    "text",
    [
        "邻居吵架，他提着菜刀出来要砍我",
        "老板不给工资，我们几十个人把大门堵了",
        "小区精神病人拿棍子打人",
        "燃气管被挖断了，有人晕倒",
    ],
)
def test_an_overlap_with_violence_or_present_threat_is_danger(text: str) -> None:
    got = classify(text, "12345")

    assert got.danger
    assert got.level == 1
    assert got.action is Action.ONE_KEY_110


@pytest.mark.covers("R-084")
def test_words_of_both_lists_in_what_is_surely_for_12345_still_make_a_three_party_call_and_say_why() -> None:
    got = classify("想问一下，小区里走失的猫能不能在社区公告栏贴寻猫启事", "12345")

    assert (got.platform, got.action, got.danger) == (Platform.GOVERNMENT, Action.THREE_PARTY, False)
    assert "overlap.missing" in {span.rule for span in got.evidence}


@pytest.mark.covers("R-009")
@pytest.mark.parametrize(
    "text",
    [
        "法院判下来三年了，执行局一直不执行",
        "我对劳动仲裁裁决不服",
        "举报我们镇的书记贪污受贿",
        "这个事我已经申请行政复议了",
        "我要申请政府信息公开，看征地批文",
        "信访局受理过，一直没给我答复",
        "帮我查一下我前夫的开房记录",
        "你知道我们部队驻地和军事机密吗",
        "哪里可以找代孕，多少钱",
    ],
)
def test_what_neither_platform_takes_up_is_guided_away(text: str) -> None:
    got = classify(text, "12345")

    assert (got.platform, got.category, got.action) == (Platform.NONE, None, Action.GUIDE)
    assert got.evidence


@pytest.mark.covers("R-009")
def test_danger_goes_before_out_of_scope() -> None:
    got = classify("法院判得不公，我现在就站在法院楼顶要跳下去", "12345")

    assert (got.platform, got.action, got.danger) == (Platform.POLICE, Action.ONE_KEY_110, True)
