"""The lab's status: read as promised, and refused with a cause and a cure."""

import json
from pathlib import Path

import pytest

from softphone_sim.lab import LabError, addresses_of, host_of, read_lab

AGENT = {"id": "8001", "sip_user": "8001", "sip_password": "x", "desk_user": "8001", "desk_password": "y"}
STATUS = {
    "base": 7,
    "sites": [{"id": "12345", "sip": "127.0.7.11:5060", "http": "http://127.0.7.11:8345", "agents": [AGENT], "new": 1}],
    "carrier": {
        "trusted": ["127.0.7.20", "127.0.7.30"],
        "untrusted": ["127.0.7.31"],
        "dial": {"12345": "sip:12345@127.0.7.11"},
    },
}


def test_a_status_is_read_and_unknown_fields_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_text(json.dumps(STATUS), encoding="utf-8")

    lab = read_lab(file)

    assert lab.seat("12345", 1).sip_user == "8001"
    with pytest.raises(LabError, match="no platform '119' in the lab; it has 12345"):
        lab.site("119")
    with pytest.raises(LabError, match="platform 12345 has seats 1 to 1, not 2"):
        lab.seat("12345", 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "must be what ./run status --json prints"),
        ("{}", "sites"),
        (json.dumps({**STATUS, "carrier": {}}), "carrier.trusted"),
    ],
)
def test_what_is_no_status_is_refused_with_the_place_and_the_cure(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "status.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(LabError) as caught:
        read_lab(file)

    assert said in str(caught.value)


def test_a_missing_status_names_the_command_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"write it with \./run status --json"):
        read_lab(tmp_path / "none.json")


def test_addresses_are_listed_or_ranged() -> None:
    assert addresses_of("172.28.5.20") == ("172.28.5.20",)
    assert addresses_of("127.0.9.41-43, 127.0.9.50") == ("127.0.9.41", "127.0.9.42", "127.0.9.43", "127.0.9.50")
    with pytest.raises(LabError, match=r"write 172\.28\.5\.20"):
        addresses_of("phones")


@pytest.mark.parametrize(
    "place", ["127.0.7.11:5060", "sip:12345@127.0.7.11:5060", "http://127.0.7.11:8345/x", "127.0.7.11"]
)
def test_the_host_of_a_place(place: str) -> None:
    assert host_of(place) == "127.0.7.11"
