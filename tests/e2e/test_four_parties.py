"""Four in one talk: caller, our agent, 110 and 119. Whoever leaves first and second, nobody else loses anybody."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from tests.e2e.conftest import Play
from tests.e2e.test_directory import written

FOUR = ("citizen", "zhang", "li", "fire")
HEAD = """
name: four parties
covers: [R-004]
actors:
  citizen: {caller: {number: "13800138041"}}
  zhang: {agent: {platform: "12345", seat: SEAT, answer: auto, after: 100ms}}
  li: {agent: {platform: "110", seat: 1, answer: auto, after: 100ms}}
  fire: {phone: {number: "119", carrier: 1, answer: auto, after: 100ms}}
steps:
  - call: {from: citizen, to: "12345", asserted: "13800138041"}
  - hear: {everyone: {citizen: [zhang], zhang: [citizen]}}
  - api: {who: zhang, do: "POST /calls/{zhang.call_id}/handover", body: {target: "110", kind: one_key, consent: agreed}, status: 202}
  - api: {who: zhang, do: "POST /calls/{zhang.call_id}/handover/stay"}
  - api: {who: zhang, do: "POST /calls/{zhang.call_id}/handover", body: {target: "119", kind: three_party, consent: agreed}, status: 202}
  - api: {who: zhang, do: "POST /calls/{zhang.call_id}/handover", body: {target: "119", kind: three_party, consent: agreed}, status: 409, code: handover-in-progress}
"""  # noqa: E501 - steps of call scripts


def hears(parties: tuple[str, ...]) -> str:
    everyone = {one: [other for other in parties if other != one] for one in parties}
    said = ", ".join(f"{one}: [{', '.join(others)}]" for one, others in everyone.items())
    return f"  - hear: {{everyone: {{{said}}}, within: 5s}}\n"


@pytest.mark.covers("R-004", "S-9")
@pytest.mark.parametrize("first_two", list(permutations(FOUR, 2)), ids="-then-".join)
async def test_any_of_four_leaves_and_then_another_and_the_rest_talk_on(
    first_two: tuple[str, str], play_script: Play, tmp_path: Path
) -> None:
    first, second = first_two
    three = tuple(one for one in FOUR if one != first)
    two = tuple(one for one in three if one != second)
    steps = f"  - hang up: {first}\n{hears(three)}  - hang up: {second}\n{hears(two)}  - hang up: {two[0]}\n"

    head = HEAD.replace("SEAT", str(FOUR.index(first) + 1))  # a seat may begin only so many handovers a minute
    result = await play_script(written(tmp_path, head, hears(FOUR), steps, f"  - expect: {{ended: {two[1]}}}\n"))

    assert result.failure is None
