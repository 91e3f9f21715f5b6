"""The agent's calls and the keys on them. Nothing is decided here: a key becomes one event at the controller's door."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING

import structlog

from callflow.domain import events
from callflow.domain.names import AttemptId, CallId, Consent, TargetCode
from callflow.web.errors import Problem
from callflow.web.routes import CALL_WORKERS, READERS, Route, Visit, answer
from callflow.web.schemas import (
    ULID,
    AttemptView,
    CallList,
    CallView,
    CancelAsk,
    ConsentAsk,
    HandoverAsk,
    NoteAsk,
    NoteView,
    NothingAsk,
    OwnerAsk,
    SuggestionView,
    TimelineView,
)
from callflow.web.views import attempt_view, call_view, is_agents_own, may_see, moments

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.domain.calls import Attempt, Call

log = structlog.get_logger(__name__)

HANDOVERS_PER_SEAT, HANDOVER_WINDOW_S = 20, 60.0  # several times what a person can do (requirement T-23)
SUGGEST_LIMIT_S = 0.3  # requirement R-083
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_TO_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


# ---- reading


async def list_calls(visit: Visit, _ask: None) -> web.Response:
    """The live calls that the asker may see."""
    calls = sorted(await visit.deps.facts.live_calls(), key=lambda call: call.arrived_at)
    return answer(CallList(calls=[call_view(call, visit.who) for call in calls if may_see(call, visit.who)]))


async def show_call(visit: Visit, _ask: None) -> web.Response:
    """One call, live or over."""
    return answer(call_view(await _seen_call(visit), visit.who))


async def show_timeline(visit: Visit, _ask: None) -> web.Response:
    """What happened to the call, oldest first."""
    call = await _seen_call(visit)
    return answer(TimelineView(call_id=call.call_id, incident_id=call.incident_id, moments=moments(call)))


# ---- the keys


async def hand_over(visit: Visit, ask: HandoverAsk) -> web.Response:
    """Begin to bring a target in; answers with the attempt before the target rings.

    A repeated Idempotency-Key is the same request, also across a restart: the attempt's id is made from it.
    """
    call = await _own_call(visit)
    target = visit.deps.site.target_of(ask.target)
    if target is None:
        raise Problem("unknown-target")
    attempt_id = AttemptId(call.call_id[:10] + _request_id(visit, "handover"))
    event = events.HandoverRequested(
        call_id=call.call_id,
        at=visit.now,
        agent_id=visit.who.agent_id,
        attempt_id=attempt_id,
        target=TargetCode(target.code),
        kind=ask.kind,
        consent=ask.consent or Consent.NOT_RECORDED,
        note=ask.note,
    )
    before = call.attempt(attempt_id)
    if before is not None:
        if (before.target, before.kind, before.consent) != (event.target, event.kind, event.consent):
            raise Problem("idempotency-key-reused")
        return answer(attempt_view(call, before), 202)
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
    call = await _own_call(visit)
    target = None if ask.target is None else TargetCode(ask.target)
    return await _taken(visit, "cancel", events.CancelRequested(call.call_id, visit.now, visit.who.agent_id, target))


async def stay(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Stay when the target joins: the transfer becomes a three-party call."""
    call = await _own_call(visit)
    return await _taken(visit, "stay", events.StayRequested(call.call_id, visit.now, visit.who.agent_id))


