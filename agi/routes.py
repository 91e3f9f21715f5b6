"""The two FastAGI jobs (asterisk-config/README.md, "FastAGI"). Each has a default in the dialplan.

A job that cannot answer answers nothing and says why in the log: silence is the contract's word for "use
the default".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from agi.fastagi import AgiSession, Job
from agi.translate import VERIFIED_OF_MARK
from agi.uui import Uui
from callflow.domain.calls import Call
from callflow.domain.names import CallId, IncidentId, Phase, SiteId, Verified
from callflow.service.ports import FactsAway
from callflow.sitefile import Site

log = structlog.get_logger(__name__)

PRIORITY_MOST = 10

PRIORITY_LIMIT_S = 0.3
"""The dialplan waits one second for the whole job."""

REJOIN_LIMIT_S = 0.3
"""As for the priority."""

REJOIN_LOOK_S = 0.02
""""Joined" stands in the journal before the peer can bring him back, but perhaps not in the database yet."""

_CHANNEL = re.compile(r"[0-9A-Za-z/._@;:+*#-]{1,120}")
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_SHAPES = {
    "call_id": _ULID,
    "channel": _CHANNEL,
    "via": re.compile(r"[0-9A-Za-z]{2,16}"),
    "dialled": re.compile(r"[0-9A-Za-z]{2,16}"),
    "number": re.compile(r"[0-9+*#]{0,24}"),
    "uui": re.compile(r"[0-9a-f]{0,256}"),
    "incident": _ULID,
    "target": re.compile(r"[0-9A-Za-z]{2,16}"),
    "mark": re.compile(r"[a-z]{0,8}"),
    "hop": re.compile(r"[0-9]"),
}


class Priorities(Protocol):
    """How urgent a caller is before anybody has spoken with him."""

    async def priority(self, *, number: str, via: str) -> int:
        """Return 0 (ordinary) to 10 (first). `number` may be ""."""


class Calls(Protocol):
    """The calls of this site; `callflow.service.ports.Facts` keeps this promise."""

    async def call(self, call_id: CallId) -> Call | None:
        """The call as last committed, or None."""

    async def calls_of_incident(self, incident_id: IncidentId) -> Sequence[Call]:
        """This site's calls of one incident, oldest first."""


