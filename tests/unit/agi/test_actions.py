"""Orders in, AMI actions out: the contract's "Entries"."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.actions import OrderUnsendable, action_of, phone_lost_action
from agi.wire import check_sendable
from callflow.domain import commands
from callflow.domain.calls import Agent, Attempt, Call, Caller, Ownership
from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    IncidentId,
    Kind,
    Phase,
    Presentation,
    SiteId,
    TargetCode,
    Verified,
    Way,
)

CALLER = "PJSIP/carrier-0000001a"
CALL_ID = CallId("01K00000000000000000000001")
ATTEMPT_ID = AttemptId("01K00000000000000000000003")
INVITE = commands.InviteTarget(CALL_ID, ATTEMPT_ID, TargetCode("110"), Kind.ONE_KEY, danger=False)
DANGER = commands.ReportDanger(CALL_ID, ATTEMPT_ID)
HOSTILE = ["a,b", "a\r\nb", "${SHELL(id)}", "a&b", "a|b", "`id`", "a b", "", "x" * 200, "a\0b", "一一〇"]


def call_of(channel: str = CALLER) -> Call:
    caller = Caller(ChannelName(channel), "13800138000", Presentation.ALLOWED, Verified.NETWORK, None, "12345", 0)
    attempt = Attempt(ATTEMPT_ID, TargetCode("110"), Kind.ONE_KEY, Way.DESK, Consent.AGREED, started_at=1.0)
    here = SiteId("12345")
    return Call(
        CALL_ID, IncidentId("01K00000000000000000000002"), here, Phase.TALKING, 1.0, 1.0, caller, Ownership(here, here),
        attempts=(attempt,),
    )  # fmt: skip


def test_a_lost_phone_ends_the_agents_leg_and_no_other() -> None:
    leg = ChannelName("PJSIP/8004-0000001b")

    action = phone_lost_action(replace(call_of(), agent=Agent(AgentId("8004"), leg)))

    assert (action["Channel"], action["Variable"]) == ("Local/s@phone-lost/n", [f"LOSTCHAN={leg}"])


@pytest.mark.parametrize("channel", HOSTILE)
def test_a_lost_phone_with_a_hostile_channel_name_sends_nothing(channel: str) -> None:
    with pytest.raises(OrderUnsendable):
        phone_lost_action(replace(call_of(), agent=Agent(AgentId("8004"), ChannelName(channel))))
    with pytest.raises(OrderUnsendable):
        phone_lost_action(call_of())


def test_an_invitation_is_the_contracts_action_word_for_word() -> None:
    assert action_of(INVITE, call_of(), "ab" * 40) == {
        "Action": "Originate",
        "Channel": "Local/110@invite/n",
        "Context": "trigger",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": "30000",
        "ChannelId": f"{ATTEMPT_ID}.1",
        "OtherChannelId": f"{ATTEMPT_ID}.2",
        "Variable": [
            f"__CALLERCHAN={CALLER}",
            f"GROUP(pending)={CALLER}",
            f"__ATTEMPT={ATTEMPT_ID}",
            "__KIND=one_key",
            "__WAY=desk",
            f"__UUI={'ab' * 40}",
        ],
    }


@pytest.mark.parametrize(
    ("order", "channel"),
    [
        (INVITE, "Local/110@invite/n"),
        (DANGER, "Local/s@danger/n"),
        (commands.CancelAttempt(CALL_ID, ATTEMPT_ID, TargetCode("110")), "Local/110@cancel/n"),
        (commands.FetchCaller(CALL_ID), "Local/s@fetch/n"),
        (commands.KeepAgent(CALL_ID), "Local/s@stay/n"),
        (commands.ReleaseAgent(CALL_ID), "Local/s@release/n"),
        (commands.RecallAgent(CALL_ID), "Local/s@recall/n"),
    ],
)
def test_every_order_to_asterisk_runs_its_own_entry_and_may_always_be_sent(order: commands.Order, channel: str) -> None:
    action = action_of(order, call_of())

    check_sendable(action)
    assert action["Channel"] == channel
    assert ("ChannelId" in action) == isinstance(order, commands.InviteTarget | commands.ReportDanger)


@pytest.mark.parametrize(
    "order",
    [
        DANGER,
        commands.CancelAttempt(CALL_ID, ATTEMPT_ID, TargetCode("110")),
        commands.ReleaseAgent(CALL_ID, by_agent=True),
    ],
)
def test_our_agent_is_named_too_in_case_the_caller_is_gone_when_it_arrives(order: commands.Order) -> None:
    agents_leg = ChannelName("PJSIP/8001-0000001b")

    said = action_of(order, replace(call_of(), agent=Agent(AgentId("8001"), agents_leg)))["Variable"]

    assert {f"__CALLERCHAN={CALLER}", f"AGENTCHAN={agents_leg}"} <= set(said)
    assert not any(line.startswith("AGENTCHAN=") for line in action_of(order, call_of())["Variable"])


@pytest.mark.parametrize("private", [True, False])
def test_a_private_consult_says_so(*, private: bool) -> None:
    order = commands.InviteTarget(CALL_ID, ATTEMPT_ID, TargetCode("110"), Kind.ONE_KEY, danger=False, private=private)

    assert ("__PRIVATE=1" in action_of(order, call_of())["Variable"]) is private


def test_only_an_attempt_counts_as_pending() -> None:
    variables = action_of(commands.KeepAgent(CALL_ID), call_of())["Variable"]

    assert variables == [f"__CALLERCHAN={CALLER}"]


@pytest.mark.parametrize(
    "order", [commands.PopScreen(CALL_ID, AgentId("8001")), commands.TellAgent(CALL_ID, AgentId("8001"), "x")]
)
def test_an_order_to_a_desk_is_none_of_asterisks(order: commands.Order) -> None:
    with pytest.raises(OrderUnsendable, match="not an order to Asterisk"):
        action_of(order, call_of())


@pytest.mark.covers("T-05", "T-06", "T-10")
@pytest.mark.parametrize("poison", HOSTILE)
def test_no_hostile_value_gets_into_an_action(poison: str) -> None:
    hostile = [
        (INVITE, call_of(f"PJSIP/{poison}-00000001" if poison else ""), ""),
        (INVITE, call_of(CALLER + poison if poison else "x"), ""),
        (replace(INVITE, target=TargetCode(poison)), call_of(), ""),
        (replace(INVITE, attempt_id=AttemptId(poison)), call_of(), ""),
        (INVITE, call_of(), poison or "zz"),
    ]

    for order, call, uui in hostile:
        with pytest.raises(OrderUnsendable) as refused:
            action_of(order, call, uui)
        assert not poison or poison not in str(refused.value)


@pytest.mark.covers("T-05")
@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=60))
def test_whatever_a_call_holds_an_action_is_safe_or_refused(channel: str, target: str, uui: str) -> None:
    try:
        action = action_of(replace(INVITE, target=TargetCode(target)), call_of(channel), uui)
    except OrderUnsendable:
        return

    check_sendable(action)


@pytest.mark.parametrize(
    "channel", ["PJSIP/8001-0000001a", "PJSIP/peer-110-claimed-000000ff", "Local/s@agents-00000003;2"]
)
def test_the_names_that_asterisk_gives_its_channels_are_accepted(channel: str) -> None:
    assert action_of(commands.RecallAgent(CALL_ID), call_of(channel))["Variable"] == [f"__CALLERCHAN={channel}"]