async def leave(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Leave the call to the others; refused while the caller would be alone."""
    call = await _own_call(visit)
    return await _taken(visit, "leave", events.LeaveRequested(call.call_id, visit.now, visit.who.agent_id))


async def decide_owner(visit: Visit, ask: OwnerAsk) -> web.Response:
    """Accept or refuse the matter for this platform."""
    call = await _own_call(visit)
    accept = ask.decision == "accept"
    return await _taken(visit, "owner", events.OwnerDecided(call.call_id, visit.now, visit.who.agent_id, accept), 200)


async def raise_danger(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Danger to life: 110 is rung beside anything else. No allowance and no consent stands before it.

    A supervisor may raise it on any call of his platform.
    """
    call = await _seen_call(visit)
    return await _taken(visit, "danger", events.DangerRaised(call.call_id, visit.now, visit.who.agent_id))


async def record_consent(visit: Visit, ask: ConsentAsk) -> web.Response:
    """The caller's answer, when the handover was begun by a phone key."""
    call = await _own_call(visit)
    return await _taken(
        visit,
        "consent",
        events.ConsentRecorded(call.call_id, visit.now, visit.who.agent_id, Consent(ask.consent)),
        200,
    )


async def write_note(visit: Visit, ask: NoteAsk) -> web.Response:
    """Keep the note and answer with the classifier's suggestion for it."""
    call = await _own_call(visit)
    await _submit(visit, "note", events.NoteWritten(call.call_id, visit.now, visit.who.agent_id, ask.text))
    try:
        async with asyncio.timeout(SUGGEST_LIMIT_S):
            suggestion = await visit.deps.suggest(ask.text)
    except TimeoutError:
        log.warning("suggestion too slow", call_id=call.call_id, limit_s=SUGGEST_LIMIT_S)
        suggestion = None
    return answer(NoteView(suggestion=None if suggestion is None else SuggestionView.model_validate(suggestion)))


# ---- which call, and may this agent


async def _call(visit: Visit) -> Call:
    call_id = visit.part("call_id")
    call = await visit.deps.facts.call(CallId(call_id)) if ULID.fullmatch(call_id) else None
    if call is None:
        raise Problem("call-not-found")
    return call


async def _seen_call(visit: Visit) -> Call:
    call = await _call(visit)
    if not may_see(call, visit.who):
        raise Problem("not-your-call")
    return call


async def _own_call(visit: Visit) -> Call:
    call = await _call(visit)
    if not is_agents_own(call, visit.who.agent_id):
        raise Problem("not-your-call")
    return call


# ---- through the controller's door


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
        after = await _submit(visit, "handover", event)
    except Problem:
        allowance.refund(seat)
        raise
    attempt = after.attempt(event.attempt_id)
    if attempt is None:  # another key was quicker
        raise Problem("handover-in-progress")
    return attempt


async def _submit(visit: Visit, verb: str, event: events.DeskEvent) -> Call:
    key = f"desk:{verb}:{event.call_id}:{_request_id(visit, verb)}"
    submitted = await visit.deps.controller.submit(event, key=key)
    if submitted.refused is not None:
        raise Problem(submitted.refused)
    if submitted.call is None:
        raise Problem("call-not-found")
    return submitted.call


async def _taken(visit: Visit, verb: str, event: events.DeskEvent, status: int = 202) -> web.Response:
    return answer(call_view(await _submit(visit, verb, event), visit.who), status)


def _request_id(visit: Visit, verb: str) -> str:
    """Sixteen of a ULID's letters: the same for the same Idempotency-Key of this agent, call and verb."""
    sent = visit.request.headers.get("Idempotency-Key")
    if sent is not None and not _IDEMPOTENCY_KEY.fullmatch(sent):
        raise Problem("idempotency-key-wrong")
    key = sent if sent is not None else visit.request.setdefault("request_key", secrets.token_hex(16))
    text = "\x00".join((visit.who.agent_id, visit.part("call_id"), verb, key))
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().translate(_TO_CROCKFORD)


_READ = ("call-not-found", "not-your-call")
_ACT = (*_READ, "call-ended", "not-possible-now", "idempotency-key-wrong", "facts-away")
_CALL = "/api/v1/calls/{call_id}"
ROUTES = (
    Route(
        "GET",
        "/api/v1/calls",
        list_calls,
        "The live calls that the asker may see: an agent his own, a supervisor all.",
        roles=READERS,
        answers={200: CallList},
    ),
    Route("GET", _CALL, show_call, "One call.", roles=READERS, answers={200: CallView}, refuses=_READ),
    Route(
        "GET",
        f"{_CALL}/timeline",
        show_timeline,
        "What happened to the call, oldest first.",
        roles=READERS,
        answers={200: TimelineView},
        refuses=_READ,
    ),
    Route(
        "POST",
        f"{_CALL}/handover",
        hand_over,
        "The one key: bring a target of the directory to the caller, with the caller's own number.",
        roles=CALL_WORKERS,
        asks=HandoverAsk,
        answers={202: AttemptView},
        refuses=(
            *_ACT,
            "handover-in-progress",
            "consent-missing",
            "consent-declined",
            "target-unreachable",
            "unknown-target",
            "idempotency-key-reused",
            "number-not-yours-to-choose",
            "too-many-handovers",
        ),
        headers=("Idempotency-Key",),
    ),
    *(
        Route(
            "POST",
            f"{_CALL}/{path}",
            handler,
            says,
            roles=CALL_WORKERS,
            asks=asks,
            answers={status: answers},
            refuses=(*_ACT, *refuses),
            headers=("Idempotency-Key",),
        )
        for path, handler, says, asks, status, answers, refuses in (
            ("handover/cancel", cancel, "Stop an attempt.", CancelAsk, 202, CallView, ("nothing-to-cancel",)),
            ("handover/stay", stay, "Stay in when the target joins.", NothingAsk, 202, CallView, ()),
            ("leave", leave, "Leave the others.", NothingAsk, 202, CallView, ("caller-would-be-alone",)),
            ("owner", decide_owner, "Accept or refuse the matter.", OwnerAsk, 200, CallView, ()),
            ("danger", raise_danger, "Danger to life: 110 at once.", NothingAsk, 202, CallView, ()),
            ("consent", record_consent, "Consent asked afterwards.", ConsentAsk, 200, CallView, ()),
            ("note", write_note, "Keep the note; answers with the suggestion.", NoteAsk, 200, NoteView, ()),
        )
    ),
)
