"""`./run demo`: bring the lab up, play the scenes before the reader's eyes, show expected against seen, clean up."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from callflow.demo.evidence import document_of, dumps
from callflow.demo.scenes import SCENES, SILENCE_LIMIT_MS, Expected
from callflow.lab import lab
from callflow.lab.plan import Plan
from softphone_sim.lab import Lab, read_lab
from softphone_sim.report.terminal import Timeline
from softphone_sim.run.play import play
from softphone_sim.script.load import read_script

SCENE_LIMIT_S = 60.0
TICKETS_LIMIT_S = 5.0
PLAIN_WIDTH = 116  # of a file or a pipe; a terminal knows its own


def run_demo(plan: Plan, *, as_json: bool, keep: bool) -> int:
    """Play all scenes; 0 when everything was as expected. Leaves nothing running unless `keep`."""
    out = Console(stderr=as_json, highlight=False)
    if not out.is_terminal:
        out.width = PLAIN_WIDTH
    began = time.monotonic()
    was_up = lab.status(plan) is not None
    status = lab.up(plan, out.print)
    setup_s = float(os.environ.get("CALLFLOW_SETUP_SECONDS") or 0) + time.monotonic() - began
    try:
        scenes_from = time.monotonic()
        scenes = asyncio.run(_play_all(plan, status, out))
        scenes_s = time.monotonic() - scenes_from
    finally:
        if not keep and not was_up:
            lab.down(plan)
    document = {
        "ok": all(scene["ok"] for scene in scenes),
        "seconds": {"setup": round(setup_s, 1), "scenes": round(scenes_s, 1)},
        "scenes": scenes,
    }
    if as_json:
        sys.stdout.write(dumps(document) + "\n")
    _show(out, document)
    if keep:
        _addresses(out, status)
    return 0 if document["ok"] else 1


async def _play_all(plan: Plan, status: dict[str, Any], out: Console) -> list[dict[str, Any]]:
    described = read_lab(plan.status_file)
    timeline = Timeline(sys.stderr if out.stderr else sys.stdout)
    return [await _play_one(scene, plan, described, status, timeline) for scene in SCENES]


async def _play_one(
    scene: Expected, plan: Plan, described: Lab, status: dict[str, Any], timeline: Timeline
) -> dict[str, Any]:
    script = read_script(plan.home / "softphone-sim" / "scenarios" / f"{scene.script}.yaml")
    timeline.title(script.name)
    result = await play(script, described, on_entry=timeline.show, limit_s=SCENE_LIMIT_S)
    timeline.verdict(result)
    return document_of(scene, result, status, await _tickets(scene, status, _incident(result)))


def _incident(result: Any) -> str | None:
    """The incident both platforms speak of, as a desk was told."""
    pops = [event for actor in result.actors for event in actor.events if event.type == "pop"]
    return str(pops[-1].body["incident_id"]) if pops else None


async def _tickets(scene: Expected, status: dict[str, Any], incident: str | None) -> list[dict[str, Any]]:
    """Both platforms' tickets of the incident, by their own search; waits until they name each other."""
    deadline = time.monotonic() + TICKETS_LIMIT_S
    while True:
        found = [ticket for site in status["sites"] for ticket in await _search(site, incident)]
        if time.monotonic() > deadline or (
            len(found) == 2  # noqa: PLR2004 - a pair
            and all(ticket["peer_ticket_id"] and ticket["owner"] == scene.owner for ticket in found)
        ):
            return found
        await asyncio.sleep(0.1)


async def _search(site: dict[str, Any], incident: str | None) -> list[dict[str, Any]]:
    account = site["agents"][0]
    base = f"{site['http']}/api/v1"
    jar = aiohttp.CookieJar(unsafe=True)  # loopback addresses are no host names
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=5)) as http:
        async with http.post(
            f"{base}/session", json={"user": account["desk_user"], "password": account["desk_password"]}
        ) as answer:
            csrf = (await answer.json())["csrf"]
        async with http.post(
            f"{base}/tickets/search", json={"incident_id": incident}, headers={"X-CSRF-Token": csrf}
        ) as answer:
            rows = (await answer.json()).get("tickets", [])
    return [{"platform": site["id"], **row} for row in rows]


def _show(out: Console, document: dict[str, Any]) -> None:
    """The table: what was expected of each scene against what was seen, and the verdict."""
    table = Table(title="expected against seen  预期与所见", title_justify="left", show_lines=True)
    for column in ("场景 scene", "号码 number", "静音 silence", "时间 times", "工单 ⇄ 警单 tickets", "归属 owner", ""):
        table.add_column(column, overflow="fold")
    for expected, scene in zip(SCENES, document["scenes"], strict=True):
        table.add_row(*_row(expected, scene))
    out.print(table)
    for scene in document["scenes"]:
        for fault in scene["faults"]:
            out.print(f"✗ {scene['name']}: {fault}")
    seconds = document["seconds"]
    verdict = "all as expected  全部符合预期" if document["ok"] else "NOT as expected  不符合预期"
    out.print(f"{verdict}; set-up {seconds['setup']} s, scenes {seconds['scenes']} s")


def _row(expected: Expected, scene: dict[str, Any]) -> tuple[str, ...]:
    number, seen = scene["caller_number"], scene["numbers_seen"]
    other = [f"{leg}: {value}" for leg, value in seen.items() if value != number]
    silences = [f"{name.split('_')[0]} {value} ms" for name, value in scene["silence_ms"].items() if value is not None]
    return (
        scene["name"].replace("  ", "\n"),
        "\n".join([f"{number}", f"same on {len(seen) - len(other)} legs", *other, f"{scene['presentation']}"]),
        "\n".join([*silences, f"most {SILENCE_LIMIT_MS:g} ms"]),
        f"key→ring {scene['key_to_ring_ms']} ms\npop {scene['pop_before_answer_ms']} ms\nbefore the answer",
        "\n⇄ ".join(f"{ticket['ticket_id']}" for ticket in scene["tickets"]),
        f"{scene['owner']}\nexpected {expected.owner}" + (f"\nafter {scene['cause']}" if expected.cause else ""),
        "✓" if scene["ok"] else "✗",
    )


def _addresses(out: Console, status: dict[str, Any]) -> None:
    base = f" --base {status['base']}" if status["base"] else ""
    for site in status["sites"]:
        out.print(f"{site['id']}: desk {site['http']}  SIP {site['sip']}  (./run status --json{base} has the accounts)")
    out.print(f"the lab stays up; ./run down{base} ends it  试验环境保留，用 ./run down{base} 结束")
