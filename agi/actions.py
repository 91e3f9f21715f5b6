"""From an order of the domain to one AMI action: always an Originate of a dialplan entry, nothing else.

The only place that spells the contract's "Entries" (asterisk-config/README.md). Pure; every value is
checked here against a pattern that leaves no room for a comma, a variable or a line's end, whoever it came
from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from callflow.domain.calls import Call
from callflow.domain.commands import (
    CancelAttempt,
    FetchCaller,
    InviteTarget,
    KeepAgent,
    Order,
    RecallAgent,
    ReleaseAgent,
    ReportDanger,
)
from callflow.domain.names import ChannelName, Kind, Verified
from callflow.service.call_backs import CallBackCall
from callflow.service.ports import AsteriskRefused

ORIGINATE_LIMIT_MS = 30_000
"""How long Asterisk lets an entry run unanswered; the ringing inside has its own, shorter limit."""

_CHANNEL = re.compile(r"(PJSIP|Local)/[0-9A-Za-z._@+*#-]{1,64}-[0-9a-f]{8}(;[12])?")
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_CODE = re.compile(r"[0-9A-Za-z]{2,16}")
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_AGENT = re.compile(r"[0-9]{3,6}")
_UUI = re.compile(r"(?:[0-9a-f]{2}){0,64}")


class OrderUnsendable(AsteriskRefused):
    """The order holds a value that may not go to Asterisk, or is none of Asterisk's; nothing was sent."""


_ENTRIES: Mapping[type[Order], str] = {
    InviteTarget: "invite",
    CancelAttempt: "cancel",
    FetchCaller: "fetch",
    KeepAgent: "stay",
    ReleaseAgent: "release",
    RecallAgent: "recall",
    ReportDanger: "danger",
}


def action_of(order: Order, call: Call, uui: str = "") -> dict[str, str | list[str]]:
    """Return the action that starts this order. `uui`: the signed incident id of an attempt's leg, or "".

    Raises:
        OrderUnsendable: a value that may not go to Asterisk, or an order that is none of Asterisk's.
    """
    entry = _ENTRIES.get(type(order))
    if entry is None:
        raise OrderUnsendable(f"{type(order).__name__} has no dialplan entry; it is not an order to Asterisk")
    exten = "s"
    if isinstance(order, InviteTarget | CancelAttempt):
        exten = _checked(_CODE, order.target, "the target")
    if isinstance(order, InviteTarget) and order.contact:
        exten += f"*{int(order.contact)}"
    caller = _checked(_CHANNEL, call.caller.channel, "the caller's channel")
    action: dict[str, str | list[str]] = {
        "Action": "Originate",
        "Channel": f"Local/{exten}@{entry}/n",
        "Context": "trigger",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(ORIGINATE_LIMIT_MS),
    }
    if isinstance(order, InviteTarget | ReportDanger):
        return action | _attempt_headers(order, uui, call)
    variables = [f"__CALLERCHAN={caller}"]
    if isinstance(order, CancelAttempt | ReleaseAgent):
        variables += _agents_channel(call)
    if isinstance(order, ReleaseAgent) and order.by_agent:  # his own wish to leave outweighs an earlier wish to stay
        variables.append("BYAGENT=1")
    return action | {"Variable": variables}


def phone_lost_action(call: Call) -> dict[str, str | list[str]]:
    """Return the action that ends our agent's leg, because the page that was his phone is gone.

    Raises:
        OrderUnsendable: the call has no agent's leg, or a value that may not go to Asterisk.
    """
    return leg_lost_action(call.agent.channel if call.agent is not None else ChannelName(""))


def leg_lost_action(leg: ChannelName) -> dict[str, str | list[str]]:
    """Return the action that ends this leg with cause 41, because nobody is at it any more.

    Raises:
        OrderUnsendable: there is no leg, or a value that may not go to Asterisk.
    """
    lost = _checked(_CHANNEL, leg, "the lost leg's channel")
    return {
        "Action": "Originate",
        "Channel": "Local/s@phone-lost/n",
        "Context": "trigger",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(ORIGINATE_LIMIT_MS),
        "Variable": [f"LOSTCHAN={lost}"],
    }


def listen_action(call: Call, listener: str, listen_id: str) -> dict[str, str | list[str]]:
    """Return the action that rings a supervisor's phone and then lets him hear this call.

    Raises:
        OrderUnsendable: a value that may not go to Asterisk.
    """
    caller = _checked(_CHANNEL, call.caller.channel, "the caller's channel")
    once = _checked(_ULID, listen_id, "the id of listening")
    return {
        "Action": "Originate",
        "Channel": "Local/s@listen/n",
        "Context": "trigger",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(ORIGINATE_LIMIT_MS),
        "ChannelId": f"{once}.1",
        "OtherChannelId": f"{once}.2",
        "Variable": [f"CALLERCHAN={caller}", f"LISTENER={_checked(_AGENT, listener, 'the supervisor')}"],
    }


def call_back_action(wanted: CallBackCall) -> dict[str, str | list[str]]:
    """Return the action that rings an agent and then calls a lost caller back.

    Raises:
        OrderUnsendable: a value that may not go to Asterisk.
    """
    call_id = _checked(_ULID, wanted.call_id, "the new call's id")
    incident_id = _checked(_ULID, wanted.incident_id, "the incident's id")
    return {
        "Action": "Originate",
        "Channel": "Local/s@callback/n",
        "Context": "trigger",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(ORIGINATE_LIMIT_MS),
        "ChannelId": f"{call_id}.1",
        "OtherChannelId": f"{call_id}.2",
        "Variable": [
            f"CALLBACK_TO={_checked(_NUMBER, wanted.number, 'the number')}",
            f"CALLBACK_AGENT={_checked(_AGENT, wanted.agent_id, 'the agent')}",
            f"CALLBACK_DANGER={int(wanted.danger)}",
            f"CALLBACK_WITHHELD={int(wanted.is_withheld)}",
            f"CALLBACK_TRUSTED={int(wanted.verified is Verified.NETWORK)}",
            f"__CALL_ID={call_id}",
            f"__INCIDENT={incident_id}",
        ],
    }


def _attempt_headers(order: InviteTarget | ReportDanger, uui: str, call: Call) -> dict[str, str | list[str]]:
    caller = call.caller.channel
    attempt_id = _checked(_ULID, order.attempt_id, "the attempt's id")
    kind = order.kind if isinstance(order, InviteTarget) else Kind.THREE_PARTY
    variables = [
        f"__CALLERCHAN={caller}",
        f"GROUP(pending)={caller}",
        f"__ATTEMPT={attempt_id}",
        f"__KIND={kind.value}",
        "__WAY=desk",
    ]
    if isinstance(order, InviteTarget) and order.private:
        variables.append("__PRIVATE=1")
    if isinstance(order, ReportDanger):  # where 110 is brought to when the caller is gone
        variables += _agents_channel(call)
    if _checked(_UUI, uui, "the signed incident id"):
        variables.append(f"__UUI={uui}")
    # Asterisk refuses a second channel with the same id: a repeated order cannot ring twice while the first
    # one rings.
    return {"ChannelId": f"{attempt_id}.1", "OtherChannelId": f"{attempt_id}.2", "Variable": variables}


def _agents_channel(call: Call) -> list[str]:
    """Our agent's channel, if there is one: the caller's shared variables go with him, the agents may talk on."""
    if call.agent is None:
        return []
    return [f"AGENTCHAN={_checked(_CHANNEL, call.agent.channel, 'the channel of our agent')}"]


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise OrderUnsendable(f"{what} does not have the form {pattern.pattern}; nothing was sent")
    return value
