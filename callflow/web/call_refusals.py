"""What the call itself forbids now: the words for each code of `domain.refusals`, with its HTTP status."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a code means. `cure`: what the agent or the client should do now."""

    status: int
    title: str
    detail: str
    detail_zh: str
    cure: str
    cure_zh: str


CALL_REFUSALS: dict[str, Refusal] = {
    "not-your-call": Refusal(
        403,
        "Not your call",
        "The call is with another agent.",
        "该通话由其他坐席受理。",
        "Ask that agent or a supervisor.",
        "请联系受理坐席或班长。",
    ),
    "nothing-to-hear": Refusal(
        409,
        "Nothing to hear",
        "No agent talks with this caller now.",
        "当前没有坐席与来电人通话。",
        "Wait until somebody has answered.",
        "请待坐席接听后再试。",
    ),
    "call-ended": Refusal(
        409,
        "Call ended",
        "The call is over.",
        "通话已结束。",
        "Work on with its ticket.",
        "请在工单中继续处理。",
    ),
    "unknown-target": Refusal(
        422,
        "Unknown target",
        "The directory has no entry with this code.",
        "通讯录中没有该转接目标。",
        "Take a code from GET /api/v1/directory.",
        "请从通讯录中选择目标。",
    ),
    "unknown-contact": Refusal(
        422,
        "Unknown contact",
        "This directory entry has no such duty phone.",
        "该目标没有此联系人。",
        "Take `contact` from GET /api/v1/directory, or leave it out.",
        "请从通讯录中选择联系人。",
    ),
    "not-in-the-talk": Refusal(
        409,
        "Not in the talk",
        "This target is not in the talk; one that still rings is cancelled instead.",
        "该方不在通话中;仍在振铃的请用取消。",
        "See `attempts` of the call for who is in.",
        "请查看当前通话方。",
    ),
    "handover-in-progress": Refusal(
        409,
        "Handover in progress",
        "A target is already being brought to this caller.",
        "正在转接中。",
        "Wait for it or cancel it first.",
        "请等待结果,或先取消。",
    ),
    "returned-already": Refusal(
        409,
        "Returned already",
        "The caller is back with this platform; a matter is returned once at most.",
        "来电人已退回该平台,同一事项最多退回一次。",
        "Leave the call when you are done; the first receiver holds the matter.",
        "请结束参与;由首接平台受理。",
    ),
    "consent-missing": Refusal(
        409,
        "Consent missing",
        "The caller has not been asked whether he agrees to be handed over.",
        "尚未征得来电人同意。",
        "Ask him and send `consent`; with danger to life send not_possible_danger.",
        "请先询问来电人是否同意转接;情况危急时选择“危急无法询问”。",
    ),
    "consent-declined": Refusal(
        409,
        "Consent declined",
        "The caller does not agree to be handed over.",
        "来电人不同意转接。",
        "Keep the call, or open a ticket for the other platform.",
        "请继续受理,或以工单转办。",
    ),
    "target-unreachable": Refusal(
        409,
        "Target unreachable",
        "The line to this target is down.",
        "对方线路不通。",
        "Send a ticket instead, or ring its duty phone.",
        "请改用工单转办,或拨打值班电话。",
    ),
    "nothing-to-cancel": Refusal(
        409,
        "Nothing to cancel",
        "No target is being brought to this caller.",
        "当前没有可取消的转接。",
        "Nothing needs doing.",
        "无需操作。",
    ),
    "would-leave-caller-alone": Refusal(
        409,
        "Caller would be alone",
        "If you left now, nobody would be with the caller.",
        "您离开后来电人将无人应答。",
        "Wait until a third party has joined.",
        "请等待第三方接入后再离开。",
    ),
    "caller-gone": Refusal(
        409,
        "Caller gone",
        "The caller has hung up; only the agents are still talking.",
        "来电人已挂机。",
        "Ring him back from the call-back list, or work on with the ticket.",
        "请回拨来电人,或在工单中继续处理。",
    ),
    "hop-limit": Refusal(
        409,
        "Handed on too often",
        "This incident has been handed back and forth as often as is allowed.",
        "该事件转接次数已达上限。",
        "Keep the call; settle the owner with the other platform.",
        "请继续受理,并与对方平台协商。",
    ),
    "danger-not-cancelled": Refusal(
        409,
        "Danger is not cancelled",
        "110 is being rung because of danger, and that is never stopped.",
        "危急呼叫 110 不可取消。",
        "Stay with the caller until 110 is in.",
        "请陪同来电人直至 110 接入。",
    ),
    "nothing-to-join": Refusal(
        409,
        "Nothing to join",
        "You are not talking privately with a target.",
        "当前没有进行中的私下咨询。",
        "Wait until the target has answered.",
        "请等待对方接听。",
    ),
    "third-party-in": Refusal(
        409,
        "Third party is in",
        "A third party is with the caller, so you cannot be taken aside.",
        "第三方已在通话中,不能私下咨询。",
        "Hand over without `private`, or drop the third party first.",
        "请改为直接邀请,或先请第三方退出。",
    ),
    "nothing-to-keep": Refusal(
        409,
        "Nothing to keep",
        "No transfer is about to release you.",
        "当前没有将使您退出的转接。",
        "Nothing needs doing.",
        "无需操作。",
    ),
    "nothing-to-own": Refusal(
        409,
        "Nothing to own",
        "No other platform is concerned with this call.",
        "该通话未涉及其他平台。",
        "Nothing needs doing.",
        "无需操作。",
    ),
    "owner-settled": Refusal(
        409,
        "Owner settled",
        "It is already settled whose matter this is.",
        "受理平台已确定。",
        "See the owner in the call.",
        "请查看通话中的受理平台。",
    ),
    "consent-known": Refusal(
        409,
        "Consent known",
        "The caller's answer is already recorded.",
        "来电人意见已记录。",
        "Nothing needs doing.",
        "无需操作。",
    ),
}
