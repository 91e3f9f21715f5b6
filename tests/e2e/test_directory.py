"""Whom an agent can hand over to: every kind of target, with success and with every failure of R-005 (R-020)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Play

HEAD = """
name: {name}
covers: [R-020]
actors:
  citizen: {{caller: {{number: "13800138040"}}}}
  agent: {{agent: {{platform: "{site}", seat: 1, answer: auto, after: 100ms}}}}
  line: {{phone: {{number: "119", carrier: 1, answer: auto, after: 100ms}}}}
  line2: {{phone: {{number: "9601", carrier: 2, answer: auto, after: 100ms}}}}
steps:
  - call: {{from: citizen, to: "{site}", asserted: "13800138040"}}
  - hear: {{everyone: {{citizen: [agent], agent: [citizen]}}}}
"""
REACHED = """
  - api: {{who: agent, do: "POST /calls/{{agent.call_id}}/handover", body: {{target: "{code}", kind: three_party, consent: agreed}}, status: 202}}
  - hear: {{everyone: {{citizen: [agent, {line}], {line}: [citizen, agent]}}, within: 5s}}
  - expect: {{header: {{at: {line}, name: From, contains: "{site}"}}}}
  - api: {{who: agent, do: "POST /calls/{{agent.call_id}}/drop", body: {{target: "{code}"}}, status: 202}}
  - expect: {{ended: {{at: {line}, within: 2s}}}}
  - hear: {{everyone: {{citizen: [agent], agent: [citizen]}}}}
"""  # noqa: E501 - steps of call scripts
FAILED = """
  - policy: {{who: {line}, answer: {answer}}}
  - mark: failing{n}
  - api: {{who: agent, do: "POST /calls/{{agent.call_id}}/handover", body: {{target: "{code}", kind: one_key, consent: agreed}}, status: 202}}
  - expect:
      event:
        at: agent
        type: attempt
        where: {{outcome: {outcome}, target: "{code}", offers.0.do: three_party, {offer}}}
        since: failing{n}
        within: 30s
  - expect: {{silence: {{at: citizen, of: [agent], most: 100ms, since: failing{n}}}}}
"""  # noqa: E501 - steps of call scripts
TAIL = "  - hang up: citizen\n  - expect: {ended: agent}\n"

LINES = {
    **dict.fromkeys(("119", "120", "122"), "line"),
    **dict.fromkeys(("9601", "95598", "9602", "9603", "12319", "083812345"), "line2"),
}
FAILURES = (
    ("busy", "busy, ring: false"),
    ("busy", "busy"),
    ("no_answer", "reject, code: 480"),
    ("unreachable", "reject, code: 404, ring: false"),
    ("unreachable", "reject, code: 503, ring: false"),
    ("unreachable", "reject, code: 500"),
    ("rejected", "reject, code: 603"),
)


def written(folder: Path, *parts: str) -> Path:
    script = folder / "story.yaml"
    script.write_text("".join(parts), encoding="utf-8")
    return script


@pytest.mark.covers("R-020", "R-004", "X-4")
@pytest.mark.parametrize("site", ["12345", "110"])
async def test_every_kind_of_target_is_reached_one_after_another_in_one_call(
    site: str, play_script: Play, tmp_path: Path
) -> None:
    reached = [REACHED.format(code=code, line=line, site=site) for code, line in LINES.items()]

    result = await play_script(written(tmp_path, HEAD.format(name="all targets", site=site), *reached, TAIL))

    assert result.failure is None


@pytest.mark.covers("R-020", "R-005")
@pytest.mark.parametrize(
    ("called", "offer"),
    [
        (("12345", "119", "line"), "offers.1.do: ticket"),
        (("110", "9601", "line2"), "offers.1.do: next_contact, offers.1.contact: 1, offers.2.do: ticket"),
    ],
)
async def test_every_failure_leaves_the_caller_with_his_agent_who_is_told_what_is_next(
    called: tuple[str, str, str], offer: str, play_script: Play, tmp_path: Path
) -> None:
    site, code, line = called
    failed = [
        FAILED.format(code=code, line=line, n=n, outcome=outcome, answer=answer, offer=offer)
        for n, (outcome, answer) in enumerate(FAILURES)
    ]

    result = await play_script(written(tmp_path, HEAD.format(name="every failure", site=site), *failed, TAIL))

    assert result.failure is None
