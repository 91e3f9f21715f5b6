"""`./run bench handover_recorded`: `bench handover` once more, on two platforms that record every call."""

from __future__ import annotations

import tempfile
from pathlib import Path

from callflow.bench import handover
from callflow.lab.plan import Plan, plan_lab

RECORDING = "\n[recording]\nenabled = true\n"


def run_bench(plan: Plan, out: Path | None) -> int:
    """Measure and judge as `handover` does, in a lab of its own on the plan's base; 1 when a promise is broken.

    Raises:
        LabError: a step of a call did not come about, or another lab has these addresses.
    """
    with tempfile.TemporaryDirectory(prefix="callflow-bench-") as made:
        sites = Path(made) / "sites"
        sites.mkdir()
        for site in plan.sites:
            text = site.site_file.read_text(encoding="utf-8")
            (sites / site.site_file.name).write_text(text + RECORDING, encoding="utf-8")
        recording = plan_lab(plan.base, state=Path(made) / "state", site_files=sites)
        return handover.run_bench(recording, out)
