"""What two platforms do with their matters, told so that every kind of message crosses; either may play either part.

A scene writes at one platform, waits until the other one has heard of it, and goes on there. How it is carried, and
what goes wrong on the way, is not the scene's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ulid import ULID

from callflow.domain import commands as c
from callflow.domain import tickets as t
from callflow.domain.calls import Call, Caller, Ownership
from callflow.domain.limits import Level, Matter
from callflow.domain.names import (
    AttemptId,
    CallId,
    Channel,
    ChannelName,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    Presentation,
    SiteId,
    TicketId,
    Verified,
)
from callflow.domain.ticket_rules import Judgement
from callflow.service.ticket_ports import Given, NewMatter

Side = Any
"""A platform with `id`, `site`, `facts`, `lives`, `tickets` and `now`."""
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
UNIT = "510104000001"


def a_call(site: SiteId, at: float, number: str = "19900001111", **changes: Any) -> Call:
    """A citizen who talks with an agent of this platform."""
    channel = ChannelName("PJSIP/carrier-00000001")
    call: dict[str, Any] = {
        "call_id": CallId(str(ULID())),
        "incident_id": IncidentId(str(ULID.from_timestamp(at))),
        "site": site,
        "phase": Phase.TALKING,
        "phase_since": at,
        "arrived_at": at,
        "caller": Caller(channel, number, Presentation.ALLOWED, Verified.NETWORK, None, str(site), 0),
        "ownership": Ownership(site, site),
    }
    return Call(**call | changes)


async def write(side: Side, call: Call | None, *records: c.Record, key: str | None = None) -> None:
    await side.facts.commit(call, records, (), event_key=key, journal_offset=None, at=side.now)


async def step(
    side: Side, ticket_id: TicketId, *happenings: t.Happening, text: str = "", to: SiteId | None = None
) -> None:
    """One step of a ticket; `to` gives the matter to the other platform beside it."""
    key = ":".join(type(one).__name__ for one in happenings)
    given = None if to is None else Given(to, text)
    lived = await side.lives.live_on(ticket_id, *happenings, key=key, at=side.now, text=text, given=given)
    assert lived is not None
    assert lived.refused is None, (ticket_id, key, lived.refused)


async def ticket_there(side: Side, incident_id: IncidentId, until: Until, **columns: Any) -> TicketId:
    """This platform's ticket of the incident, when it has one with these columns."""

    async def is_there() -> bool:
        ticket = await side.tickets.ticket_of(incident_id)
        return ticket is not None and all(getattr(ticket, name) == value for name, value in columns.items())

    await until(is_there)
    found: TicketId = (await side.tickets.ticket_of(incident_id)).ticket_id
    return found


async def one_key(here: Side, there: Side, until: Until, *, number: str = "19900001111") -> IncidentId:
    """The key is pressed, both agree, both write notes, and he who took it brings it to its end."""
    call = a_call(here.id, here.now, number, note="楼上有人打架")
    attempt = AttemptId(str(ULID()))
    about = (call.call_id, call.incident_id, there.id)
    await write(
        here,
        call,
        c.OpenTicket(call.call_id, call.incident_id),
        c.SendHandover(*about, attempt, Kind.ONE_KEY, danger=False),
        key=f"press:{attempt}",
    )
    await write(here, call, c.SendOutcome(*about, attempt, Outcome.JOINED))
    his = await ticket_there(there, call.incident_id, until)
    arrived = a_call(there.id, there.now, number, incident_id=call.incident_id)
    back = (arrived.call_id, call.incident_id, here.id)
    await write(there, arrived, c.SendOwnerDecision(*back, accept=True))
    settled = (there.id, "agreed")
    await write(
        here, call, c.SettleOwner(call.call_id, call.incident_id, *settled), c.SendOwnerSettled(*about, *settled)
    )
    call = replace(call, note="楼上有人打架，有人持刀")
    await write(here, call, c.SendNote(*about))
    await write(there, replace(arrived, note="已派警"), c.SendNote(*back))
    await write(here, replace(call, danger=True), c.SendDanger(*about))
    await ticket_there(there, call.incident_id, until, danger=True)
    for happening, text in (
        (t.Signed(there.now, "9001"), ""),
        (t.Responded(there.now, "9001"), "民警已到现场"),
        (t.FedBack(there.now, "9001", result="已出警", told_by="phone"), "已出警，双方和解"),
    ):
        await step(there, his, happening, text=text)
    await write(here, replace(call, phase=Phase.ENDED, ended_at=here.now, end_cause=16))
    return call.incident_id


