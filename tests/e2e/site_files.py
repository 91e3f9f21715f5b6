"""Site files of the lab with something else in them: for stories of a platform that is set up in another way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callflow.lab import lab as lab_up_down
from callflow.lab.plan import Plan, plan_lab
from tests.e2e.scene import quiet

RECORDING = "\n[recording]\nenabled = true\n"


def adding(text: str) -> Callable[[str], str]:
    """An edit that adds a table to both site files."""
    return lambda site_file: site_file + text


@contextmanager
def another_lab(base: int, sites: Path, copy: Path, edit: Callable[[str], str]) -> Iterator[Plan]:
    """A lab of its own whose site files went through `edit`; it is gone with the block."""
    shutil.copytree(sites, copy)
    for site_file in copy.glob("*.toml"):
        site_file.write_text(edit(site_file.read_text("utf-8")), "utf-8")
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("CALLFLOW_SITES", str(copy))
        plan = plan_lab(base)
    lab_up_down.up(plan, quiet)
    try:
        yield plan
    finally:
        lab_up_down.down(plan)
