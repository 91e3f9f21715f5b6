"""A played script as plain JSON, for the demo, the bench and other programs."""

from typing import Any

from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.play import ActorRecord, Result

MESSAGE_HEADERS = (
    *("from", "p-asserted-identity", "privacy", "reason", "diversion", "history-info"),
    *("user-to-user", "call-info", "referred-by"),
)


def document_of(result: Result) -> dict[str, Any]:
    """The result; times are seconds since the script began."""
    began_ns = result.began_ns
    return {
        "name": result.name,
        "file": result.file.name,
        "ok": result.ok,
        "failure": result.failure,
        "covers": list(result.covers),
        "seconds": round(result.seconds, 3),
        "timeline": [
            {"at_s": _seconds(entry.time_ns, began_ns), "who": entry.who, "what": entry.what, "kind": entry.kind}
            for entry in result.timeline
        ],
        "actors": {actor.name: _actor(actor, began_ns) for actor in result.actors},
    }


def _actor(actor: ActorRecord, began_ns: int) -> dict[str, Any]:
    return {
        "number": actor.number,
        "platform": actor.platform,
        "calls": [_call(call, began_ns) for call in actor.calls],
        "messages": [
            {
                "at_s": _seconds(message.time_ns, began_ns),
                "sent": message.is_sent,
                "line": message.start_line,
                "method": message.method,
                "headers": {name: message.all(name) for name in MESSAGE_HEADERS if message.all(name)},
            }
            for message in actor.messages
        ],
        "events": [
            {"at_s": _seconds(event.time_ns, began_ns), "type": event.type, "body": event.body}
            for event in actor.events
        ],
        "heard": [
            {
                "from_s": _seconds(each.start_ns, began_ns),
                "to_s": _seconds(each.end_ns, began_ns),
                "voices": sorted(each.voices),
            }
            for each in actor.heard
        ],
    }


def _call(call: CallSeen, began_ns: int) -> dict[str, Any]:
    return {
        "incoming": call.is_incoming,
        "shown_number": call.invite.shown_number if call.invite else None,
        "states": [
            {"at_s": _seconds(seen.time_ns, began_ns), "state": seen.state, "code": seen.code} for seen in call.states
        ],
    }


def _seconds(time_ns: int, began_ns: int) -> float:
    return round((time_ns - began_ns) / 1e9, 6)
