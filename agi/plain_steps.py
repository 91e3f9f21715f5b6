"""Journal lines whose meaning needs no memory: one function a step, a line in, events out.

What a line lacks is a KeyError or a ValueError; `Translator.read_journal` logs it with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from agi.journal import JournalLine
from callflow.domain import events
from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    Recorded,
    RecordingId,
    Role,
    TargetCode,
    Way,
)

log = structlog.get_logger(__name__)


def offered(line: JournalLine) -> list[events.Event]:
    """An agent's phone is about to ring."""
    agent_id = AgentId(line.detail["agent"])
    return [events.AgentOffered(CallId(line.call_id), line.at, agent_id, ChannelName(line.channel))]


def answered(line: JournalLine) -> list[events.Event]:
    """He answered."""
    agent_id = AgentId(line.detail["agent"])
    return [events.AgentAnswered(CallId(line.call_id), line.at, agent_id, ChannelName(line.channel))]


def key(line: JournalLine) -> list[events.Event]:
    """An agent's phone key, or its transfer key."""
    found = line.detail
    target = TargetCode(found["target"]) if found.get("target") else None
    return [events.KeyPressed(CallId(line.call_id), line.at, found["verb"], Way(found["way"]), target)]


def left(line: JournalLine) -> list[events.Event]:
    """An agent's or a target's leg ended."""
    role, cause = Role(line.detail["role"]), number(line.detail, "cause")
    attempt_id = attempt_of(line) if role is Role.TARGET else None
    leg, by_himself = ChannelName(line.channel), line.detail.get("own") != "0"
    return [events.LegLeft(CallId(line.call_id), line.at, role, leg, cause, attempt_id, by_himself)]


def waiting(line: JournalLine) -> list[events.Event]:
    """The caller hears music for a ringing target."""
    return [events.CallerWaiting(CallId(line.call_id), line.at)]


def recalling(line: JournalLine) -> list[events.Event]:
    """The caller has nobody, and an agent is being rung."""
    return [events.CallerRecalled(CallId(line.call_id), line.at)]


def recording(line: JournalLine) -> list[events.Event]:
    """A recording began."""
    kind, recording_id = Recorded(line.detail["kind"]), RecordingId(line.detail["id"])
    return [events.RecordingBegun(CallId(line.call_id), line.at, recording_id, kind)]


def recorded(line: JournalLine) -> list[events.Event]:
    """A recording ended."""
    return [events.RecordingEnded(CallId(line.call_id), line.at, RecordingId(line.detail["id"]))]


def unrecorded(line: JournalLine) -> list[events.Event]:
    """A talk goes on unrecorded: loud in the log, no fact of the call."""
    log.error("a talk is not recorded", call_id=line.call_id, kind=line.detail["kind"], why=line.detail["why"])
    return []


def listened(line: JournalLine) -> list[events.Event]:
    """Whoever listened has hung up."""
    who = AgentId(line.detail["agent"])
    return [events.ListenerLeft(CallId(line.call_id), line.at, who, ChannelName(line.channel))]


def nothing(_line: JournalLine) -> list[events.Event]:
    """A step that changes nothing."""
    return []


def attempt_of(line: JournalLine) -> AttemptId:
    """The line's attempt; ValueError when it has none."""
    if not line.attempt_id:
        raise ValueError("no attempt_id")
    return AttemptId(line.attempt_id)


def number(found: Mapping[str, str], key: str) -> int:
    """A number that may be missing or empty: 0."""
    return int(found.get(key) or 0)


def is_set(found: Mapping[str, str], key: str) -> bool:
    """A flag; the dialplan writes 0, 1, or 0 and what a variable held, such as 01."""
    return number(found, key) == 1


PLAIN_STEPS: Mapping[str, Callable[[JournalLine], list[events.Event]]] = {
    "queued": nothing,
    "offered": offered,
    "answered": answered,
    "key": key,
    "left": left,
    "waiting": waiting,
    "recalling": recalling,
    "released": nothing,  # the leg's own `left` follows
    "recording": recording,
    "recorded": recorded,
    "unrecorded": unrecorded,
    "listened": listened,
}
