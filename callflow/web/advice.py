"""The classifier's word while the agent types, and with his note: advice, and never in a key's way (R-083)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callflow.service.advice import Advice, EarlierMatter, Words
from callflow.web.calls import CALL_PATH, CALL_REFUSED, own_call
from callflow.web.routes import CALL_WORKERS, Route, Visit, answer
from callflow.web.schemas import ReasonView, SuggestAsk, SuggestionView, SuggestView

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.domain.calls import Call

log = structlog.get_logger(__name__)

SUGGEST_LIMIT_S = 0.3  # requirement R-083
SUGGEST_AT_KEY_LIMIT_S = 0.05  # a note sent with the key is judged too, but the ringing does not wait for it
HISTORIES_KEPT = 500
HOUR_S = 3600.0


async def suggest(visit: Visit, ask: SuggestAsk) -> web.Response:
    """The suggestion for the words so far, with evidence and reasons. Keeps nothing: `/note` does.

    Ask again whenever the agent has paused; an answer is about all of `text`. Danger that the machine has raised in
    this call stays in every later answer until the agent sends `denied`.
    """
    call = await own_call(visit)
    try:
        async with asyncio.timeout(SUGGEST_LIMIT_S):
            advice = await _advice(visit, call, ask, await _earlier(visit, call))
        return answer(SuggestView() if advice is None else _view(advice))
    except Exception as error:  # noqa: BLE001 - advice: whatever is wrong with it must not stop the desk (R-083)
        _say_so(call, error, SUGGEST_LIMIT_S)
        return answer(SuggestView())


async def suggestion(visit: Visit, call: Call, text: str, limit_s: float) -> SuggestionView | None:
    """The suggestion, kept with the call so that it goes with a handover; None when it cannot be had in time."""
    try:
        async with asyncio.timeout(limit_s):
            # what was read of the caller while the agent typed counts; a key does not wait for more
            earlier = visit.memory.histories.get(call.call_id, ())
            advice = await _advice(visit, call, SuggestAsk(text=text), earlier)
            if advice is None:
                return None
            await visit.deps.keep_suggestion(call.call_id, advice.suggestion, visit.now)
        return SuggestionView.model_validate(advice.suggestion)
    except Exception as error:  # noqa: BLE001 - as above
        _say_so(call, error, limit_s)
        return None


async def _advice(visit: Visit, call: Call, ask: SuggestAsk, earlier: tuple[EarlierMatter, ...]) -> Advice | None:
    return await visit.deps.suggest(Words(call.call_id, ask.text, call.danger, ask.denied, ask.place, earlier))


def _view(advice: Advice) -> SuggestView:
    return SuggestView(
        suggestion=SuggestionView.model_validate(advice.suggestion),
        reasons=[ReasonView.model_validate(row) for row in advice.reasons],
    )


async def _earlier(visit: Visit, call: Call) -> tuple[EarlierMatter, ...]:
    """The number's earlier tickets, read once a call."""
    known = visit.memory.histories
    if call.call_id not in known:
        tickets = (await visit.deps.files.known_about(call)).tickets
        known[call.call_id] = tuple(
            EarlierMatter((visit.now - row["opened_at"]) / HOUR_S, bool(row.get("danger")))
            for row in tickets
            if row.get("incident_id") != call.incident_id and row.get("opened_at") is not None
        )
        if len(known) > HISTORIES_KEPT:
            del known[next(iter(known))]
    return known[call.call_id]


def _say_so(call: Call, error: Exception, limit_s: float) -> None:
    log.warning("no suggestion", call_id=call.call_id, cause=type(error).__name__, limit_s=limit_s)


ROUTES = (
    Route(
        "POST",
        f"{CALL_PATH}/suggest",
        suggest,
        "The classifier's suggestion for the words so far; keeps nothing.",
        roles=CALL_WORKERS,
        answers={200: SuggestView},
        asks=SuggestAsk,
        refuses=CALL_REFUSED,
    ),
)
