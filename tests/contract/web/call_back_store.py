"""The call-back list in memory, and a PBX that notes whom it was to call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from callflow.service.ports import LinkDown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callflow.domain.names import AgentId, CallId
    from callflow.service.call_backs import CallBack, CallBackCall


@dataclass
class MemoryCallBacks:
    """Both ports of `call_backs.CallBacks`. `is_down`: the link to Asterisk is cut."""

    listed: dict[CallId, CallBack] = field(default_factory=dict)
    finished: dict[CallId, str] = field(default_factory=dict)
    made: list[CallBackCall] = field(default_factory=list)
    is_down: bool = False

    async def waiting(self) -> Sequence[CallBack]:
        return [one for one in self.listed.values() if one.call_id not in self.finished]

    async def claim(self, call_id: CallId, agent_id: AgentId, *, at: float, free_before: float) -> CallBack | None:
        one = self.listed.get(call_id)
        if one is None or call_id in self.finished:
            return None
        if one.claimed_at is not None and one.claimed_at >= free_before and one.claimed_by != agent_id:
            return None
        self.listed[call_id] = replace(one, claimed_by=agent_id, claimed_at=at)
        return self.listed[call_id]

    async def unclaim(self, call_id: CallId) -> None:
        self.listed[call_id] = replace(self.listed[call_id], claimed_by=None, claimed_at=None)

    async def done(self, call_id: CallId, agent_id: AgentId, outcome: str, at: float) -> bool:  # noqa: ARG002 - the port's shape
        is_there = call_id in self.listed and call_id not in self.finished
        self.finished[call_id] = outcome
        return is_there

    async def is_listed(self, call_id: CallId) -> bool:
        return call_id in self.listed

    async def call_back(self, wanted: CallBackCall) -> None:
        if self.is_down:
            raise LinkDown("the link is down, for this test")
        self.made.append(wanted)