async def busy(here: Side, there: Side, until: Until) -> IncidentId:
    """The key is pressed and nobody comes; the ticket goes across all the same."""
    call = a_call(here.id, here.now)
    attempt = AttemptId(str(ULID()))
    about = (call.call_id, call.incident_id, there.id)
    await write(here, call, c.SendHandover(*about, attempt, Kind.ONE_KEY, danger=False))
    await write(here, call, c.SendOutcome(*about, attempt, Outcome.BUSY))
    await ticket_there(there, call.incident_id, until, phone_mark="not_connected")
    return call.incident_id


async def given_across(here: Side, there: Side, until: Until, *, comes_back: bool = False) -> IncidentId:
    """A matter from the web goes to the other platform, which deals with it, or gives it back, and it is disputed."""
    matter = NewMatter(
        Channel.WEB,
        Judgement(Level.THREE, Matter.COMPLAINT, "公共设施类"),
        "510104",
        number="19900001112",
        location="锦江区红星路一段",
        summary="路灯不亮",
    )
    mine = await here.lives.open(matter, key=f"web:{ULID()}", at=here.now)
    incident_id: IncidentId = (await here.tickets.ticket(mine)).incident_id
    owing = t.Entrusted(here.now, "8001", peer=there.id, owes=True)
    unit = t.Dispatched(here.now, "8001", unit=there.id)
    await step(here, mine, owing, unit, text="涉及治安", to=there.id)
    his = await ticket_there(there, incident_id, until)
    await step(there, his, t.Signed(there.now, "9002"))
    if comes_back:
        await step(there, his, t.Returned(there.now, "9002", reason="不归公安"), text="不归公安")
        await ticket_there(here, incident_id, until, peer_state="returned")
        await step(here, mine, t.Disputed(here.now, "8001", reason="职责交叉"), text="职责交叉")
        await step(here, mine, t.Settled(here.now, "8009", unit=UNIT, binds=False), text="会商决定")
        return incident_id
    await step(there, his, t.FedBack(there.now, "9002", result="已处理"), text="已处理")
    await step(there, his, t.CitizenTold(there.now, "9002", channel="phone"))
    await step(there, his, t.CalledBack(there.now, "9002", satisfied=True))
    await ticket_there(here, incident_id, until, peer_state="called_back")
    await step(here, mine, t.Closed(here.now, "8001"))
    return incident_id


async def escalated_and_merged(here: Side, there: Side, until: Until) -> IncidentId:
    """A field unit calls the police to its matter; a second ticket of the same is merged into it."""
    matter = NewMatter(Channel.APP, Judgement(Level.TWO, Matter.HELP), "510104", summary="讨薪聚集")
    mine = await here.lives.open(matter, key=f"app:{ULID()}", at=here.now)
    double = await here.lives.open(matter, key=f"app:{ULID()}", at=here.now)
    incident_id: IncidentId = (await here.tickets.ticket(mine)).incident_id
    for ticket_id in (mine, double):
        danger = t.Escalated(here.now, "8001", reason="有人持械")
        await step(here, ticket_id, danger, t.Entrusted(here.now, "8001", peer=there.id, owes=True), to=there.id)
    await step(here, double, t.Merged(here.now, "8001", into=mine))
    his = await ticket_there(there, incident_id, until, danger=True)
    level = t.Relevelled(there.now, "9001", Level.ONE, Matter.REPORT, None)
    await step(there, his, level)
    return incident_id


SCENES = (one_key, busy, given_across, escalated_and_merged)
