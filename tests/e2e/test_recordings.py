"""A platform that records: the whole call in one file, whatever becomes of it; and what happens without a recorder."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from callflow.lab.plan import Plan, SitePlan
from softphone_sim.bench import LEFT_AFTER_MS, joined
from softphone_sim.ears.listen import MUSIC, NS_PER_MS, holes
from softphone_sim.lab import Lab, read_lab
from softphone_sim.run.acts import answer, hang_up, rings_at
from softphone_sim.run.play import play
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.load import read_script
from tests.e2e.conftest import BASE, SCRIPTS
from tests.e2e.recorded import ear_of, files_of, in_fixed_voices, journal_lines, scenes_of
from tests.e2e.scene import LIMIT_S, Row, Scene, eventually, heal, strike
from tests.e2e.site_files import RECORDING, adding, another_lab
from tests.e2e.three_parties import PARTIES, Party, Three, all_answer, brings_in, talks

GAP_LIMIT_MS = 40.0
"""RFC 7866, RQ_CHFE_354; requirement S-21."""

LEAST_LENGTH_S = 1.0

BUFFER_BYTES = 32_768
"""What a killed Asterisk had not written yet."""


@pytest.fixture(scope="module")
def running(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """A lab of two platforms that record, beside the lab of the session."""
    sites = plan.sites[0].site_file.parent
    with another_lab(BASE + 1, sites, tmp_path_factory.mktemp("sites") / "sites", adding(RECORDING)) as made:
        yield made


@pytest.mark.covers("S-21")
async def test_the_whole_call_is_one_file_through_music_recall_join_and_leave(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    ringing = await scene.rings()
    assert scene.zhang.call is not None
    await hang_up(scene.stage, scene.zhang, scene.zhang.call)
    await scene.stage.bell.until(lambda: has_heard_music(scene), LIMIT_S)
    await scene.li.handset.order("answer", call=ringing.name, code=486)
    back = await rings_at(scene.stage, scene.zhang, LIMIT_S)
    await answer(scene.stage, scene.zhang, back)
    assert back.answered_ns is not None
    await joined(scene.stage, scene.citizen, "zhang", back.answered_ns, around_ms=0)
    await scene.key_at_the_desk(kind="three_party")
    await scene.li_answers(await scene.rings())
    await joined(scene.stage, scene.zhang, "li", back.answered_ns)
    await scene.zhang_leaves(by_himself=True)
    await scene.citizen_hangs_up()
    (path,) = await eventually(lambda: files_when_over(scene), len)

    heard = ear_of(path, scene.stage.tones_hz)
    assert scenes_of(heard) == [
        {"citizen", "zhang"},
        {"citizen", MUSIC},
        {"citizen", "zhang"},
        {"citizen", "zhang", "li"},
        {"citizen", "li"},
    ]
    first, last = (int(heard.times_ns[heard.voices["citizen"]][index]) for index in (0, -1))
    assert holes(heard, ["citizen"], first, last, at_least_ms=GAP_LIMIT_MS) == []


def has_heard_music(scene: Scene) -> bool | None:
    """Enough of it that it is a scene of its own."""
    heard = scene.stage.heard_by(scene.citizen)
    return True if heard.voices[MUSIC].sum() > 25 else None


async def files_when_over(scene: Scene) -> list[Path]:
    """The incident's recordings at 12345 as soon as its journal says that the call has ended."""
    incident = await scene.incident()
    near = scene.plan.sites[0]
    is_over = any(cells[3] == incident for cells in await asyncio.to_thread(journal_lines, near, "ended"))
    return await asyncio.to_thread(files_of, near, incident) if is_over else []


