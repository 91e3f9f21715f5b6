"""Whom a caller can be handed to, and who works here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.domain.names import AgentId, TargetCode
from callflow.web.house_schemas import ContactView, DirectoryView, RosterEntry, RosterView, TargetView
from callflow.web.routes import STAFF, Role, Route, Visit, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from callflow.domain.calls import Call


async def show_directory(visit: Visit, _ask: None) -> web.Response:
    """The targets, in the order of the site file. What is dialled for them stays inside.

    `reachable` false: a handover there is refused at once (409 target-unreachable).
    """
    return answer(
        DirectoryView(
            targets=[
                TargetView(
                    code=target.code,
                    name_zh=target.name_zh,
                    name_en=target.name_en,
                    sort=target.sort,
                    contacts=[
                        ContactView(
                            contact=nth, name_zh=one.name_zh, name_en=one.name_en, answer_is_human=one.answer_is_human
                        )
                        for nth, one in enumerate(target.contacts, 1)
                    ],
                    reachable=visit.deps.is_reachable(TargetCode(target.code)),
                )
                for target in visit.deps.site.directory
            ]
        )
    )


async def show_roster(visit: Visit, _ask: None) -> web.Response:
    """Every account, whether its desk is open here, and whether it is on a call."""
    return answer(RosterView(agents=roster_of(visit, await visit.deps.facts.live_calls())))


def roster_of(visit: Visit, live: Sequence[Call]) -> list[RosterEntry]:
    """Every account of the site, while these are its live calls."""
    busy = {call.agent.agent_id for call in live if call.agent is not None}
    return [
        RosterEntry(
            agent_id=account.id,
            name_zh=account.name_zh,
            role=Role(account.role),
            organisation=account.organisation or visit.deps.site.platform.id,
            at_desk=visit.memory.streams[AgentId(account.id)] > 0,
            on_call=account.id in busy,
        )
        for account in visit.deps.site.agent
    ]


ROUTES = (
    Route(
        "GET",
        "/api/v1/directory",
        show_directory,
        "Whom a caller can be handed to.",
        roles=STAFF,
        answers={200: DirectoryView},
    ),
    Route(
        "GET",
        "/api/v1/roster",
        show_roster,
        "Who works here, at the desk and on a call.",
        roles=STAFF,
        answers={200: RosterView},
        refuses=("facts-away",),
    ),
)
