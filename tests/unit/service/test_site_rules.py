from __future__ import annotations

from pathlib import Path

import pytest

from callflow.domain.names import TargetCode
from callflow.service.site_rules import rules_of
from callflow.sitefile import load_site

SITES = Path(__file__).parents[3] / "asterisk-config" / "sites"


@pytest.mark.parametrize(("site", "other", "is_danger_site"), [("12345", "110", False), ("110", "12345", True)])
def test_both_site_files_become_rules(site: str, other: str, is_danger_site: bool) -> None:  # noqa: FBT001 - a column
    rules = rules_of(load_site(SITES / f"{site}.toml", "127.0.0"))

    assert rules.is_danger_site is is_danger_site
    assert dict(rules.peers) == {other: other}
    assert rules.answer_is_human == {other, "12319", "083812345"}
    assert rules.targets >= {"119", "120", "122", "9601", "95598", "9602", "9603", "12319", "083812345", other}
    assert rules.means_a_person(TargetCode("9601"), 1)
    assert not rules.means_a_person(TargetCode("9601"), 0)
    assert [rules.contact_after(TargetCode("9601"), n) for n in (0, 1, 2)] == [1, 2, None]
    assert rules.attempt_limit_s > rules.waiting_limit_s
