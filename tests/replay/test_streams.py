"""Recorded streams of real calls (two Asterisk 22 PBXes, made-up numbers), in; what happened, out.

A folder is a story, named by who does what. `<site>.ami` is what AMI sent, byte for byte; `<site>.csv` is what the
dialplan wrote into the journal meanwhile. To record one: log in to AMI as the site's program does, keep the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agi.journal import JournalLine, JournalParser
from agi.link import WANTED_EVENTS
from agi.translate import Translator
from agi.wire import AmiMessage, AmiParser
from callflow.domain.events import AttemptFailed, CallerArrived, CallerEnded, Event, TargetInvited, TargetRinging
from callflow.domain.names import IncidentId, Outcome, SiteId, Verified
from callflow.sitefile import load_site

HERE = Path(__file__).parent
SITES = HERE.parents[1] / "asterisk-config" / "sites"


@dataclass(frozen=True)
class Recorded:
    """What the peer signed when the stream was recorded; its key is long gone."""

    incident_id: IncidentId
    from_site: SiteId
    hop: int = 1
    mark: Verified = Verified.NETWORK

    def verify(self, _uui_hex: str, _now: float) -> Recorded:
        return self


def journal_of(story: str, site: str, chunk: int = 1 << 16) -> Iterator[JournalLine]:
    text, parser = (HERE / "streams" / story / f"{site}.csv").read_bytes(), JournalParser(0)
    for start in range(0, len(text), chunk):
        for line in parser.feed(text[start : start + chunk]):
            assert isinstance(line, JournalLine), line
            yield line


def ami_of(story: str, site: str, chunk: int = 1 << 16) -> Iterator[AmiMessage]:
    text, parser = (HERE / "streams" / story / f"{site}.ami").read_bytes(), AmiParser(WANTED_EVENTS)
    for start in range(0, len(text), chunk):
        yield from (message for message in parser.feed(text[start : start + chunk]) if message.name)
    assert parser.malformed == 0


def replay(story: str, site: str, incident: str = "") -> list[Event]:
    """Both streams in the order of their own clocks, through one translator."""
    translator = Translator(
        load_site(SITES / f"{site}.toml", "127.0.105"), Recorded(IncidentId(incident), SiteId("12345"))
    )
    steps: list[tuple[float, JournalLine | AmiMessage]] = [(line.at, line) for line in journal_of(story, site)]
    steps += [(float(message.first("Timestamp")), message) for message in ami_of(story, site)]
    told: list[Event] = []
    for at, step in sorted(steps, key=lambda pair: pair[0]):
        if isinstance(step, JournalLine):
            told += translator.read_journal(step)
        elif (ringing := translator.read_ami(step, at)) is not None:
            told.append(ringing)
    return told


def names(told: list[Event]) -> list[str]:
    return [type(event).__name__ for event in told]


@pytest.mark.covers("R-001", "R-011")
def test_one_key_at_12345_as_12345_sees_it() -> None:
    told = replay("one_key_12345_to_110", "12345")

    assert names(told) == [
        "CallerArrived",
        "AgentOffered",
        "AgentAnswered",
        "TargetInvited",
        "TargetRinging",
        "TargetJoined",
        "LegLeft",
        "LegLeft",
        "CallerEnded",
    ]
    invited, ringing = (event for event in told if isinstance(event, TargetInvited | TargetRinging))
    assert ringing.attempt_id == invited.attempt_id


@pytest.mark.covers("R-001")
def test_one_key_at_12345_as_110_sees_it_with_the_callers_own_number_and_the_same_incident() -> None:
    (there,) = (event for event in replay("one_key_12345_to_110", "12345") if isinstance(event, CallerArrived))
    told = replay("one_key_12345_to_110", "110", there.incident_id)

    assert names(told)[:3] == ["CallerArrived", "AgentOffered", "AgentAnswered"]
    assert sorted(names(told)[3:]) == ["CallerEnded", "LegLeft"]  # one millisecond, either order
    (here,) = (event for event in told if isinstance(event, CallerArrived))
    assert (here.number, here.incident_id) == (there.number, there.incident_id)
    assert (here.from_site, here.signed, here.hop, here.verified) == ("12345", True, 1, Verified.NETWORK)


@pytest.mark.covers("R-004", "R-005")
def test_a_busy_110_fails_the_attempt_and_the_next_one_joins() -> None:
    told = replay("busy_then_three_party", "12345")

    (failed,) = (event for event in told if isinstance(event, AttemptFailed))
    first, second = (event for event in told if isinstance(event, TargetInvited))
    assert (failed.outcome, failed.attempt_id) == (Outcome.BUSY, first.attempt_id)
    assert second.attempt_id != first.attempt_id
    assert names(told)[-4:] == ["TargetJoined", "LegLeft", "CallerEnded", "LegLeft"]


@pytest.mark.parametrize(
    ("story", "site"), [("caller_gives_up_in_the_queue", "12345"), ("busy_then_three_party", "110")]
)
def test_a_caller_who_gives_up_or_is_turned_away_was_not_cut(story: str, site: str) -> None:
    first = next(event for event in replay(story, site) if isinstance(event, CallerEnded))

    assert first.cause in (127, 17)
    assert not first.by_fault


@pytest.mark.parametrize("chunk", [1, 7, 100, 1460])
@pytest.mark.parametrize("story", ["one_key_12345_to_110", "busy_then_three_party"])
def test_a_stream_reads_the_same_in_pieces_of_any_size(story: str, chunk: int) -> None:
    assert list(ami_of(story, "12345", chunk)) == list(ami_of(story, "12345"))
    assert list(journal_of(story, "12345", chunk)) == list(journal_of(story, "12345"))


def test_every_hint_has_its_line() -> None:
    hints = [one for one in ami_of("one_key_12345_to_110", "12345") if one.first("UserEvent") == "Journal"]

    assert len(hints) == len(list(journal_of("one_key_12345_to_110", "12345")))
