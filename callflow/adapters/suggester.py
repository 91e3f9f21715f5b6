"""The classifier in threads of its own: it may be slow or hang, it is never in a call's way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from callflow.adapters.aside import Aside
from callflow.service.advice import Advice, Suggest, Words
from classifier.live import Earlier, Known, Listener, classify_call
from classifier.tuning import DEFAULT, read_tuning

if TYPE_CHECKING:
    from pathlib import Path

    from callflow.domain.names import CallId
    from classifier import Suggestion

TUNING = ".classifier.toml"
"""`12345.classifier.toml` beside `12345.toml`: what the site has set for the classifier. It may be missing."""

THREADS, WAITING_MOST = 2, 50
CALLS_KEPT = 500
"""Calls whose raised danger is remembered; the one not asked about for longest is forgotten first."""


class TuningWrong(Exception):  # noqa: N818 - named by what happened
    """The site's tuning cannot be used; the message names the cause."""


@dataclass(slots=True)
class _Ear:
    """One call's listener, asked by one at a time: it remembers what was raised."""

    listener: Listener
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def suggester(site_id: str, tuning_file: Path) -> Suggest:
    """Suggest for the words of a call. Data and models are read now, not at a call.

    Raises:
        TuningWrong: the file is there and broken.
    """
    try:
        tuning = read_tuning(tuning_file) if tuning_file.is_file() else DEFAULT
    except (ValueError, OSError) as broken:
        raise TuningWrong(str(broken)) from broken
    classify_call("您好", Known(), site_id, tuning)
    ears: dict[CallId, _Ear] = {}
    aside = Aside("classifier", THREADS, WAITING_MOST)

    async def suggest(words: Words) -> Advice:
        ear = ears.pop(words.call_id, None) or _Ear(Listener(site_id, tuning))
        ears[words.call_id] = ear  # the last one asked about stands last
        if len(ears) > CALLS_KEPT:
            del ears[next(iter(ears))]
        async with ear.turn:
            found = await aside.do(partial(ear.listener.about, words.text, _known(words), denied=words.denied))
        return _advice(found)

    return suggest


def _known(words: Words) -> Known:
    history = tuple(Earlier(matter.hours_ago, matter.danger) for matter in words.earlier)
    return Known(history=history, location=words.place, danger_by_human=words.danger)


def _advice(found: Suggestion) -> Advice:
    return Advice(found.as_json(), [{"zh": row.zh, "en": row.en, "rule": row.rule} for row in found.reasons])
