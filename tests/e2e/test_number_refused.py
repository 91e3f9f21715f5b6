"""A network that refuses the caller's number: once more with our own, never a third time, by each line's own list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from callflow.lab.plan import Plan
from softphone_sim.bench import joined
from softphone_sim.lab import read_lab
from softphone_sim.run.acts import set_policy
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.model import Policy
from tests.e2e.conftest import BASE
from tests.e2e.scene import LIMIT_S, NUMBER, Scene, eventually
from tests.e2e.site_files import another_lab
from tests.e2e.test_causes import asks, audited, causes_on, notice

OURS = "12345"
FIRST_CARRIER = 'address = "{net}.20"\ntrusted = true\n'
SECOND_CARRIER = 'address = "{net}.30"\ntrusted = true\n'
SHOWN = 'send_identity = "allowed"\n'


def strict_carriers(site_file: str) -> str:
    """Both carriers are shown open numbers; the first refuses one with 403 or 603, the second only with 433."""
    for carrier, codes in ((FIRST_CARRIER, "[403, 603]"), (SECOND_CARRIER, "[433]")):
        assert carrier in site_file
        site_file = site_file.replace(carrier, f"{carrier}{SHOWN}number_refused_codes = {codes}\n")
    return site_file


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory, running: Plan) -> Iterator[Plan]:
    """A lab whose carriers are shown the caller's number, and may refuse it."""
    copy = tmp_path_factory.mktemp("sites") / "sites"
    with another_lab(BASE + 1, running.sites[0].site_file.parent, copy, strict_carriers) as made:
        yield made


@pytest.fixture
async def scene(floor: Plan) -> AsyncIterator[Scene]:
    """A citizen and an agent of each platform, before any call."""
    async with Stage(read_lab(floor.status_file)) as stage:
        yield await Scene.cast(floor, stage)


@pytest.mark.covers("R-005", "S-8")
async def test_a_refused_number_is_followed_by_our_own_and_the_target_joins(scene: Scene) -> None:
    fire = await scene.stage.phone("fire", number="119", carrier=1)
    await set_policy(fire, Policy(answer="auto", only_from=OURS))
    await scene.talk()
    await hands_over(scene, "119")
    assert scene.call is not None
    await joined(scene.stage, scene.citizen, "fire", scene.call.began_ns, around_ms=0)
    told = await scene.stage.bell.until(lambda: notice(scene, "number_refused_retry"), LIMIT_S)
    incident = await scene.incident()
    trace = await eventually(lambda: scene.trace(scene.zhang, incident), lambda seen: "joined" in audited(seen))
    await scene.citizen_hangs_up()

    assert numbers_shown(fire) == [NUMBER, OURS]
    assert NUMBER not in str(fire.handset.calls[1].invite)
    assert told is not None
    assert audited(trace) == {None, "joined"}, "it rang once and it came: the retry is no attempt of its own"
    assert scene.silences(("zhang", "fire")) == []


@pytest.mark.covers("R-005", "S-8")
@pytest.mark.parametrize(
    ("target", "policy", "outcome", "shown"),
    [
        ("119", Policy(answer="reject", code=403, ring=False), "number_refused", [NUMBER, OURS]),
        ("119", Policy(answer="reject", code=603, ring=False), "number_refused", [NUMBER, OURS]),
        ("119", Policy(answer="reject", code=603), "rejected", [NUMBER]),
        ("119", Policy(answer="reject", code=433, ring=False), "rejected", [NUMBER]),
        ("9601", Policy(answer="reject", code=433, ring=False), "number_refused", [NUMBER, OURS]),
        ("9601", Policy(answer="reject", code=403, ring=False), "rejected", [NUMBER]),
    ],
    ids=["403", "603", "603 of a person", "433 not on its list", "433 on its list", "403 not on its list"],
)
async def test_a_number_refused_twice_is_given_up_and_a_person_is_never_asked_twice(
    target: str, policy: Policy, outcome: str, shown: list[str], scene: Scene
) -> None:
    line = await scene.stage.phone("line", number=target, carrier=1 if target == "119" else 2)
    await set_policy(line, policy)
    await scene.talk()
    await hands_over(scene, target)
    told = await scene.stage.bell.until(lambda: notice(scene, outcome), LIMIT_S)
    incident = await scene.incident()
    trace = await eventually(lambda: scene.trace(scene.zhang, incident), lambda seen: outcome in audited(seen))
    again = await asks(scene, "handover", {"target": "110", "kind": "three_party", "consent": "agreed"})
    await scene.rings()
    await scene.citizen_hangs_up()

    assert told is not None
    assert told["zh"]
    assert told["en"]
    assert audited(trace) == {None, outcome}
    assert trace["tickets"][0]["phone_mark"] == "not_connected"
    assert causes_on(trace) == [(target, outcome)]
    assert numbers_shown(line) == shown, "read in the INVITEs at the far end; one more would stand here"
    assert again.status == 202
    assert scene.silences(("zhang",)) == []


async def hands_over(scene: Scene, target: str) -> None:
    """The one key at the desk."""
    said = await asks(scene, "handover", {"target": target, "kind": "one_key", "consent": "agreed"})
    assert said.status == 202, said


def numbers_shown(line: Actor) -> list[str | None]:
    """Whose number stood in each INVITE that reached this phone."""
    return [call.invite.shown_number for call in line.handset.calls if call.invite]
