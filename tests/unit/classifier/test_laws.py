"""Laws over any text."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import Platform, classify
from classifier.corpus import corpus
from classifier.cues import Index
from classifier.features import excerpt
from classifier.hits import find_hits
from classifier.lexicon import lexicon
from classifier.normalise import normalise
from classifier.tuning import Tuning

WORDS = sorted({row.text for row in corpus() if row.author == "rules"})
PIECES = [
    "没有",
    "去年",
    "如果",
    "听说",
    "演习",
    "别",
    "不是",
    "死",
    "打",
    "火",
    "刀",
    "现在",
    "110",
    "，",
    "。",
    "😀",
    "著",
    "\n",
    " ",
    "怎么处罚",
]
talk = st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(PIECES), st.text(max_size=12)), max_size=6).map(
    "".join
)
CRIES = ["有人正拿刀砍人！", "楼上着火了！", "她站在楼顶要跳楼！", "我爸没有呼吸了！"]
slowly = settings(max_examples=60, deadline=None)


@given(st.one_of(st.text(), talk))
@slowly
def test_no_text_raises_and_all_offsets_lie_in_the_text(text: str) -> None:
    got = classify(text)

    assert all(0 <= span.start < span.end <= len(text) for span in got.evidence)
    assert all(text[span.start : span.end] == span.text for span in got.evidence)


@given(talk, st.sampled_from(CRIES), st.sampled_from(["first", "last"]))
@slowly
def test_a_cry_for_help_in_a_sentence_of_its_own_is_never_cleared_by_anything_else(
    text: str, cry: str, where: str
) -> None:
    got = classify(f"{text}。{cry}" if where == "last" else f"{cry}{text}")

    assert got.danger
    assert got.platform in {Platform.POLICE, Platform.BOTH}
    assert got.level <= classify(text).level


@given(talk)
@slowly
def test_danger_never_goes_to_12345_alone_and_always_shows_its_words(text: str) -> None:
    got = classify(text, "12345")

    if got.danger:
        assert got.platform in {Platform.POLICE, Platform.BOTH}
        assert any(span.rule.startswith("danger.") for span in got.evidence)


def test_the_quick_test_of_a_cue_never_hides_a_match() -> None:
    data = lexicon()
    index = Index((group.rule, cue) for group in data.groups for cue in group.cues)
    for text in WORDS[::4]:
        plain = normalise(text, data.fillers).plain
        likely = {id(cue) for _, cue in index.likely(plain)}
        for group in data.groups:
            for cue in group.cues:
                if id(cue) not in likely:
                    assert cue.pattern.search(plain) is None, (group.rule, cue.pattern.pattern, text)


def test_hits_lie_in_the_order_of_the_text() -> None:
    data = lexicon()
    for text in WORDS:
        starts = [hit.start for hit in find_hits(normalise(text, data.fillers), data)]
        assert starts == sorted(starts)


def test_ten_times_the_text_costs_about_ten_times_the_work() -> None:
    """In processor time, the best of three: a cost that grows with the square would be a hundred times."""
    text = "".join(row.text for row in corpus())

    def cost(characters: int) -> float:
        tries = []
        for _ in range(3):
            began = time.process_time()
            classify(text[:characters], None, Tuning(sentences=False))
            excerpt(text[:characters])
            tries.append(time.process_time() - began)
        return min(tries)

    cost(1_000)
    assert cost(10_000) < 30 * cost(1_000)
