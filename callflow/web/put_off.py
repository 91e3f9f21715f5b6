"""A ticket write is taken although the database is away: 202 and a promise, kept by `service.put_off`.

Danger does not wait: who marks it must know at once that nobody was told. It is refused with 503, and the phone's
key *9 rings the police without any database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from callflow.service.ports import FactsAway
from callflow.service.put_off import Wish
from callflow.web.routes import Handler, Visit, answer
from callflow.web.schemas import View

if TYPE_CHECKING:
    from aiohttp import web


class PutOffView(View):
    """The database is away; it is on the disk here and applied once, in order, when the database is back.

    The asker's event stream then says `put_off` with this `key`: applied, or refused with a code.
    """

    code: Literal["kept-until-the-database-is-back"] = "kept-until-the-database-is-back"
    detail_zh: str = "数据库暂不可用，已登记，恢复后自动办理一次。"
    key: str
    waiting: int = Field(description="how many wait, this one included")


def waits_for_the_database(
    what: str, handler: Handler, *, is_urgent: Callable[[Any], bool] = lambda _ask: False
) -> Handler:
    """The handler, whose wish is kept when the database is away or when others wait before it."""

    async def asked(visit: Visit, ask: BaseModel) -> web.StreamResponse:
        if is_urgent(ask):
            return await handler(visit, ask)
        if not visit.deps.put_off.waiting:
            try:
                return await handler(visit, ask)
            except FactsAway:
                pass
        ticket_id = visit.request.match_info.get("ticket_id", "")
        wish = Wish(what, ticket_id, ask.model_dump_json(), visit.who.agent_id, visit.request_key, visit.now)
        await visit.deps.put_off.keep(wish)
        return answer(PutOffView(key=visit.request_key, waiting=visit.deps.put_off.waiting), 202)

    return asked
