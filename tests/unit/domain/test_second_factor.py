"""One-time codes by RFC 6238: its own vectors, one step of skew, nothing twice."""

from __future__ import annotations

import pytest

from callflow.domain.second_factor import as_recovery_code, code_of, otpauth_url, recovery_code, shown_secret, step_of

SECRET = b"12345678901234567890"


@pytest.mark.covers("R-065")
@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(at: int, code: str) -> None:
    assert code_of(SECRET, at // 30) == code[-6:]


def test_a_clock_may_be_one_step_off_and_not_two() -> None:
    now = 1_700_000_010.0
    here = int(now) // 30

    taken = {off: step_of(SECRET, code_of(SECRET, here + off), now, 0) for off in (-2, -1, 0, 1, 2)}

    assert taken == {-2: None, -1: here - 1, 0: here, 1: here + 1, 2: None}


def test_a_code_and_all_before_it_are_taken_once() -> None:
    now = 1_700_000_010.0
    here = int(now) // 30

    assert step_of(SECRET, code_of(SECRET, here), now, here) is None
    assert step_of(SECRET, code_of(SECRET, here - 1), now, here) is None
    assert step_of(SECRET, code_of(SECRET, here + 1), now, here) == here + 1


def test_what_an_authenticator_reads_names_site_and_account() -> None:
    url = otpauth_url(SECRET, "8400", "Government services")

    assert shown_secret(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert url == (
        "otpauth://totp/Government%20services%3A8400?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Government%20services&digits=6&period=30"
    )


def test_a_recovery_code_may_be_typed_as_one_likes() -> None:
    code = recovery_code(bytes(range(10)))

    assert as_recovery_code(code.lower().replace("-", " ")) == code
    assert as_recovery_code("123456") is None
