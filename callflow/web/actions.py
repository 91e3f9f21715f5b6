"""The keys on a call. Nothing is decided here: each becomes one event at the controller's door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import structlog
from aiohttp import web
from pydantic import Field

from callflow.domain import events
from callflow.domain.names import LANGUAGE_TAG, AttemptId, Consent, Disposition, TargetCode
from callflow.web.advice import SUGGEST_AT_KEY_LIMIT_S, SUGGEST_LIMIT_S, suggestion
from callflow.web.calls import CALL_PATH, CALL_REFUSED, own_call, seen_call
from callflow.web.errors import Problem
from callflow.web.routes import CALL_WORKERS, Route, Visit, answer
from callflow.web.schemas import (
    Ask,
    AttemptView,
    CallView,
    CancelAsk,
    ConsentAsk,
    DropAsk,
    HandoverAsk,
    NoteAsk,
    NoteView,
    NothingAsk,
    OwnerAsk,
)
from callflow.web.submit import once, request_id, submit, taken
from callflow.web.views import attempt_view

if TYPE_CHECKING:
    from callflow.domain.calls import Attempt, Call

log = structlog.get_logger(__name__)

HANDOVERS_PER_SEAT, HANDOVER_WINDOW_S = 20, 60.0  # several times what a person can do (requirement T-23)


class DispositionAsk(Ask):
    """What became of the call; said anew, the last word counts."""

    disposition: Disposition


class LanguageAsk(Ask):
    """Which language the caller speaks, by BCP 47; "" takes it back."""

    language: Annotated[str, Field(pattern=LANGUAGE_TAG, max_length=16)]


async def hand_over(visit: Visit, ask: HandoverAsk) -> web.Response:
    """Begin to bring a target in; answers with the attempt before the target rings.

    A repeated Idempotency-Key is the same request, also across a restart: the attempt's id is made from it.
    """
    call = await own_call(visit)
    target = visit.deps.site.target_of(ask.target)
    if target is None:
        raise Problem("unknown-target")
    attempt_id = AttemptId(call.call_id[:10] + request_id(visit, "handover"))
    event = events.HandoverRequested(
        call_id=call.call_id,
        at=visit.now,
        agent_id=visit.who.agent_id,
        attempt_id=attempt_id,
        target=TargetCode(target.code),
        kind=ask.kind,
        consent=ask.consent or Consent.NOT_RECORDED,
        note=ask.note,
        private=ask.private,
        contact=ask.contact,
    )
    before = call.attempt(attempt_id)
    if before is not None:
        if _asked(before) != (event.target, event.kind, event.consent, event.private, event.contact):
            raise Problem("idempotency-key-reused")
        return answer(attempt_view(call, before), 202)
    if ask.note and ask.note != call.note:
        await suggestion(visit, call, ask.note, SUGGEST_AT_KEY_LIMIT_S)
    figures = visit.memory.metrics.handovers
    try:
        attempt = await _begin(visit, call, event)
    except Problem as problem:
        figures.labels(target.code, ask.kind, problem.code).inc()
        raise
    figures.labels(target.code, ask.kind, "accepted").inc()
    return answer(attempt_view(call, attempt), 202)


async def cancel(visit: Visit, ask: CancelAsk) -> web.Response:
    """Stop the newest attempt, or the one to `target`."""
    call = await own_call(visit)
    target = None if ask.target is None else TargetCode(ask.target)
    return await taken(visit, "cancel", events.CancelRequested(call.call_id, visit.now, visit.who.agent_id, target))


async def drop(visit: Visit, ask: DropAsk) -> web.Response:
    """One named party leaves the talk; everybody else talks on."""
    call = await own_call(visit)
    event = events.DropRequested(call.call_id, visit.now, visit.who.agent_id, TargetCode(ask.target))
    return await taken(visit, "drop", event)


async def join(visit: Visit, _ask: NothingAsk) -> web.Response:
    """The private talk is over: the caller is put to our agent and the target."""
    call = await own_call(visit)
    return await taken(visit, "join", events.JoinRequested(call.call_id, visit.now, visit.who.agent_id))


async def stay(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Stay when the target joins: the transfer becomes a three-party call."""
    call = await own_call(visit)
    return await taken(visit, "stay", events.StayRequested(call.call_id, visit.now, visit.who.agent_id))