@pytest.mark.covers("S-21", "R-044")
async def test_both_platforms_record_their_own_leg_and_the_desk_finds_it_with_the_tickets(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    await scene.li_answers(await scene.rings())
    await scene.zhang_leaves(by_himself=False)
    await scene.citizen_hangs_up()
    await scene.stage.bell.until(lambda: scene.li.call and scene.li.call.ended_ns, LIMIT_S)
    incident = await scene.incident()
    for who, series in ((scene.zhang, "GD"), (scene.li, "JD")):
        (one,) = await eventually(partial(listed, who), lambda found: found and found[0]["ended_at"])
        assert (one["incident_id"], one["kind"]) == (incident, "call")
        assert [ticket_id[:2] for ticket_id in one["ticket_ids"]] in (["GD", "JD"], ["JD", "GD"])
        assert one["ticket_ids"][0].startswith(series)
        assert one["length_s"] > LEAST_LENGTH_S


async def listed(who: Actor) -> list[Row]:
    """What this agent's desk says of the recordings of his latest call."""
    assert who.desk is not None
    said = await who.desk.ask("GET", f"/calls/{who.latest_in_events('call_id')}/recordings")
    return list(said.body["recordings"]) if said.status == 200 else []


def size_of(path: Path) -> int:
    """In bytes."""
    return path.stat().st_size


@pytest.mark.covers("S-21")
async def test_a_killed_pbx_leaves_a_recording_that_can_be_heard(scene: Scene) -> None:
    await scene.talk()
    incident, near = await scene.incident(), scene.plan.sites[0]
    (path,) = await asyncio.to_thread(files_of, near, incident)
    size = await eventually(lambda: asyncio.to_thread(size_of, path), lambda found: found >= BUFFER_BYTES)
    strike(scene.plan, "12345", "asterisk", signal.SIGKILL)
    await heal(scene.plan)

    heard = ear_of(path, scene.stage.tones_hz)
    assert len(heard.packets) * 160 > size - 160, "nothing that was on the disk is lost"
    assert scenes_of(heard) == [{"citizen", "zhang"}]


@pytest.mark.covers("C-16")
async def test_with_no_place_to_record_to_calls_go_on_and_somebody_is_told(scene: Scene) -> None:
    folder = scene.plan.sites[0].place.recordings
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("in the way")
    try:
        await scene.talk()
        await scene.key_at_the_desk()
        await scene.li_answers(await scene.rings())
        await scene.zhang_leaves(by_himself=False)
        await scene.citizen_hangs_up()
    finally:
        folder.unlink()
        aside.rename(folder)

    assert scene.silences() == []


@pytest.mark.covers("C-16")
async def test_a_disk_nearly_full_forbids_the_next_recording_and_the_journal_says_so(scene: Scene) -> None:
    near = scene.plan.sites[0]
    flag = near.place.recordings / "full"
    strike(scene.plan, "12345", "python", signal.SIGSTOP)  # its own look at the disk would take the flag away
    try:
        flag.touch()
        await scene.talk()
        await scene.citizen_hangs_up()
    finally:
        strike(scene.plan, "12345", "python", signal.SIGCONT)
        flag.unlink(missing_ok=True)
    incident = await scene.incident()

    assert await asyncio.to_thread(files_of, near, incident) == []
    unrecorded = await asyncio.to_thread(journal_lines, near, "unrecorded")
    assert [cells[8] for cells in unrecorded if cells[3] == incident] == ["kind=call why=disk"]


@pytest.mark.covers("S-21")
async def test_a_private_consult_has_a_file_of_its_own_and_the_callers_holds_his_music(scene: Scene) -> None:
    await scene.talk()
    await scene.call_id()
    handover = {"target": "110", "kind": "three_party", "consent": "agreed", "private": True}
    await asks(scene.zhang, "handover", handover)
    ringing = await scene.rings()
    await answer(scene.stage, scene.li, ringing)
    assert ringing.answered_ns is not None
    await joined(scene.stage, scene.zhang, "li", ringing.answered_ns, around_ms=0)
    await scene.stage.bell.until(lambda: has_heard_music(scene), LIMIT_S)
    await asks(scene.zhang, "handover/join")
    await joined(scene.stage, scene.citizen, "li", ringing.answered_ns)
    await scene.citizen_hangs_up()
    call_file, consult_file = await eventually(lambda: files_when_over(scene), len)
    whole, private = await eventually(partial(listed, scene.zhang), both_are_whole)

    assert [one["kind"] for one in (whole, private)] == ["call", "consult"]
    assert scenes_of(ear_of(call_file, scene.stage.tones_hz)) == [
        {"citizen", "zhang"},
        {"citizen", MUSIC},
        {"citizen", "zhang", "li"},
    ]
    assert scenes_of(ear_of(consult_file, scene.stage.tones_hz, most_s=private["length_s"])) == [{"zhang", "li"}]


async def asks(who: Actor, what: str, body: Row | None = None) -> None:
    """One key on the desk of this agent's latest call; it is taken."""
    assert who.desk is not None
    said = await who.desk.ask("POST", f"/calls/{who.latest_in_events('call_id')}/{what}", body or {})
    assert said.status == 202, said


def both_are_whole(found: list[Row]) -> bool:
    """The call's file and the consult's have ended, and all of it is on the disk."""
    return len(found) == 2 and all(one["ended_at"] and one["length_s"] for one in found)


@pytest.mark.covers("S-21")
async def test_whoever_talks_with_him_next_is_in_the_file_too(running: Plan) -> None:
    """Three calls at once: each next talker's RTP counts from elsewhere, and half of them behind the one before."""
    async with Stage(read_lab(running.status_file)) as stage:
        agents = [await stage.agent(f"a{seat}", platform="12345", seat=seat) for seat in (1, 2, 3)]
        targets = [await stage.agent(f"t{seat}", platform="110", seat=seat, desk=False) for seat in (1, 2, 3)]
        citizens = [await stage.caller(f"c{n}", number=f"1390001{BASE:03}{n}") for n in (1, 2, 3)]
        await all_answer([*agents, *targets])
        talking = [await talks(stage, citizen, agents, "12345") for citizen in citizens]
        calls = zip(citizens, talking, strict=True)
        said = await asyncio.gather(
            *(_hands_on(stage, Party(citizen, call), agent, targets) for citizen, (call, agent) in calls)
        )
        near = running.sites[0]
        heard = {number: await _heard_when_over(near, number, stage.tones_hz) for number, _ in said}

    assert {number: scenes[-1] for number, scenes in heard.items()} == dict(said)


async def _hands_on(stage: Stage, caller: Party, agent: Party, targets: list[Actor]) -> tuple[str, set[str]]:
    """His agent brings 110 in and leaves; his number, and who talked in the end."""
    three = {"caller": caller, "agent": agent}
    three["target"] = await brings_in(stage, caller.actor, agent.actor, targets, to="110", kind="three_party")
    talk = Three(stage, three, time.time_ns())
    await talk.hear_each_other(talk.began_ns, *PARTIES)
    gone_ns = await talk.leaves("agent")
    await talk.hear_each_other(gone_ns + LEFT_AFTER_MS * NS_PER_MS, "caller", "target")
    await talk.leaves("caller")
    return caller.actor.number, {caller.actor.name, talk.parties["target"].actor.name}


async def _heard_when_over(site: SitePlan, number: str, tones_hz: Mapping[str, int]) -> list[set[str]]:
    """The scenes of this caller's newest call, as soon as it has ended."""
    arrived = [cells for cells in journal_lines(site, "arrived") if f"number={number}" in cells[8].split()]
    ended = partial(asyncio.to_thread, journal_lines, site, "ended")
    await eventually(ended, lambda lines: any(cells[3] == arrived[-1][3] for cells in lines))
    (path,) = files_of(site, arrived[-1][3])
    return scenes_of(ear_of(path, tones_hz))


OURS, HELD, THEIRS = {"citizen", "zhang"}, {"citizen", MUSIC}, {"citizen", "li"}
PHONE_STORIES = {
    "refer-good-and-bad": ([OURS, HELD, OURS, HELD, THEIRS], 0),
    "phone-consult-transfer": ([OURS, HELD, THEIRS], 1),
    "phone-consult-failed": ([OURS, HELD, OURS, HELD, OURS], 1),
}
"""What is in the caller's file, scene after scene; how many private talks have a file of their own."""


@pytest.mark.covers("R-001", "R-005", "S-21")
@pytest.mark.parametrize("name", PHONE_STORIES)
async def test_the_phones_own_keys_do_what_they_do_unrecorded_and_the_file_has_every_voice(
    name: str, lab: Lab, running: Plan, tmp_path: Path
) -> None:
    scenes, consults = PHONE_STORIES[name]
    script, tones_hz = in_fixed_voices(read_script(SCRIPTS / f"{name}.yaml"))
    result = await play(script, lab, limit_s=90, tapes=tmp_path)

    assert result.failure is None
    near, began_s = running.sites[0], result.began_ns / 1e9
    (incident,) = {cells[3] for cells in journal_lines(near, "arrived") if float(cells[0]) > began_s}
    await eventually(lambda: asyncio.to_thread(journal_lines, near, "ended"), lambda it: it[-1][3] == incident)
    call_file, *consult_files = files_of(near, incident)
    assert scenes_of(ear_of(call_file, tones_hz)) == scenes
    assert [scenes_of(ear_of(one, tones_hz))[:1] for one in consult_files] == [[{"zhang", "li"}]] * consults
