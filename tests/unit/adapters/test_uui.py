"""The signed incident id on the voice leg."""

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from ulid import ULID

from callflow.adapters.uui import AGE_LIMIT_S, AHEAD_LIMIT_S, PairKey, Uui
from callflow.domain.names import IncidentId, SiteId, Verified

NOW = 1_795_334_400.0
GOV, POLICE, OTHER = SiteId("12345"), SiteId("110"), SiteId("028")
INCIDENT = IncidentId(str(ULID.from_timestamp(NOW)))
SHARED = PairKey(1, b"k" * 32)


@pytest.fixture(autouse=True)
def _plain_structlog() -> None:
    structlog.reset_defaults()


def gov() -> Uui:
    return Uui(GOV, {POLICE: SHARED, OTHER: PairKey(1, b"o" * 32)})


def police() -> Uui:
    return Uui(POLICE, {GOV: SHARED})


@pytest.mark.covers("S-10", "R-061")
@pytest.mark.parametrize("mark", list(Verified))
def test_what_one_site_signs_the_other_reads(mark: Verified) -> None:
    value = gov().sign(INCIDENT, 2, mark, POLICE, NOW)

    seen = police().verify(value, NOW + 3)

    assert seen is not None
    assert (seen.incident_id, seen.hop, seen.from_site, seen.mark) == (INCIDENT, 2, GOV, mark)
    assert seen.sent_at == NOW


@pytest.mark.covers("S-10")
def test_the_whole_header_value_fits_128_octets() -> None:
    value = gov().sign(INCIDENT, 255, Verified.NETWORK, POLICE, NOW)

    assert len(f"{value};encoding=hex;purpose=hotline-linkage") <= 128


@pytest.mark.covers("S-10")
@given(bit=st.integers(0, 319))
def test_any_altered_bit_is_refused(bit: int) -> None:
    octets = bytearray.fromhex(gov().sign(INCIDENT, 1, Verified.NETWORK, POLICE, NOW))
    octets[bit // 8] ^= 1 << bit % 8

    assert police().verify(octets.hex(), NOW) is None


@given(text=st.text(max_size=200))
def test_any_text_from_the_wire_is_answered_with_none(text: str) -> None:
    assert police().verify(text, NOW) is None


def test_our_own_value_thrown_back_at_us_is_refused() -> None:
    value = gov().sign(INCIDENT, 1, Verified.NETWORK, POLICE, NOW)

    assert gov().verify(value, NOW) is None


def test_a_value_for_another_site_is_refused() -> None:
    value = gov().sign(INCIDENT, 1, Verified.NETWORK, OTHER, NOW)

    assert police().verify(value, NOW) is None


def test_two_peers_may_use_the_same_key_number() -> None:
    other = Uui(OTHER, {GOV: PairKey(1, b"o" * 32)})

    seen = gov().verify(other.sign(INCIDENT, 1, Verified.CLAIMED, GOV, NOW), NOW)

    assert seen is not None
    assert seen.from_site == OTHER


def test_an_unknown_key_number_is_refused_even_with_the_right_key() -> None:
    stranger = Uui(GOV, {POLICE: PairKey(9, SHARED.key)})

    assert police().verify(stranger.sign(INCIDENT, 1, Verified.NETWORK, POLICE, NOW), NOW) is None


@pytest.mark.parametrize(
    ("late_s", "accepted"), [(AGE_LIMIT_S, True), (AGE_LIMIT_S + 1, False), (-AHEAD_LIMIT_S, True)]
)
def test_it_is_good_for_one_call_and_no_longer(late_s: float, *, accepted: bool) -> None:
    value = gov().sign(INCIDENT, 1, Verified.NETWORK, POLICE, NOW)

    assert (police().verify(value, NOW + late_s) is not None) is accepted


def test_a_refusal_is_logged_with_its_reason_and_nothing_that_was_received() -> None:
    value = gov().sign(INCIDENT, 1, Verified.NETWORK, POLICE, NOW)

    with capture_logs() as logs:
        police().verify(value, NOW + 10 * AGE_LIMIT_S)

    assert [entry["reason"] for entry in logs] == ["too old or from the future"]
    assert value not in str(logs)
    assert INCIDENT not in str(logs)


@pytest.mark.parametrize("hop", [-1, 256])
def test_a_hop_that_does_not_fit_is_our_own_mistake_and_raises(hop: int) -> None:
    with pytest.raises(ValueError, match="octet"):
        gov().sign(INCIDENT, hop, Verified.NETWORK, POLICE, NOW)
