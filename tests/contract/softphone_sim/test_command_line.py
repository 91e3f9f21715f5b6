"""`python -m softphone_sim call`: what a person or a CI gets, and that nothing is left running."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SOUND = """
name: two phones
actors:
  citizen: {phone: {number: "13800138000", address: 127.0.102.30}}
  anna: {phone: {number: "8001", address: 127.0.102.41, answer: auto}}
steps:
  - call: {from: citizen, to: anna}
  - hear: {everyone: {citizen: [anna], anna: [citizen]}}
"""


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "softphone_sim", "call", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await started(*arguments)
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], str]:
    def _script(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return _script


def workers_of(pid: int) -> list[int]:
    """Processes of this program below a runner."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - other programs ring no event here
            await asyncio.sleep(0.02)


async def test_a_story_that_holds_prints_its_timeline_and_writes_its_reports(
    script: Callable[[str, str], str], tmp_path: Path
) -> None:
    code, out, err = await run(
        script("a.yaml", SOUND), "--junit", str(tmp_path / "x.xml"), "--svg", str(tmp_path / "svg")
    )

    assert (code, err) == (0, "")
    assert "anna         rings, shows 13800138000" in out
    assert "PASSED  two phones" in out
    assert 'failures="0"' in (tmp_path / "x.xml").read_text()
    assert "INVITE 13800138000" in (tmp_path / "svg" / "a.svg").read_text()


async def test_one_failure_among_several_stories_is_the_exit_code_and_stdout_is_pure_json(
    script: Callable[[str, str], str],
) -> None:
    wrong = SOUND.replace("citizen: [anna]", "citizen: []") + "  - talk: 1s\n"

    code, out, _err = await run(script("a.yaml", SOUND), script("b.yaml", wrong), "--json")

    assert code == 1
    document = json.loads(out)
    assert [story["ok"] for story in document["scripts"]] == [True, False]
    assert "anna should not be heard" in document["scripts"][1]["failure"]


async def test_an_unsound_script_or_lab_rings_nothing(script: Callable[[str, str], str], tmp_path: Path) -> None:
    assert await run(script("a.yaml", SOUND), "--lab", str(tmp_path / "none.json")) == (
        2,
        "",
        f"{tmp_path}/none.json: No such file or directory; write it with ./run status --json > {tmp_path}/none.json\n",
    )
    code, out, err = await run(script("a.yaml", SOUND), script("b.yaml", SOUND + "  - sing: anna\n"))
    assert (code, out) == (2, "")
    assert "b.yaml:9: step 3 (sing): unknown word `sing`" in err


async def test_an_agent_without_a_lab_is_a_failure_that_names_the_option(script: Callable[[str, str], str]) -> None:
    code, out, _err = await run(
        script(
            "a.yaml",
            SOUND.replace("8001", "8002").replace(
                'phone: {number: "8002", address: 127.0.102.41,', "agent: {platform: 110,"
            ),
        )
    )

    assert code == 1
    assert "agent anna needs a lab: give --lab STATUS.json" in out


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_however_the_runner_ends_no_phone_outlives_it(
    script: Callable[[str, str], str], how: signal.Signals
) -> None:
    process = await started(script("a.yaml", SOUND + "  - talk: 30s\n"))
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while b"hears" not in await process.stdout.readline():
            pass
    phones = workers_of(process.pid)

    process.send_signal(how)
    await process.communicate()

    assert len(phones) == 2
    await until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in phones))
    assert process.returncode == (-9 if how is signal.SIGKILL else 130)
