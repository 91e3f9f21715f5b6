"""Sites tune by data, and cannot tune danger away."""

from pathlib import Path

import pytest

from classifier import classify
from classifier.tuning import DEFAULT, read_tuning

GOOD = """
[operating]
danger_at = 0.2
sentences = false
[departments]
"公共设施类" = "住建部门"
[places]
"金鸡坝" = "城东街道"
[[precedent]]
category = "市容管理类"
words = ["烧烤"]
department = "生态环境部门"
zh = "2026年3月会商：烧烤油烟由生态环境部门受理"
"""


def tuned(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.covers("R-085")
def test_a_site_has_its_own_places_departments_and_precedents(tmp_path: Path) -> None:
    tuning = read_tuning(tuned(tmp_path, GOOD))

    lamp = classify("金鸡坝路灯坏了，好几个晚上没亮", "12345", tuning)
    smoke = classify("楼下烧烤摊油烟往家里灌，占道经营", "12345", tuning)

    assert lamp.department == "住建部门"
    assert ("金鸡坝", "site.place") in [(span.text, span.rule) for span in lamp.evidence]
    assert smoke.department == "生态环境部门"
    assert any(reason.rule == "site.precedent" and "会商" in reason.zh for reason in smoke.reasons)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[operating]\ndanger_at = 0.95", "between"),
        ("[operating]\ndanger = 1", "none of"),
        ('[departments]\n"没有类" = "住建部门"', "annex 3"),
        ('[departments]\n"公共设施类" = "没有局"', "annex 2"),
        ('[places]\n"金" = "城东"', "2 characters"),
        ("[rules]", "no such part"),
        ("[[precedent]]\ncategory = 3", "cannot be used"),
        ("oops", "cannot be used"),
    ],
)
def test_a_wrong_file_is_refused_with_the_cause(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_tuning(tuned(tmp_path, text))


def test_a_more_careful_operating_point_never_says_danger_less_often(tmp_path: Path) -> None:
    careful = read_tuning(tuned(tmp_path, "[operating]\ndanger_at = 0.05\nsentences = false"))
    usual = read_tuning(tuned(tmp_path, "[operating]\nsentences = false"))

    for text in ("闻到一点煤气味", "他一直跟着我", "邻居越吵越凶", "井盖没了", "想问社保"):
        assert classify(text, None, careful).danger >= classify(text, None, usual).danger
    assert DEFAULT.sentences
