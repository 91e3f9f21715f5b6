"""What a played scene showed: numbers on every leg, silences at the caller, pop, tickets, owner; as one document.

A figure that could not be seen is None; the scene is only right if every None is listed in `not_applicable`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from callflow.demo.scenes import KEY_TO_RING_LIMIT_MS, SILENCE_LIMIT_MS, Expected
from softphone_sim.ears.listen import NS_PER_MS, longest_silence_ms
from softphone_sim.run.play import ActorRecord, Result

POP_AHEAD_NS = 200 * NS_PER_MS  # a pop may come this long before its ring
AROUND_NS = 600 * NS_PER_MS  # a join or leave is heard within this time on either side of it


def document_of(
    scene: Expected, result: Result, status: dict[str, Any], tickets: list[dict[str, Any]]
) -> dict[str, Any]:
    """One scene of `demo --json` (the issue's form). `tickets`: what both platforms' ticket search said."""
    citizen, origin, target = _cast(scene, result)
    key_ns, failing = _keys(result), bool(scene.cause)
    invited = [call for call in target.calls if call.is_incoming]
    answered_ns = next((call.answered_ns for call in invited if call.answered_ns), None)
    joined_call = next((call for call in invited if call.answered_ns), None)
    pop = _pop(target, joined_call.began_ns if joined_call else 0)
    leaver = origin if scene.first_to_leave == "origin" else target
    left_ns = next((call.ended_ns for call in reversed(leaver.calls) if call.ended_ns), None)
    attempt = _last_attempt(origin)
    document = {
        "name": result.name,
        "ok": False,
        "from": scene.origin,
        "to": scene.target,
        "kind": attempt.get("kind"),
        "outcome": attempt.get("outcome"),
        "cause": _first_cause(origin) if failing else None,
        "presentation": (pop or {}).get("presentation"),
        "caller_number": citizen.number,
        "numbers_seen": {
            "carrier": _asserted(citizen),
            "pbx": _journalled(status, scene.origin, result.began_ns, None),
            "invite_pai": _journalled(status, scene.target, result.began_ns, scene.origin),
            "phone": joined_call.invite.shown_number if joined_call and joined_call.invite else None,
            "pop": (pop or {}).get("number"),
        },
        "silence_ms": {
            "join": _silence(citizen, answered_ns),
            "leave": _silence(citizen, left_ns),
            "failed_attempt": _silence_between(citizen, key_ns[0], key_ns[-1]) if failing and key_ns else None,
        },
        "key_to_ring_ms": _ms(key_ns[-1] if key_ns else None, joined_call.began_ns if joined_call else None),
        "pop_before_answer_ms": _ms((pop or {}).get("time_ns"), answered_ns),
        "tickets": tickets,
        "owner": _owner(tickets),
        "timeline": [
            {"at_s": round((entry.time_ns - result.began_ns) / 1e9, 3), "who": entry.who, "what": entry.what}
            for entry in result.timeline
        ],
        "not_applicable": [] if failing else ["cause", "silence_ms.failed_attempt"],
    }
    document["faults"] = list(faults(scene, result, document))
    document["ok"] = not document["faults"]
    return document


def faults(scene: Expected, result: Result, document: dict[str, Any]) -> Iterator[str]:
    """Everything that is not as expected, one sentence each."""
    if result.failure:
        yield result.failure
    for path, value in _leaves(document):
        if value is None and path not in document["not_applicable"]:
            yield f"{path} was not seen"
    for leg, number in document["numbers_seen"].items():
        if number is not None and number != document["caller_number"]:
            yield f"numbers_seen.{leg} is another number than the carrier asserted"
    expected = {"kind": scene.kind, "outcome": "joined", "presentation": scene.presentation, "owner": scene.owner}
    for name, wanted in (expected | {"cause": scene.cause or None}).items():
        if document[name] != wanted:
            yield f"{name} is {document[name]}, expected {wanted}"
    yield from _time_faults(document)
    yield from _ticket_faults(document["tickets"])


def _time_faults(document: dict[str, Any]) -> Iterator[str]:
    for name, value in document["silence_ms"].items():
        if value is not None and value > SILENCE_LIMIT_MS:
            yield f"silence_ms.{name} is {value}, more than {SILENCE_LIMIT_MS:g}"
    ring_ms, pop_ms = document["key_to_ring_ms"], document["pop_before_answer_ms"]
    if ring_ms is not None and ring_ms > KEY_TO_RING_LIMIT_MS:
        yield f"key_to_ring_ms is {ring_ms}, more than {KEY_TO_RING_LIMIT_MS:g}"
    if pop_ms is not None and pop_ms <= 0:
        yield "the pop came after the answer"


def _ticket_faults(tickets: list[dict[str, Any]]) -> Iterator[str]:
    if sorted(ticket["platform"] for ticket in tickets) != ["110", "12345"]:
        yield f"there must be one ticket at each platform; seen: {[ticket['platform'] for ticket in tickets]}"
        return
    one, other = tickets
    if one["peer_ticket_id"] != other["ticket_id"] or other["peer_ticket_id"] != one["ticket_id"]:
        yield "the two tickets do not name each other"


def _cast(scene: Expected, result: Result) -> tuple[ActorRecord, ActorRecord, ActorRecord]:
    by_platform = {actor.platform: actor for actor in result.actors}
    return by_platform[None], by_platform[scene.origin], by_platform[scene.target]


def _keys(result: Result) -> list[int]:
    """The moments at which a handover was asked for and taken."""
    return [e.time_ns for e in result.timeline if e.kind == "desk" and "/handover: 202" in e.what]


def _asserted(citizen: ActorRecord) -> str | None:
    sent = next((message for message in citizen.messages if message.is_sent and message.method == "INVITE"), None)
    return sent.shown_number if sent else None


def _pop(target: ActorRecord, rang_ns: int) -> dict[str, Any] | None:
    """The first pop for the ring that was answered."""
    pops = [event for event in target.events if event.type == "pop" and event.time_ns > rang_ns - POP_AHEAD_NS]
    return {**pops[0].body, "time_ns": pops[0].time_ns} if pops else None


def _attempts(origin: ActorRecord) -> list[dict[str, Any]]:
    return [event.body for event in origin.events if event.type == "attempt"]


def _last_attempt(origin: ActorRecord) -> dict[str, Any]:
    """The last attempt that joined, as the desk was told then."""
    return next((a for a in reversed(_attempts(origin)) if a.get("outcome") == "joined"), {})


def _first_cause(origin: ActorRecord) -> str | None:
    return next((a["outcome"] for a in _attempts(origin) if a.get("outcome") not in (None, "joined")), None)


def _journalled(status: dict[str, Any], site_id: str, since_ns: int, via: str | None) -> str | None:
    """The number that this PBX took for the caller (CALLERID), from its journal; `via`: from that platform's trunk."""
    site = next(site for site in status["sites"] if site["id"] == site_id)
    for line in reversed(Path(site["journal"]).read_text(encoding="utf-8").splitlines()):
        cells = line.split(",")
        if float(cells[0]) * 1e9 < since_ns:
            return None
        detail = dict(word.partition("=")[::2] for word in cells[8].split())
        if cells[1] == "arrived" and (via is None or detail["via"] == via):
            return detail["number"] or None
    return None


def _silence(citizen: ActorRecord, at_ns: int | None) -> float | None:
    if at_ns is None:
        return None
    return _silence_between(citizen, at_ns - AROUND_NS // 4, at_ns + AROUND_NS)


def _silence_between(citizen: ActorRecord, start_ns: int, end_ns: int) -> float:
    """The longest time between two packets with anybody's voice at the caller, less one packet period, in ms."""
    return round(longest_silence_ms(citizen.ear, list(citizen.ear.voices), start_ns, end_ns), 1)


def _ms(start_ns: int | None, end_ns: int | None) -> float | None:
    return None if start_ns is None or end_ns is None else round((end_ns - start_ns) / NS_PER_MS, 1)


def _owner(tickets: list[dict[str, Any]]) -> str | None:
    owners = {ticket["owner"] for ticket in tickets}
    return owners.pop() if len(owners) == 1 else None


def _leaves(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        elif name not in ("timeline", "tickets", "not_applicable", "faults"):
            yield f"{prefix}{name}", value


def dumps(document: dict[str, Any]) -> str:
    """The document as text."""
    return json.dumps(document, indent=1, ensure_ascii=False)
