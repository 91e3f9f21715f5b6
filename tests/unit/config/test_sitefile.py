"""The site file: no defaults where trust is concerned, and every mistake is one clear sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi.lint import CONFIG
from callflow.sitefile import SiteFileError, load_site

WHOLE = (CONFIG / "sites" / "12345.toml").read_text(encoding="utf-8")
TRUST = ("address", "exchange", "believe_identity", "send_identity", "answer_is_human", "number_refused_codes")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.covers("S-3")
@pytest.mark.parametrize("field", [*TRUST, "max_hops", "uui_key_id"])
def test_a_peer_without_a_trust_field_stops_the_start(field: str, tmp_path: Path) -> None:
    before, peer = WHOLE.split("[[peer]]")
    lines = [line for line in peer.splitlines(keepends=True) if not line.startswith(f"{field} =")]
    path = written(tmp_path, before + "[[peer]]" + "".join(lines))

    with pytest.raises(SiteFileError, match=rf"x.toml: peer.0.{field}: Field required"):
        load_site(path, "127.0.0")


MISTAKES = [
    ('via = "110"', 'via = "nobody"', "neither a peer nor a carrier"),
    ('code = "119"', 'code = "120"', "two directory entries have the same code"),
    ('id = "8001"', 'id = "8002"', "two agents have the same id"),
    ("http_port = 8345", "http_port = 99999", "less than or equal to 65535"),
    ("http_port = 8345", "htp_port = 8345", "Field required"),
    ('id = "8001"', 'id = "8001\\nsecret=x"', "should match pattern"),
    ("[platform]", "[platform", "not valid TOML"),
    ("[timing]", "[retention]\nmessages_days = 2000\n[timing]", "messages_days may be 1095 at most"),
    ("[timing]", "[retention]\ncall_backs_days = 2000\n[timing]", "call_backs_days may be 1095 at most"),
    ("[timing]", "[retention]\nmatters_days = 365\n[timing]", r"matters_days is 0 \(never\) or at least 1095"),
    ("[timing]", "[journal]\nkeep_days = 1096\n[timing]", "the journal holds numbers"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), MISTAKES)
def test_a_mistake_is_one_sentence_with_file_and_field(right: str, wrong: str, said: str, tmp_path: Path) -> None:
    assert right in WHOLE

    with pytest.raises(SiteFileError, match=said):
        load_site(written(tmp_path, WHOLE.replace(right, wrong, 1)), "127.0.0")


def test_a_missing_file_names_itself_and_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match=r"none.toml: cannot be read .*; name an existing site file"):
        load_site(tmp_path / "none.toml", "127.0.0")


SYSTEM = '[ticket_system]\nid = "ztb"\nurl = "https://gongdan.example/steps"\nnumbers = "masked"\n'


def test_the_platforms_own_ticket_system_is_named_in_a_section_of_its_own(tmp_path: Path) -> None:
    site = load_site(written(tmp_path, WHOLE + SYSTEM), "127.0.0")

    assert site.is_ticket_system("ztb")
    assert not site.is_ticket_system("110")


@pytest.mark.covers("T-19")
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://10.0.0.9/steps", "only https leaves this machine"),
        ("http://localhost/steps", "only https leaves this machine"),  # a name may mean another machine tomorrow
        ("http://169.254.169.254/latest", "only https leaves this machine"),
        ("file:///etc/passwd", "write https://host/path"),
        ("https:///steps", "write https://host/path"),
        ("https://user:secret@gongdan.example/steps", "no user, no query, no fragment"),
        ("https://gongdan.example/steps?key=1", "no user, no query, no fragment"),
        ("https://gongdan.example:99999/steps", "Port out of range"),
    ],
)
def test_it_is_told_over_https_or_on_this_machine_and_nowhere_else(url: str, said: str, tmp_path: Path) -> None:
    text = WHOLE + SYSTEM.replace("https://gongdan.example/steps", url)

    with pytest.raises(SiteFileError, match=rf"x.toml: ticket_system.*{said}"):
        load_site(written(tmp_path, text), "127.0.0")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9800/steps", "http://[::1]:9800/steps"])
def test_on_this_machine_it_needs_no_certificate(url: str, tmp_path: Path) -> None:
    text = WHOLE + SYSTEM.replace("https://gongdan.example/steps", url)

    assert load_site(written(tmp_path, text), "127.0.0").ticket_system is not None


@pytest.mark.parametrize("missing", ["id", "url", "numbers"])
def test_nothing_about_it_is_assumed(missing: str, tmp_path: Path) -> None:
    text = WHOLE + "".join(line + "\n" for line in SYSTEM.splitlines() if not line.startswith(f"{missing} ="))

    with pytest.raises(SiteFileError, match=rf"x.toml: ticket_system.{missing}: Field required"):
        load_site(written(tmp_path, text), "127.0.0")


def test_its_name_is_nobody_elses(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="a platform's or a carrier's already"):
        load_site(written(tmp_path, WHOLE + SYSTEM.replace('"ztb"', '"110"')), "127.0.0")


NOTICES = '[[notices]]\nid = "yjgl"\nname_zh = "应急管理局"\nurl = "https://yj.example/notices"\nnumbers = "masked"\n'


@pytest.mark.covers("R-028")
def test_a_receiver_of_notices_hears_of_levels_one_and_two_and_of_danger_unless_it_says_otherwise(
    tmp_path: Path,
) -> None:
    (usual,) = load_site(written(tmp_path, WHOLE + NOTICES), "127.0.0").notices
    fire = 'levels = [1]\ndanger = false\ncategories = ["治安灾害事故"]\n'
    (narrow,) = load_site(written(tmp_path, WHOLE + NOTICES + fire), "127.0.0").notices

    heard = [usual.hears_of(level, "", danger=False) for level in (1, 2, 3)]
    assert heard == [True, True, False]
    assert usual.hears_of(3, "", danger=True)
    assert not narrow.hears_of(2, "治安灾害事故", danger=True)
    assert [narrow.hears_of(1, category, danger=False) for category in ("治安灾害事故", "教育类")] == [True, False]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (NOTICES.replace('"yjgl"', '"110"'), "an id is there twice, or is a platform's"),
        (NOTICES + NOTICES, "an id is there twice, or is a platform's"),
        (SYSTEM + NOTICES.replace('"yjgl"', '"ztb"'), "an id is there twice, or is a platform's"),
        (NOTICES.replace("https", "http"), "only https leaves this machine"),
        (NOTICES + "levels = [4]\n", "notices.0.levels"),
        (NOTICES.replace('numbers = "masked"\n', ""), "notices.0.numbers: Field required"),
    ],
)
def test_a_receiver_of_notices_is_told_apart_and_told_safely(wrong: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match=said):
        load_site(written(tmp_path, WHOLE + wrong), "127.0.0")


@pytest.mark.covers("R-056")
def test_what_an_account_sees_of_confidential_tickets_follows_from_its_role_and_its_unit(tmp_path: Path) -> None:
    site = load_site(written(tmp_path, WHOLE + SYSTEM), "127.0.0")
    account = site.agent[0]
    roles = ("agent", "supervisor", "auditor", "administrator")
    accounts = [account.model_copy(update={"id": f"800{n}", "role": role}) for n, role in enumerate(roles)]
    site = site.model_copy(update={"agent": (*accounts, account.model_copy(update={"id": "8009", "unit": "5" * 12}))})

    assert [site.viewer(f"800{n}").sees_all for n in range(4)] == [False, True, True, False]
    assert site.viewer("8009").names == ("8009", "5" * 12)
    assert [site.viewer(code).sees_all for code in ("ztb", "ztb.wang", "nobody")] == [True, True, False]
