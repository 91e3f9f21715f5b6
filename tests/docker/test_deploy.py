"""What the one-shot `keys` service gives to each container."""

import json
from pathlib import Path

import pytest

from callflow.lab.deploy import deploy

NET = "172.28.9"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    deploy(NET, out)
    return out


def texts(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".wav")
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in files}


def secrets_of(made: Path, site: str) -> dict[str, str]:
    text = json.loads((made / "keys" / site / "secrets.json").read_text("utf-8"))
    desks = {f"desk {name}": agent["desk_password"] for name, agent in text["agents"].items()}
    phones = {f"sip {name}": agent["sip_password"] for name, agent in text["agents"].items()}
    sql = (made / "keys" / site / "pgpass").read_text("utf-8").strip().rpartition(":")[2]
    exchange = (made / "keys" / site / "exchange.key").read_text("utf-8").splitlines()[1]
    named = {"ami": text["ami"], "redis": text["redis"], "session": text["session"], "sql": sql, "exchange": exchange}
    return named | desks | phones


def held_by(folder: Path, secrets: dict[str, str]) -> set[str]:
    everything = "\n".join(texts(folder).values())
    return {name.split()[0] for name, secret in secrets.items() if secret in everything}


def test_an_asterisk_is_given_its_phones_and_its_ami_secret_and_no_other(made: Path) -> None:
    assert held_by(made / "pbx" / "12345", secrets_of(made, "12345")) == {"ami", "sip"}
    assert held_by(made / "pbx" / "12345", secrets_of(made, "110")) == set()


def test_a_redis_and_the_database_are_given_their_passwords_only(made: Path) -> None:
    assert held_by(made / "redis" / "110", secrets_of(made, "110")) == {"redis"}
    assert held_by(made / "redis" / "110", secrets_of(made, "12345")) == set()
    assert held_by(made / "postgres", secrets_of(made, "110") | secrets_of(made, "12345")) == {"sql"}


def test_the_phones_are_given_the_agents_accounts_and_nothing_of_the_platforms(made: Path) -> None:
    assert held_by(made / "phones", secrets_of(made, "12345")) == {"sip", "desk"}
    assert "PRIVATE KEY" not in "".join(texts(made / "phones").values())


def test_a_site_holds_nothing_of_the_others_but_what_the_pair_shares(made: Path) -> None:
    assert held_by(made / "keys" / "12345", secrets_of(made, "110")) == set()


def test_every_secret_is_for_its_owner_only(made: Path) -> None:
    loose = [
        path for path in made.rglob("*") if path.is_file() and path.suffix != ".wav" and path.stat().st_mode & 0o077
    ]
    assert [path.name for path in loose if path.name != ".lock"] == []


def test_a_second_run_changes_nothing(made: Path) -> None:
    before = texts(made)
    deploy(NET, made)
    assert texts(made) == before


def test_the_status_document_names_the_containers_and_carries_no_database_password(made: Path) -> None:
    status = json.loads((made / "phones" / "status.json").read_text("utf-8"))
    assert [site["http"] for site in status["sites"]] == [f"http://{NET}.11:8345", f"http://{NET}.12:8110"]
    assert status["sites"][1]["redis"] == "redis-110:6379"
    assert status["sites"][0]["sql"] == "postgresql+psycopg://callflow_12345@postgres:5432/callflow_12345"
    assert status["carrier"]["untrusted"] == [f"{NET}.31"]
