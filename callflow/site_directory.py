"""The directory of a site: whom agents may hand a caller to. Part of the site file (`sitefile`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from callflow.site_keeping import Strict
from callflow.site_people import Code


class Contact(Strict):
    """A duty phone of a directory entry, rung when its own line fails (requirement R-005)."""

    name_zh: str
    name_en: str
    via: Code
    dial: Code
    answer_is_human: bool


class Target(Strict):
    """A directory entry: what agents may hand a caller to. `via` is a peer's or carrier's id.

    `answer_is_human` is for a line behind a carrier; a platform's is its peer's. `contacts`: duty phones, in order.
    """

    code: Code
    name_zh: str
    name_en: str
    via: Code
    dial: Code
    sort: Literal["platform", "emergency", "utility", "department", "region"]
    answer_is_human: bool = False
    contacts: tuple[Contact, ...] = Field(default=(), max_length=9)
