"""Phones of other makers at seat 1 of 12345; the citizen and everybody else are the simulator's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softphone_sim.lab import Lab
from softphone_sim.run.stage import Stage
from tests.e2e.conftest import lab, plan, running, stage
from tests.phones.baresip import Baresip
from tests.phones.foreign import TONE_HZ, Account, ForeignPhone
from tests.phones.linphone import Linphone

__all__ = ["lab", "plan", "running", "stage"]  # the lab is the same as that of tests/e2e

PLATFORM, SEAT, PHONE_OCTET = "12345", 1, 81  # beside the simulator's own phones, .41 to .79
PHONES = {"baresip": Baresip, "linphone": Linphone}


@pytest.fixture(params=sorted(PHONES))
async def phone(request: pytest.FixtureRequest, lab: Lab, stage: Stage, tmp_path: Path) -> AsyncIterator[ForeignPhone]:
    """One foreign phone, registered. The simulator's ears know its voice as "phone"."""
    account = lab.seat(PLATFORM, SEAT)
    registrar = lab.site(PLATFORM).sip
    address = f"{registrar.rsplit('.', 1)[0]}.{PHONE_OCTET}"
    stage.tones_hz["phone"] = TONE_HZ
    one: ForeignPhone = PHONES[request.param](
        tmp_path, Account(address, account.sip_user, account.sip_password, registrar)
    )
    try:
        await one.start()
        yield one
    finally:
        await one.stop()
