from __future__ import annotations

from callflow.web.rate import MAX_KEYS, Allowance


def test_so_many_in_the_window_and_then_a_wait_until_the_first_is_old_enough() -> None:
    allowance = Allowance(2, 10.0)
    allowance.spend("seat", 100.0)
    assert allowance.wait_s("seat", 101.0) == 0
    allowance.spend("seat", 103.0)

    assert allowance.wait_s("seat", 104.0) == 6.0
    assert allowance.wait_s("seat", 110.0) == 0
    allowance.spend("seat", 110.0)
    assert allowance.wait_s("seat", 111.0) == 2.0


def test_one_key_does_not_use_up_anothers() -> None:
    allowance = Allowance(1, 10.0)
    allowance.spend("one", 100.0)

    assert allowance.wait_s("one", 100.0) == 10.0
    assert allowance.wait_s("two", 100.0) == 0


def test_a_use_is_taken_back_and_a_key_forgotten() -> None:
    allowance = Allowance(2, 10.0)
    for at in (100.0, 101.0):
        allowance.spend("seat", at)
    allowance.refund("seat")
    assert allowance.wait_s("seat", 102.0) == 0

    allowance.spend("seat", 102.0)
    allowance.forget("seat")
    assert allowance.wait_s("seat", 103.0) == 0
    allowance.refund("nobody")


def test_a_flood_of_keys_forgets_the_one_unused_longest() -> None:
    allowance = Allowance(1, 1000.0)
    for count in range(MAX_KEYS + 1):
        allowance.spend(str(count), 100.0)

    assert allowance.wait_s("0", 100.0) == 0
    assert allowance.wait_s("1", 100.0) > 0
