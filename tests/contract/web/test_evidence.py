"""Who may have evidence on a nuisance caller made; what is in it is `tests/contract/adapters/test_evidence.py`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.web.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from callflow.domain.names import CallId


class MadeUp:
    """Packs of one call."""

    def __init__(self) -> None:
        self.marked, self.made = "", list[tuple[str, float]]()

    async def pack(self, call_id: CallId, *, by: str, at: float) -> str | None:
        self.made.append((by, at))
        return "a.pack.signed" if call_id == self.marked else None


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A site that makes packs about one call."""
    made = House()
    made.evidence = MadeUp()
    await made.open()
    yield made
    await made.close()


@pytest.mark.covers("R-098", "R-065")
async def test_a_supervisor_has_it_and_an_agent_has_not(house: House) -> None:
    house.evidence.marked = call_id = await house.caller_talks_with(house.agent)
    supervisor, agent = await house.desk(house.supervisor), await house.desk(house.agent)

    given = await supervisor.post(f"/api/v1/calls/{call_id}/evidence")
    refused = await agent.post(f"/api/v1/calls/{call_id}/evidence")

    assert given == (200, {"pack": "a.pack.signed"})
    assert (refused[0], refused[1]["code"]) == (403, "role-not-allowed")
    assert house.evidence.made == [(house.supervisor, house.now)]


async def test_about_who_was_not_marked_there_is_none(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    supervisor = await house.desk(house.supervisor)

    status, body = await supervisor.post(f"/api/v1/calls/{call_id}/evidence")

    assert (status, body["code"]) == (409, "not-marked")
