"""A script with a mistake never rings anything: it is told where, what, and how to mend it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from softphone_sim.script.load import Script, ScriptError, read_script
from softphone_sim.script.model import Hear, Press

Reading = Callable[[str], Script]

HEAD = """
name: a story
actors:
  citizen: {caller: {number: 13800138000}}
  anna: {agent: {platform: 12345, seat: 1, answer: auto, after: 300ms}}
steps:
"""


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    def _read(text: str) -> Script:
        file = tmp_path / "story.yaml"
        file.write_text(text, encoding="utf-8")
        return read_script(file)

    return _read


def test_numbers_stay_digits_and_lengths_of_time_become_seconds(reading: Reading) -> None:
    script = reading(HEAD + "  - hear: {who: citizen, exactly: [anna], for: 1.5s, longest_silence: 80ms}\n")

    assert script.actors["citizen"].caller.number == "13800138000"
    assert script.actors["anna"].agent.after == 0.3
    spec = script.steps[0].spec
    assert isinstance(spec, Hear)
    assert (spec.for_, spec.longest_silence, spec.pairs) == (1.5, 0.08, {"citizen": ("anna",)})


def test_on_is_a_word_and_a_plain_value_is_the_verb_s_first_field(reading: Reading) -> None:
    script = reading(HEAD + "  - say: {who: anna, on: false}\n  - answer: anna\n")

    assert [(step.spec.who, step.line) for step in script.steps] == [("anna", 7), ("anna", 8)]
    assert script.steps[0].spec.on is False


def test_digits_with_a_leading_zero_are_not_taken_for_octal(reading: Reading) -> None:
    script = reading(HEAD + "  - press: {who: anna, keys: 010}\n")

    assert isinstance(script.steps[0].spec, Press)
    assert script.steps[0].spec.keys == "010"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("anwser: anna", "story.yaml:7: step 1 (anwser): unknown word `anwser`; did you mean `answer`?"),
        ("talk: 2", "step 1 (talk): `time`: 2 is no length of time: write 2s or 300ms"),
        ("answer: zed", "nobody is called zed; actors: anna, citizen"),
        ("hear: {who: citizen, exactly: [zed]}", "nobody is called zed"),
        ("hear: {who: citizen}", "hear is either `who` with `exactly`, or `everyone`"),
        ("press: {who: anna, keys: hello}", "`keys`"),
        ("expect: {ringing: anna, answered: anna}", "exactly one condition"),
        ("expect: {rings: anna}", "did you mean `ringing`?"),
        ("expect: {ringing: {at: anna, whithin: 2s}}", "unknown field `whithin`; known are: at, within"),
        ("expect: {silence: {at: citizen}}", "`most` is missing"),
        ("refer: {who: anna}", "exactly one of `to` (blind) and `replaces`"),
        ("fault: {kill: anna, python: 110}", "exactly one of `kill`"),
        ("sleep: 2s", "unknown word `sleep`; known are: call, answer"),
        ("api: {who: anna, do: calls}", "`do`"),
        ("together: [{talk: 2s}, {answer: zed}]", "nobody is called zed"),
        ("just words", "a step is one verb"),
    ],
)
def test_each_mistake_is_named_with_its_line_and_its_cure(reading: Reading, step: str, said: str) -> None:
    with pytest.raises(ScriptError) as caught:
        reading(HEAD + f"  - {step}\n")

    assert "story.yaml:7:" in str(caught.value)
    assert said in str(caught.value)


def test_all_mistakes_of_a_script_are_told_at_once_in_the_file_s_order(reading: Reading) -> None:
    with pytest.raises(ScriptError) as caught:
        reading(HEAD + "  - answer: zed\n  - talk: 2\n  - expect: {rings: anna}\n")

    assert [line.split("story.yaml:")[1].split(":")[0] for line in str(caught.value).splitlines()] == ["7", "8", "9"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "no YAML"),
        ("name: x\nactors: {a: *5}\n", "keys such as *5 need quotes"),
        ("", "the script"),
        ("name: x\nsteps: []\n", "`actors` is missing"),
        (HEAD.replace("caller", "stranger") + "  - talk: 1s\n", "unknown field `stranger`"),
        (
            HEAD.replace("{agent:", "{caller: {number: 1}, agent:") + "  - talk: 1s\n",
            "exactly one of caller, agent, phone",
        ),
    ],
)
def test_what_is_no_script_at_all_is_said_so(reading: Reading, text: str, said: str) -> None:
    with pytest.raises(ScriptError, match=r"story\.yaml:\d+:") as caught:
        reading(text)

    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        read_script(tmp_path / "none.yaml")
