"""Random events thrown at one call, thousands of times: no law breaks and nothing raises."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callflow.domain.clocks import next_deadline
from callflow.domain.events import DeadlinePassed
from callflow.domain.handover import TABLE
from callflow.domain.names import SiteId
from callflow.domain.rules import SiteRules
from tests.unit.domain.laws import decide_lawfully
from tests.unit.domain.made_up import CALL, GOV_RULES, POLICE, POLICE_RULES, caller_arrived, one_of_each

KINDS = len(one_of_each(0.0))
CLOCK = KINDS  # one more choice: let the next clock run out

steps = st.lists(st.tuples(st.integers(0, KINDS), st.floats(0.0, 20.0)), max_size=40)


@settings(max_examples=1500, deadline=None)
@given(steps=steps, from_site=st.sampled_from([None, POLICE]), rules=st.sampled_from([GOV_RULES, POLICE_RULES]))
def test_no_law_breaks_whatever_happens_in_whatever_order(
    steps: list[tuple[int, float]], from_site: SiteId | None, rules: SiteRules
) -> None:
    at = 0.0
    call = decide_lawfully(None, caller_arrived(from_site=from_site, hop=1 if from_site else 0), rules).call
    for choice, pause_s in steps:
        assert call is not None
        at += pause_s
        deadline = next_deadline(call, rules)
        if choice == CLOCK:
            if deadline is None:
                continue
            at = max(at, deadline[0])
            event = DeadlinePassed(CALL, at, deadline[1])
        else:
            event = one_of_each(at)[choice]
        assert type(event) in TABLE[call.phase]
        call = decide_lawfully(call, event, rules).call
