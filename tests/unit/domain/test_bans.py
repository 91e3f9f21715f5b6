"""Who is refused, why and for how long."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.domain.bans import FORGET_S, KNOWN_S, MOST_BANS, MOST_SOURCES, WINDOW_S, Address, Ban, Reason, Seen, Watch

THIEF = ip_address("198.51.100.7")
CARRIER = ip_address("203.0.113.20")
PHONE = ip_address("192.0.2.40")


def watch() -> Watch:
    return Watch((ip_network("203.0.113.20/32"),))


def tries(
    one: Watch,
    number: int,
    *,
    address: Address = THIEF,
    reason: Reason = Reason.PASSWORD,
    since: float = 0.0,
    every_s: float = 1.0,
    proven: bool = False,
) -> Ban | None:
    made = [one.see(Seen(address, reason, since + each * every_s, is_proven=proven)) for each in range(number)]
    return next((ban for ban in made if ban), None)


def proves_a_password(one: Watch, address: Address, at: float = 0.0) -> None:
    one.see(Seen(address, None, at, is_proven=False))


def test_five_wrong_passwords_within_two_minutes_are_refused_and_four_are_not() -> None:
    assert tries(watch(), 4) is None
    assert tries(watch(), 5, every_s=WINDOW_S / 5) is not None
    assert tries(watch(), 50, every_s=WINDOW_S / 4 + 1) is None


def test_an_honest_phone_may_lose_its_answer_to_many_challenges() -> None:
    assert tries(watch(), 29, reason=Reason.SILENT) is None
    assert tries(watch(), 30, reason=Reason.SILENT) is not None


def test_an_honest_phone_that_registers_all_day_never_comes_near() -> None:
    one = watch()
    for each in range(1000):
        assert one.see(Seen(PHONE, Reason.SILENT, each * 2.0, is_proven=False)) is None
        proves_a_password(one, PHONE, each * 2.0)


def test_each_ban_is_four_times_as_long_and_an_hour_at_most_by_udp() -> None:
    one, at, lengths = watch(), 0.0, []
    for _ in range(5):
        ban = tries(one, 5, since=at)
        assert ban is not None
        lengths.append(ban.until - ban.since)
        at = ban.until + 1
        assert [over.address for over in one.pass_time(at)] == [THIEF]

    assert lengths == [60, 240, 960, 3600, 3600]


def test_who_came_by_tcp_is_the_true_one_and_stays_out_longer() -> None:
    ban = tries(watch(), 5, proven=True, reason=Reason.REFUSED)

    assert ban is not None
    assert ban.until - ban.since == 300


def test_after_a_quiet_day_a_source_begins_anew() -> None:
    one = watch()
    first = tries(one, 5)
    assert first is not None
    one.pass_time(first.until)
    one.pass_time(first.until + FORGET_S)

    again = tries(one, 5, since=first.until + FORGET_S)

    assert again is not None
    assert again.times == 1


@pytest.mark.parametrize("reason", list(Reason))
def test_whom_the_site_file_names_no_forged_packet_can_ban(reason: Reason) -> None:
    one = watch()

    assert tries(one, 500, address=CARRIER, reason=reason, every_s=0.01) is None
    assert not one.bans
    assert one.spared[reason] > 0


def test_a_phone_that_has_proved_its_password_no_forged_packet_can_ban_for_two_weeks() -> None:
    one = watch()
    proves_a_password(one, PHONE)

    assert tries(one, 500, address=PHONE, since=KNOWN_S - 600) is None
    one.pass_time(KNOWN_S)
    assert tries(one, 5, address=PHONE, since=KNOWN_S + 600) is not None


def test_a_ban_that_a_person_lifts_leaves_no_grudge() -> None:
    one = watch()
    tries(one, 5)

    assert one.lift(THIEF) is not None
    assert one.lift(THIEF) is None
    again = tries(one, 5)
    assert again is not None
    assert again.times == 1


def test_a_flood_with_forged_sources_fills_no_memory() -> None:
    one = watch()
    for each in range(6_000):
        tries(one, 5, address=ip_address(f"10.{each >> 16}.{each >> 8 & 255}.{each & 255}"), since=each / 1000)
        one.see(Seen(ip_address(0x0B000000 + each), Reason.ACCOUNT, each / 1000, is_proven=False))
        proves_a_password(one, ip_address(0x0C000000 + each), each / 1000)

    assert len(one.bans) <= MOST_BANS
    assert len(one._sources) == MOST_SOURCES
    assert len(one.known) <= MOST_SOURCES


@given(
    st.lists(
        st.tuples(
            st.sampled_from([THIEF, CARRIER, PHONE]),
            st.sampled_from([*Reason, None]),
            st.floats(0, 1e6),
            st.booleans(),
        ),
        max_size=200,
    )
)
def test_whatever_is_seen_nobody_who_is_spared_is_banned_and_every_ban_ends(
    story: list[tuple[Address, Reason | None, float, bool]],
) -> None:
    one = watch()
    for address, reason, at, proven in story:
        ban = one.see(Seen(address, reason, at, is_proven=proven))
        assert ban is None or not one.is_spared(address, at)
        assert CARRIER not in one.bans
    one.pass_time(2e6 + 86400)
    assert not one.bans
