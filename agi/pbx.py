"""The `Pbx` port on a real Asterisk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agi.actions import action_of, call_back_action, listen_action, phone_lost_action
from agi.link import AmiLink
from agi.uui import UuiSigner
from agi.wire import AmiMessage, UnsendableValue
from callflow.domain.calls import Call
from callflow.domain.commands import InviteTarget, Order, ReportDanger
from callflow.domain.names import AgentId, CallId, ChannelName, SiteId, TargetCode
from callflow.service.call_backs import CallBackCall
from callflow.service.ports import AsteriskRefused, LiveChannel
from callflow.sitefile import Site

DANGER_TARGET = TargetCode("110")
"""Who is rung for danger (requirement R-008)."""

LIST_LIMIT_S = 10.0
"""For a list of every channel: about 1 kB a channel, a few hundred channels."""


class AmiPbx:
    """Carries out orders by the dialplan's entries, over the guarded link. Keeps `service.ports.Pbx`."""

    def __init__(self, link: AmiLink, site: Site, signer: UuiSigner, clock: Callable[[], float]) -> None:
        self._link = link
        self._site = site
        self._signer = signer
        self._clock = clock

    async def carry_out(self, order: Order, call: Call) -> None:
        """Start one order through its dialplan entry. Returns when Asterisk has queued it, not when it is done.

        Repeatable: the entry checks what is already so, and a leg that still rings is not rung twice.

        Raises:
            AsteriskRefused: Asterisk said no, or the order may not be sent (`agi.actions.OrderUnsendable`).
            LinkDown: not connected or no answer; the order may have been carried out.
        """
        try:
            await self._link.send(action_of(order, call, self._uui(order, call)))
        except UnsendableValue as error:
            raise AsteriskRefused(f"not sent: {error}") from error

    async def call_back(self, wanted: CallBackCall) -> None:
        """Ring the agent, then the citizen. Returns when Asterisk has queued it. Repeatable: a call's id is taken once.

        Raises:
            AsteriskRefused: Asterisk said no, or the order may not be sent.
            LinkDown: not connected or no answer.
        """
        try:
            await self._link.send(call_back_action(wanted))
        except UnsendableValue as error:
            raise AsteriskRefused(f"not sent: {error}") from error

    async def phone_lost(self, call: Call) -> None:
        """End our agent's leg: the page that was his phone is gone. Repeatable: a leg that is gone is left alone.

        Raises:
            AsteriskRefused: Asterisk said no, or the order may not be sent.
            LinkDown: not connected or no answer.
        """
        try:
            await self._link.send(phone_lost_action(call))
        except UnsendableValue as error:
            raise AsteriskRefused(f"not sent: {error}") from error

    async def listen_in(self, call: Call, listener: AgentId, listen_id: str) -> None:
        """Ring a supervisor's phone; when he answers he hears the call, unheard. Repeatable: an id is taken once.

        Raises:
            AsteriskRefused: Asterisk said no, or the order may not be sent.
            LinkDown: not connected or no answer.
        """
        try:
            await self._link.send(listen_action(call, listener, listen_id))
        except UnsendableValue as error:
            raise AsteriskRefused(f"not sent: {error}") from error

    async def live_channels(self) -> Sequence[LiveChannel]:
        """Every channel now, with the call it belongs to. Raises LinkDown and AsteriskRefused.

        One `Status` with variables: it needs class `reporting` only, and one round trip however many
        channels there are.
        """
        found = await self._link.collect({"Action": "Status", "Variables": "CALL_ID,CALLERCHAN"}, limit_s=LIST_LIMIT_S)
        return [_live_channel(item) for item in found if item.name == "Status"]

    def _uui(self, order: Order, call: Call) -> str:
        """Sign the incident for a leg that goes to a peer; "" for a carrier's line, which must not see it."""
        if isinstance(order, InviteTarget):
            target = self._site.target_of(order.target)
        elif isinstance(order, ReportDanger):
            target = self._site.target_of(DANGER_TARGET)
        else:
            return ""
        peer = self._site.peer_of(target.via) if target is not None else None
        if peer is None:
            return ""
        try:
            return self._signer.sign(
                call.incident_id, call.caller.hop + 1, call.caller.verified, SiteId(peer.id), self._clock()
            )
        except (KeyError, ValueError) as error:
            raise AsteriskRefused(
                f"the incident cannot be signed for {peer.id}: {error}; is its key in keys_dir?"
            ) from error


def _live_channel(item: AmiMessage) -> LiveChannel:
    variables = item.variables()
    name, call_id = ChannelName(item.first("Channel")), variables.get("CALL_ID", "")
    return LiveChannel(
        name=name,
        call_id=CallId(call_id) if call_id else None,
        is_caller=variables.get("CALLERCHAN") == name,
        bridge_id=item.first("BridgeID") or None,
        state=item.first("ChannelStateDesc"),
        uniqueid=item.first("Uniqueid"),
    )
