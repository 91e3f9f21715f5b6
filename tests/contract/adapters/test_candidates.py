"""What agents did otherwise than suggested, for a person to read before anything learns from it."""

import json
from dataclasses import replace

import pytest

from callflow.adapters.sql.candidates import candidates
from tests.contract.adapters.books import GOV, NOW, SUGGESTION, Books, MakeAttempt, MakeCall, opening


@pytest.mark.covers("R-083")
async def test_suggestion_choice_and_outcome_stand_together_and_only_overrides_are_candidates(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    followed = replace(a_call(), note="楼上有人打架", attempts=(an_attempt(),))
    ignored = replace(a_call(), note="楼上音响太吵")
    in_danger = replace(a_call(), note="他手里有刀", attempts=(an_attempt(),), danger=True)
    for call in (followed, ignored, in_danger):
        await gov.write(call, opening(call))
        await gov.facts.keep_suggestion(call.call_id, SUGGESTION, NOW)
        await gov.write(call)

    found = await candidates(gov.database, GOV)

    assert {row["text"]: row["overridden"] for row in found} == {"楼上音响太吵": ["platform"], "他手里有刀": ["danger"]}
    assert all(row["suggested"] == SUGGESTION and row["reviewed"] is False for row in found)
    assert all(row["outcome"]["owner"] == GOV for row in found)
    assert "19900001111" not in json.dumps(found)