async def leave(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Leave the call to the others; refused while the caller would be alone."""
    call = await own_call(visit)
    return await taken(visit, "leave", events.LeaveRequested(call.call_id, visit.now, visit.who.agent_id))


async def decide_owner(visit: Visit, ask: OwnerAsk) -> web.Response:
    """Accept or refuse the matter for this platform."""
    call = await own_call(visit)
    accept = ask.decision == "accept"
    event = events.OwnerDecided(call.call_id, visit.now, visit.who.agent_id, accept, ask.reason)
    return await taken(visit, "owner", event, 200)


async def raise_danger(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Danger to life: 110 is rung beside anything else. No allowance and no consent stands before it.

    A supervisor may raise it on any call of his platform.
    """
    call = await seen_call(visit)
    return await taken(visit, "danger", events.DangerRaised(call.call_id, visit.now, visit.who.agent_id))


async def mark_nuisance(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Nuisance or a threat: the number's history goes with every handover; nobody is blocked."""
    call = await own_call(visit)
    return await taken(visit, "nuisance", events.NuisanceMarked(call.call_id, visit.now, visit.who.agent_id), 200)


async def say_what_became(visit: Visit, ask: DispositionAsk) -> web.Response:
    """What became of the call, at wrap-up or before; the last word counts."""
    call = await own_call(visit)
    event = events.Disposed(call.call_id, visit.now, visit.who.agent_id, ask.disposition)
    return await taken(visit, "disposition", event, 200)


async def say_the_language(visit: Visit, ask: LanguageAsk) -> web.Response:
    """Which language the caller speaks; it goes to his ticket and to the platforms that have to do with it."""
    call = await own_call(visit)
    event = events.LanguageSaid(call.call_id, visit.now, visit.who.agent_id, ask.language)
    return await taken(visit, "language", event, 200)


async def record_consent(visit: Visit, ask: ConsentAsk) -> web.Response:
    """The caller's answer, when the handover was begun by a phone key."""
    call = await own_call(visit)
    said = Consent(ask.consent)
    event = events.ConsentRecorded(call.call_id, visit.now, visit.who.agent_id, said, ask.reason)
    return await taken(visit, "consent", event, 200)


async def write_note(visit: Visit, ask: NoteAsk) -> web.Response:
    """Keep the note and answer with the classifier's suggestion for it."""
    call = await own_call(visit)
    await submit(visit, "note", events.NoteWritten(call.call_id, visit.now, visit.who.agent_id, ask.text))
    return answer(NoteView(suggestion=await suggestion(visit, call, ask.text, SUGGEST_LIMIT_S)))


# ---- a handover begins


async def _begin(visit: Visit, call: Call, event: events.HandoverRequested) -> Attempt:
    """A seat may begin only so many handovers; with danger raised there is no limit (requirement T-23)."""
    seat, allowance = visit.who.agent_id, visit.memory.handovers
    wait_s = 0.0 if call.danger else allowance.wait_s(seat, visit.now)
    if wait_s > 0:
        visit.memory.metrics.alerts.labels("seat_limited").inc()
        log.warning("seat begins too many handovers", agent_id=seat, call_id=call.call_id)
        raise Problem("too-many-handovers", retry_after_s=wait_s)
    allowance.spend(seat, visit.now)  # before the wait below, so that many at once cannot all slip through
    try:
        after = await submit(visit, "handover", event)
    except Problem:
        allowance.refund(seat)
        raise
    attempt = after.attempt(event.attempt_id)
    if attempt is None:  # another key was quicker
        raise Problem("handover-in-progress")
    return attempt


def _asked(attempt: Attempt) -> tuple[str, str, str, bool, int]:
    return attempt.target, attempt.kind, attempt.consent, attempt.private, attempt.contact


_ACT = (*CALL_REFUSED, "call-ended", "idempotency-key-wrong")
ROUTES = tuple(
    Route(
        "POST",
        f"{CALL_PATH}/{path}",
        once(handler),
        says,
        roles=CALL_WORKERS,
        asks=asks,
        answers={status: answers},
        refuses=(*_ACT, *refuses.split()),
        headers=("Idempotency-Key",),
    )
    for path, handler, says, asks, status, answers, refuses in (
        (
            "handover",
            hand_over,
            "The one key: bring a target of the directory to the caller, with the caller's own number.",
            HandoverAsk,
            202,
            AttemptView,
            (
                "handover-in-progress consent-missing consent-declined target-unreachable unknown-target "
                "unknown-contact caller-gone third-party-in returned-already "
                "hop-limit idempotency-key-reused number-not-yours-to-choose too-many-handovers"
            ),
        ),
        (
            "handover/cancel",
            cancel,
            "Stop the newest attempt, or the one to `target`.",
            CancelAsk,
            202,
            CallView,
            "nothing-to-cancel danger-not-cancelled",
        ),
        (
            "handover/join",
            join,
            "End the private talk: put the caller to our agent and the target.",
            NothingAsk,
            202,
            CallView,
            "nothing-to-join caller-gone",
        ),
        (
            "drop",
            drop,
            "One named party leaves; everybody else talks on.",
            DropAsk,
            202,
            CallView,
            "not-in-the-talk danger-not-cancelled",
        ),
        ("handover/stay", stay, "Stay in when the target joins.", NothingAsk, 202, CallView, "nothing-to-keep"),
        ("leave", leave, "Leave the others.", NothingAsk, 202, CallView, "would-leave-caller-alone"),
        (
            "owner",
            decide_owner,
            "Accept or refuse the matter for this platform.",
            OwnerAsk,
            200,
            CallView,
            "nothing-to-own owner-settled",
        ),
        ("danger", raise_danger, "Danger to life: 110 at once.", NothingAsk, 202, CallView, ""),
        ("nuisance", mark_nuisance, "Nuisance or threat: counted, told on.", NothingAsk, 200, CallView, ""),
        ("disposition", say_what_became, "What became of the call, e.g. 直接解答.", DispositionAsk, 200, CallView, ""),
        ("language", say_the_language, "Which language the caller speaks.", LanguageAsk, 200, CallView, ""),
        ("consent", record_consent, "Consent asked afterwards.", ConsentAsk, 200, CallView, "consent-known"),
        ("note", write_note, "Keep the note; answers with the suggestion.", NoteAsk, 200, NoteView, ""),
    )
)
