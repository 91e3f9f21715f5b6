"""The pack of evidence on nuisance by the number of a call, for the police (R-098)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.web.calls import CALL_PATH, CALL_REFUSED, seen_call
from callflow.web.errors import Problem
from callflow.web.routes import Role, Route, Visit, answer
from callflow.web.schemas import NothingAsk, View

if TYPE_CHECKING:
    from aiohttp import web

SUPERVISORS = frozenset({Role.SUPERVISOR})


class EvidenceView(View):
    """A compact JWS of this site: the number, marks, calls, digests of recordings and the audit rows of all of it.

    To hand over: this text, the recordings as GET /recordings/{recording_id} gives them, the public key.
    """

    pack: str


async def make_pack(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Made and audited in one; each time a pack of its own."""
    call = await seen_call(visit)
    books = visit.deps.evidence
    pack = None if books is None else await books.pack(call.call_id, by=visit.who.agent_id, at=visit.now)
    if pack is None:
        raise Problem("not-marked")
    return answer(EvidenceView(pack=pack))


ROUTES = (
    Route(
        "POST",
        f"{CALL_PATH}/evidence",
        make_pack,
        "Signed evidence on nuisance by this call's number, for the police; audited.",
        roles=SUPERVISORS,
        asks=NothingAsk,
        answers={200: EvidenceView},
        refuses=(*CALL_REFUSED, "not-marked"),
    ),
)
