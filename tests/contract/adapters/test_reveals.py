"""A masked number that was shown: in the audit with who and why, without the number itself."""

from __future__ import annotations

import pytest

from callflow.adapters.sql import audit
from callflow.adapters.sql.reveals import SqlReveals
from callflow.domain.names import AgentId
from tests.contract.adapters.books import NOW, Books, MakeCall, opening
from tests.contract.adapters.test_recordings import audited


@pytest.mark.covers("R-002")
async def test_who_was_shown_a_number_is_in_the_audit_and_the_chain_holds(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(call, opening(call))

    await SqlReveals(gov.database)(call, by=AgentId("8002"), role="supervisor", reason="complaint", at=NOW + 5)

    assert await audited(gov.database, "number_shown") == [{"by": "8002", "role": "supervisor", "reason": "complaint"}]
    assert await gov.database.read(audit.first_break) is None
