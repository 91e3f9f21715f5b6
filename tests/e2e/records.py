"""What both platforms wrote down about one handover, and what it must be."""

from __future__ import annotations

import json
from collections import Counter

from tests.e2e.scene import LIMIT_S, Row, Scene, eventually


def pair_is_linked(origin: Row, target: Row) -> bool:
    """One ticket at each platform, each naming the other."""
    if len(origin["tickets"]) != 1 or len(target["tickets"]) != 1:
        return False
    one, other = origin["tickets"][0], target["tickets"][0]
    return bool(one["peer_ticket_id"] == other["ticket_id"] and other["peer_ticket_id"] == one["ticket_id"])


def is_whole(origin: Row, target: Row) -> bool:
    """Tickets linked and 110's at both platforms, and both platforms' calls over."""
    calls, tickets = [*origin["calls"], *target["calls"]], [*origin["tickets"], *target["tickets"]]
    is_over = len(calls) == 2 and all(call["phase"] == "ended" for call in calls)
    return is_over and pair_is_linked(origin, target) and all(ticket["owner"] == "110" for ticket in tickets)


def doubled(trace: Row) -> list[str]:
    """Steps that stand in the audit more than once (an attempt has a row for each of its changes)."""
    rows = [entry for entry in trace["entries"] if entry["what"] != "attempt"]
    steps = Counter(json.dumps([row["call_id"], row["what"], row["detail"]], sort_keys=True) for row in rows)
    return [step for step, times in steps.items() if times > 1]


async def assert_handed_over_once(scene: Scene) -> None:
    """Both platforms' records of a finished handover: whole, linked, with its outcome, nothing twice."""
    origin, target = await scene.records(await scene.incident(), is_whole)
    assert pair_is_linked(origin, target), (origin.get("tickets"), target.get("tickets"))
    assert [call["phase"] for call in (*origin["calls"], *target["calls"])] == ["ended", "ended"]
    (attempt,) = origin["calls"][0]["attempts"]
    assert (attempt["target"], attempt["kind"], attempt["outcome"]) == ("110", "one_key", "joined")
    assert None not in (attempt["joined_at"], attempt["ended_at"])
    assert [ticket["owner"] for ticket in (*origin["tickets"], *target["tickets"])] == ["110", "110"]
    phases = [entry["detail"]["to"] for entry in origin["entries"] if entry["what"] == "phase"]
    assert phases == ["queued", "talking", "inviting", "three_way", "handed_over", "ended"]
    assert (doubled(origin), doubled(target)) == ([], [])


def marks(tickets: list[Row]) -> list[tuple[str, str, str]]:
    """Of each ticket the series, the owner and how its call went."""
    return [(ticket["ticket_id"][:2], ticket["owner"], ticket["phone_mark"]) for ticket in tickets]


def are_linked(tickets: list[Row]) -> bool:
    """Each names the other."""
    return [t["peer_ticket_id"] for t in tickets] == [t["ticket_id"] for t in reversed(tickets)]


async def assert_recorded_from_the_journal(scene: Scene) -> None:
    """12345 had nobody to sign the incident id: 110 took its PBX's word, so tickets and calls are one incident."""
    incident = await scene.incident()
    await scene.stage.bell.until(lambda: scene.li.call and scene.li.call.ended_ns, LIMIT_S)
    wanted = [("GD", "110", "handed_over"), ("JD", "110", "kept")]
    # each number crosses with a message of its own, which may come after the word on the owner
    tickets = await eventually(
        lambda: scene.tickets(incident), lambda found: marks(found) == wanted and are_linked(found)
    )
    assert marks(tickets) == wanted
    assert are_linked(tickets), tickets
    origin = await scene.trace(scene.zhang, incident)
    (attempt,) = origin["calls"][0]["attempts"]
    assert (origin["calls"][0]["phase"], attempt["outcome"], attempt["way"]) == ("ended", "joined", "phone_key")
    assert doubled(origin) == []
    target = await scene.trace(scene.li, incident)
    (call,) = target["calls"]
    assert [ticket["call_id"] for ticket in target["tickets"]] == [call["call_id"]]
    words = [entry["detail"] for entry in target["entries"] if entry["what"] == "incident"]
    assert words == [{"peer": "12345", "signed": False, "said": True}]
