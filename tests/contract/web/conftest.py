from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.web.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    await made.open()
    yield made
    await made.close()
