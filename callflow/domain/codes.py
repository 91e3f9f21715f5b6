"""Codes of organisations and places, checked by themselves: check digits and forms (R-046). Pure.

Which places exist is data (`adapters.regions`).
"""

from __future__ import annotations

import re

CREDIT_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: digits and capitals without I, O, S, V and Z."""

CREDIT_LENGTH = 18
CREDIT_FORM = re.compile(rf"[{CREDIT_DIGITS}]{{2}}\d{{6}}[{CREDIT_DIGITS}]{{10}}")
POLICE_FORM = re.compile(r"\d{12}")
REGION_FORM = re.compile(r"\d{6}")


def is_credit_code(code: str) -> bool:
    """Whether it is a 统一社会信用代码 with the right check digit (GB 32100-2015, weights 3^i mod 31)."""
    if not CREDIT_FORM.fullmatch(code):
        return False
    values = [CREDIT_DIGITS.index(each) for each in code]
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:-1]))
    return values[-1] == -total % 31


def is_police_code(code: str) -> bool:
    """Whether it has the form of a public-security organisation's code: 12 digits, the place in the first six."""
    return bool(POLICE_FORM.fullmatch(code))


def is_unit_code(code: str) -> bool:
    """Whether a matter may be given to this code: an organisation's or a police organisation's."""
    return is_police_code(code) or is_credit_code(code)
