"""The classifier in a thread: it may be slow, it is never in a call's way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from classifier.live import Known, classify_call
from classifier.tuning import DEFAULT, read_tuning

TUNING = ".classifier.toml"
"""`12345.classifier.toml` beside `12345.toml`: what the site has set for the classifier. It may be missing."""


class TuningWrong(Exception):  # noqa: N818 - named by what happened
    """The site's tuning cannot be used; the message names the cause."""


def suggester(site_id: str, tuning_file: Path) -> Callable[[str, bool], Awaitable[dict[str, Any] | None]]:
    """Suggest for a note, with danger as a human has said it. Data and models are read now, not at a call.

    Raises:
        TuningWrong: the file is there and broken.
    """
    try:
        tuning = read_tuning(tuning_file) if tuning_file.is_file() else DEFAULT
    except (ValueError, OSError) as broken:
        raise TuningWrong(str(broken)) from broken
    classify_call("您好", Known(), site_id, tuning)

    async def suggest(text: str, danger: bool) -> dict[str, Any] | None:  # noqa: FBT001 - the port's shape
        known = Known(danger_by_human=danger)
        return (await asyncio.to_thread(classify_call, text, known, site_id, tuning)).as_json()

    return suggest
