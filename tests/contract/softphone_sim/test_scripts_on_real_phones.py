"""The call-script language, played by phones that call each other: what holds passes, what does not is named."""

from collections.abc import Awaitable, Callable
from typing import Any

Play = Callable[[str], Awaitable[Any]]

TALKING = """
  - call: {from: citizen, to: anna, asserted: "13900139000"}
  - answer: anna
  - hear: {everyone: {citizen: [anna], anna: [citizen]}}
"""


async def test_a_whole_call_with_hold_and_keys_passes(play_steps: Play) -> None:
    result = await play_steps("""
  - call: {from: citizen, to: anna, asserted: "13900139000", headers: {Diversion: "<sip:12345@127.0.102.1>"}}
  - expect: {ringing: anna}
  - expect: {number: {at: anna, is: "13900139000"}}
  - expect: {number: {at: anna, is: citizen, in: from}}
  - expect: {header: {at: anna, name: Diversion, contains: "12345"}}
  - expect: {header: {at: anna, name: Privacy, absent: true}}
  - answer: anna
  - hear: {everyone: {citizen: [anna], anna: [citizen]}, for: 500ms}
  - mark: talking
  - press: {who: citizen, keys: "*5"}
  - talk: 600ms
  - hold: anna
  - hear: {who: citizen, exactly: []}
  - unhold: anna
  - hear: {who: citizen, exactly: [anna]}
  - expect: {not_ringing: {at: bo, for: 100ms}}
  - together:
      - hang up: citizen
      - wait until: {ended: anna}
  - expect: {legs: {at: anna, is: 0}}
""")

    assert result.failure is None


async def test_a_wrong_number_is_reported_with_both_numbers(play_steps: Play) -> None:
    result = await play_steps("""
  - call: {from: citizen, to: anna}
  - expect: {ringing: anna}
  - expect: {number: {at: anna, is: "13900139000", within: 100ms}}
""")

    assert "the number at anna (shown) is 13800138000, expected 13900139000" in result.failure
    assert "story.yaml:" in result.failure


async def test_a_withheld_caller_shows_no_number_but_the_asserted_one_is_seen(play_steps: Play) -> None:
    result = await play_steps("""
  - call: {from: citizen, to: anna, anonymous: true}
  - expect: {ringing: anna}
  - expect: {number: {at: anna, is: anonymous, in: from}}
  - expect: {number: {at: anna, is: "13800138000", in: pai}}
  - expect: {header: {at: anna, name: Privacy, is: id}}
""")

    assert result.failure is None


async def test_one_way_audio_is_reported(play_steps: Play) -> None:
    result = await play_steps(f"""{TALKING}
  - say: {{who: citizen, on: false}}
  - talk: 300ms
  - hear: {{everyone: {{citizen: [anna], anna: [citizen]}}, within: 600ms}}
""")

    assert "anna hears exactly citizen" in result.failure
    assert "citizen is missing" in result.failure


async def test_a_missing_party_is_reported_by_name(play_steps: Play) -> None:
    result = await play_steps(f"""{TALKING}
  - hear: {{who: citizen, exactly: [anna, bo], within: 400ms}}
""")

    assert "hears anna, bo is missing" in result.failure


async def test_a_voice_that_should_not_be_there_is_reported(play_steps: Play) -> None:
    result = await play_steps(f"""{TALKING}
  - hear: {{who: citizen, exactly: [], within: 400ms}}
""")

    assert "anna should not be heard" in result.failure


async def test_a_silence_beyond_the_limit_is_reported_and_one_below_is_not(play_steps: Play) -> None:
    result = await play_steps(f"""{TALKING}
  - mark: before
  - say: {{who: anna, on: false, for: 300ms}}
  - talk: 600ms
  - expect: {{silence: {{at: citizen, most: 450ms, since: before}}}}
  - expect: {{silence: {{at: citizen, most: 150ms, since: before}}}}
""")

    assert "most: 150ms" in result.failure
    assert "at most 150 ms is allowed" in result.failure


async def test_a_refusal_is_seen_with_its_code(play_steps: Play) -> None:
    result = await play_steps("""
  - policy: {who: anna, answer: busy}
  - call: {from: citizen, to: anna}
  - wait until: {ended: {at: citizen, code: 486}}
  - policy: {who: anna, answer: reject, code: 433, ring: false}
  - call: {from: citizen, to: anna}
  - expect: {ended: {at: citizen, code: 433}}
  - policy: {who: anna, answer: auto, after: 200ms}
  - call: {from: citizen, to: anna}
  - expect: {answered: citizen}
""")

    assert result.failure is None


async def test_a_blind_transfer_rings_the_target_and_says_who_referred(play_steps: Play) -> None:
    result = await play_steps(f"""{TALKING}
  - refer: {{who: anna, to: bo}}
  - answer: bo
  - expect: {{transferred: {{at: anna, code: 200}}}}
  - hang up: anna
  - hear: {{everyone: {{citizen: [bo], bo: [citizen]}}}}
  - expect: {{header: {{at: bo, name: Referred-By, contains: "8001"}}}}
""")

    assert result.failure is None


async def test_a_consult_is_joined_by_replaces(play_steps: Play) -> None:
    result = await play_steps("""
  - call: {from: citizen, to: anna}
  - answer: {who: anna, as: first}
  - hear: {who: anna, exactly: [citizen]}
  - hold: anna
  - call: {from: anna, to: bo, as: consult}
  - answer: bo
  - hear: {who: bo, exactly: [anna]}
  - hold: {who: anna, call: consult}
  - refer: {who: anna, call: first, replaces: consult}
  - hear: {everyone: {citizen: [bo], bo: [citizen]}}
  - wait until: {legs: {at: bo, is: 1}}
""")

    assert result.failure is None


async def test_a_phone_killed_with_minus_9_is_heard_no_more_and_cannot_act(play_steps: Play) -> None:
    result = await play_steps(f"""{TALKING}
  - fault: {{kill: anna}}
  - hear: {{who: citizen, exactly: []}}
  - hang up: anna
""")

    assert "phone anna is dead" in result.failure


async def test_what_a_phone_saw_is_all_in_the_document(play_steps: Play) -> None:
    result = await play_steps(f"""{TALKING}
  - hang up: citizen
  - expect: {{ended: anna}}
""")

    anna = next(actor for actor in result.actors if actor.name == "anna")
    assert [message.method for message in anna.messages if not message.is_sent and not message.code] == [
        "INVITE",
        "ACK",
        "BYE",
    ]
    assert [sorted(each.voices) for each in anna.heard][:1] == [["citizen"]]
    assert [seen.state for seen in anna.calls[0].states] == ["incoming", "early", "connecting", "confirmed", "ended"]