class Routes:
    """Both jobs of one site. `clock` gives epoch seconds."""

    def __init__(
        self,
        site: Site,
        *,
        uui: Uui,
        calls: Calls,
        priorities: Priorities,
        clock: Callable[[], float],
    ) -> None:
        self._site = site
        self._uui = uui
        self._calls = calls
        self._priorities = priorities
        self._clock = clock

    def jobs(self) -> dict[str, Job]:
        """The jobs by the name that the dialplan asks for."""
        return {"intake": self.intake, "target": self.target}

    async def intake(self, session: AgiSession) -> None:
        """Say which incident a new caller belongs to, how often it was handed on, and how urgent he is.

        A signed incident id of the trunk's own peer is kept, else the one that the dialplan made. `R_UUI` is made in
        advance for the first peer, so that a phone key works when this program is gone by then. `R_REJOIN` names the
        leg of a caller whom that peer brings back while he is still here, bridged with it: his call goes on.
        """
        found = _arguments(session, "call_id", "channel", "via", "dialled", "number", "uui", "incident", "mark", "hop")
        if found is None:
            return
        via, channel = found["via"], found["channel"]
        signed = self._uui.verify(found["uui"], self._clock()) if found["uui"] and self._site.peer_of(via) else None
        if signed is not None and signed.from_site == via:
            incident_id, hop = signed.incident_id, signed.hop
            home = await self._still_here(incident_id, via)
        else:
            incident_id, hop, home = IncidentId(found["incident"]), int(found["hop"]), ""
        mark = VERIFIED_OF_MARK.get(found["mark"], Verified.NONE)
        if signed is not None and signed.mark is Verified.CLAIMED and mark is Verified.NETWORK:
            mark = Verified.CLAIMED
        await session.set_variables(
            {
                f"SHARED(R_INCIDENT,{channel})": incident_id,
                f"SHARED(R_HOP,{channel})": str(hop),
                f"SHARED(R_REJOIN,{channel})": home,
                f"SHARED(R_UUI,{channel})": self._onward(incident_id, hop + 1, mark),
                f"SHARED(R_PRIORITY,{channel})": str(await self._priority(found["number"], via)),
            }
        )

    async def target(self, session: AgiSession) -> None:
        """Sign the incident id for a target's leg; say nothing when it may not go there."""
        found = _arguments(session, "call_id", "channel", "incident", "target")
        if found is None:
            return
        target = self._site.target_of(found["target"])
        call = await self._calls.call(CallId(found["call_id"]))
        if target is None or call is None:
            log.warning(
                "target route unknown",
                call_id=found["call_id"],
                target=found["target"],
                has_call=call is not None,
            )
            return
        uui, peer, hop = "", self._site.peer_of(target.via), call.caller.hop + 1
        if peer is not None:
            if hop >= peer.max_hops:
                log.warning("handed on too often", call_id=call.call_id, hop=hop, max_hops=peer.max_hops)
                return
            uui = self._uui.sign(call.incident_id, hop, call.caller.verified, SiteId(peer.id), self._clock())
        channel = found["channel"]
        await session.set_variables({f"SHARED(T_UUI,{channel})": uui})

    async def _still_here(self, incident_id: IncidentId, peer: str) -> str:
        """The leg of the caller whom this peer has from us and who is still bridged with it; "" when there is none.

        Silence when it cannot be read in time: he then arrives as a second call, and nobody is lost.
        """
        codes = {target.code for target in self._site.directory if target.via == peer}
        try:
            async with asyncio.timeout(REJOIN_LIMIT_S):
                while True:
                    calls = [c for c in await self._calls.calls_of_incident(incident_id) if not c.is_over]
                    attempts = [(c, a) for c in calls for a in c.attempts if a.target in codes]
                    here = [c for c, a in attempts if a.is_joined]
                    if here or not any(a.is_ringing and not a.private for _, a in attempts):
                        break
                    await asyncio.sleep(REJOIN_LOOK_S)
        except (FactsAway, TimeoutError) as error:
            log.warning("not known whether he is still here", why=repr(error))
            return ""
        return here[0].caller.channel if here and here[0].phase is not Phase.AGENTS_ONLY else ""

    async def _priority(self, number: str, via: str) -> int:
        """0 when nobody can say it in time: he waits like everybody, but he is not lost."""
        try:
            async with asyncio.timeout(PRIORITY_LIMIT_S):
                wish = await self._priorities.priority(number=number, via=via)
        except TimeoutError:
            log.warning("no priority in time", limit_s=PRIORITY_LIMIT_S)
            return 0
        return min(max(wish, 0), PRIORITY_MOST)

    def _onward(self, incident_id: IncidentId, hop: int, mark: Verified) -> str:
        """Sign for the other platform, the first peer of the site file; "" when he may not be sent on."""
        peer = self._site.peer[0] if self._site.peer else None
        if peer is None or hop >= peer.max_hops:
            return ""
        return self._uui.sign(incident_id, hop, mark, SiteId(peer.id), self._clock())


def _arguments(session: AgiSession, *names: str) -> Mapping[str, str] | None:
    """Name the request's arguments; None, and a line in the log, when they are not what the contract says."""
    values = session.request.arguments
    if len(values) != len(names):
        log.warning("FastAGI job refused", job=session.request.job, why=f"{len(values)} arguments, not {len(names)}")
        return None
    for name, value in zip(names, values, strict=True):
        if not _SHAPES[name].fullmatch(value):
            log.warning("FastAGI job refused", job=session.request.job, why=f"argument {name} has a wrong form")
            return None
    return dict(zip(names, values, strict=True))
