"""Keys are made once, whole, private, and each site gets only its own."""

import json
import multiprocessing
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from callflow.domain.names import AgentId, SiteId
from callflow.key_facts import key_facts
from callflow.lab.keys import KeysError, SiteNeeds, days_left, load_keys, make_keys

GOV, POLICE = SiteId("12345"), SiteId("110")
START = datetime(2026, 11, 22, tzinfo=UTC)


def needs(gov_address: str = "127.0.106.11", agents: tuple[str, ...] = ("8001", "8002")) -> list[SiteNeeds]:
    return [
        SiteNeeds(GOV, (gov_address,), ("site-12345", "localhost"), tuple(map(AgentId, agents)), (POLICE,)),
        SiteNeeds(POLICE, ("127.0.106.12",), ("site-110",), (AgentId("9001"),), (GOV,)),
    ]


def contents(keys_dir: Path) -> dict[str, bytes]:
    return {str(p.relative_to(keys_dir)): p.read_bytes() for p in keys_dir.rglob("*") if p.is_file()}


def test_a_second_making_changes_nothing(tmp_path: Path) -> None:
    make_keys(tmp_path, needs(), START)
    before = contents(tmp_path)

    make_keys(tmp_path, needs(), START + timedelta(days=30))

    assert contents(tmp_path) == before


def test_both_sites_share_one_uui_key_and_know_each_other(tmp_path: Path) -> None:
    make_keys(tmp_path, needs())

    gov, police = load_keys(tmp_path, GOV), load_keys(tmp_path, POLICE)

    assert gov.uui_keys[POLICE] == police.uui_keys[GOV]
    assert len(gov.uui_keys[POLICE]) == 32
    assert list(gov.peer_keys) == [POLICE]
    assert list(police.peer_keys) == [GOV]


def test_one_sites_secrets_do_not_open_the_other(tmp_path: Path) -> None:
    make_keys(tmp_path, needs())

    gov, police = load_keys(tmp_path, GOV), load_keys(tmp_path, POLICE)

    assert gov.redis_password != police.redis_password
    assert gov.ami_secret != police.ami_secret
    assert gov.session_secret != police.session_secret
    passwords = [s for keys in (gov, police) for a in keys.agents.values() for s in (a.sip_password, a.desk_password)]
    assert len(set(passwords)) == len(passwords) == 6


def test_nobody_else_may_read_them_and_no_secret_shows_in_print(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys", needs())

    for path in (tmp_path / "keys").rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.name == ".lock" or stat.S_IMODE(path.stat().st_mode) == wanted
    keys = load_keys(tmp_path / "keys", GOV)
    for secret in (keys.ami_secret, keys.redis_password, keys.agents[AgentId("8001")].sip_password):
        assert secret not in repr(keys)


def test_the_certificate_names_addresses_and_the_site_and_lives_90_days(tmp_path: Path) -> None:
    make_keys(tmp_path, needs(), START)

    leaf = x509.load_pem_x509_certificate(load_keys(tmp_path, GOV).tls_certificate.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.106.11"]
    assert names.get_values_for_type(x509.DNSName) == ["site-12345", "localhost"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:hotline-linkage:site:12345"]
    assert round(days_left(tmp_path, START)) == 90


def test_certificates_near_their_end_are_made_anew_and_secrets_stay(tmp_path: Path) -> None:
    make_keys(tmp_path, needs(), START)
    before = load_keys(tmp_path, GOV)

    make_keys(tmp_path, needs(), START + timedelta(days=84))

    assert round(days_left(tmp_path, START + timedelta(days=84))) == 90
    assert load_keys(tmp_path, GOV) == before


def test_a_new_address_brings_a_new_certificate_for_that_site_only(tmp_path: Path) -> None:
    make_keys(tmp_path, needs(), START)
    police = load_keys(tmp_path, POLICE).tls_certificate.read_bytes()

    make_keys(tmp_path, needs(gov_address="127.0.106.77"), START)

    leaf = x509.load_pem_x509_certificate(load_keys(tmp_path, GOV).tls_certificate.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.106.77"]
    assert load_keys(tmp_path, POLICE).tls_certificate.read_bytes() == police


def test_a_new_agent_gets_his_passwords_and_the_others_keep_theirs(tmp_path: Path) -> None:
    make_keys(tmp_path, needs(agents=("8001",)))
    before = load_keys(tmp_path, GOV)

    make_keys(tmp_path, needs(agents=("8001", "8002")))

    after = load_keys(tmp_path, GOV)
    assert after.agents[AgentId("8001")] == before.agents[AgentId("8001")]
    assert AgentId("8002") in after.agents


def test_two_makings_at_once_agree(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    makers = [spawn.Process(target=make_keys, args=(tmp_path, needs())) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)

    assert [maker.exitcode for maker in makers] == [0, 0]
    assert load_keys(tmp_path, GOV).uui_keys[POLICE] == load_keys(tmp_path, POLICE).uui_keys[GOV]
    assert not list(tmp_path.rglob(".new-*"))


def test_a_missing_directory_is_named_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match=r"12345/secrets\.json: cannot be read .*run `./run up`"):
        load_keys(tmp_path, GOV)
    with pytest.raises(KeysError, match="holds no certificate"):
        days_left(tmp_path)


def test_a_damaged_file_is_named_with_its_cure(tmp_path: Path) -> None:
    make_keys(tmp_path, needs())
    secrets = tmp_path / GOV / "secrets.json"
    secrets.write_text(json.dumps({"agents": {}}))

    with pytest.raises(KeysError, match="12345: a key file is damaged"):
        load_keys(tmp_path, GOV)


def test_a_directory_that_cannot_be_written_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("in the way")

    with pytest.raises(KeysError, match="keys: cannot write keys"):
        make_keys(tmp_path / "keys", needs())


@pytest.mark.parametrize("file", ["ca/ca.crt", "12345/tls.crt", "12345/secrets.json", "110/exchange.key"])
def test_a_damaged_file_is_named_with_the_cure_and_kept(tmp_path: Path, file: str) -> None:
    make_keys(tmp_path, needs())
    damaged = (tmp_path / file).read_bytes()[:30]
    (tmp_path / file).write_bytes(damaged)

    with pytest.raises(KeysError, match=rf"{file}: damaged; restore it, or remove it"):
        make_keys(tmp_path, needs())

    assert (tmp_path / file).read_bytes() == damaged


@pytest.mark.parametrize("file", ["12345/tls.crt", "12345/secrets.json", "110/exchange.key"])
def test_what_is_removed_is_made_anew_and_both_sites_fit_together(tmp_path: Path, file: str) -> None:
    make_keys(tmp_path, needs())
    (tmp_path / file).unlink()

    make_keys(tmp_path, needs())

    gov, police = load_keys(tmp_path, GOV), load_keys(tmp_path, POLICE)
    assert gov.uui_keys[POLICE] == police.uui_keys[GOV]


def test_an_administrator_sees_the_same_digest_on_both_sides_and_no_secret(tmp_path: Path) -> None:
    make_keys(tmp_path, needs(), START)

    ours, theirs = (key_facts(load_keys(tmp_path, site)) for site in (GOV, POLICE))

    assert (ours.peer_keys["110"], theirs.peer_keys["12345"]) == (theirs.exchange_key, ours.exchange_key)
    assert timedelta(seconds=ours.certificate_ends_at - START.timestamp()) == timedelta(days=90)
    assert json.loads((tmp_path / "12345" / "secrets.json").read_text())["session"] not in repr(ours)
