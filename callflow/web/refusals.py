"""Every way a request can be refused: a stable code, its HTTP status, and two languages saying cause and cure.

The table is the whole list: a code that is not here cannot leave. Read by `errors` and by `openapi`.
"""

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


REFUSALS: dict[str, Refusal] = {
    # ---- who are you
    "not-signed-in": Refusal(
        401,
        "Not signed in",
        "This needs a session, and there is none or it has ended.",
        "尚未登录,或登录已失效。",
        "Sign in at POST /api/v1/session and send the cookie.",
        "请重新登录。",
    ),
    "sign-in-failed": Refusal(
        401,
        "Sign-in failed",
        "The user or the password is wrong.",
        "账号或密码错误。",
        "Check both; ask the administrator for a new password.",
        "请核对账号和密码,或联系管理员。",
    ),
    "csrf-token-wrong": Refusal(
        403,
        "CSRF token wrong",
        "A write must carry the session's token in X-CSRF-Token, and it was missing or wrong.",
        "缺少或错误的防伪令牌。",
        "Send the `csrf` value from the sign-in answer.",
        "请刷新页面后重试。",
    ),
    "foreign-origin": Refusal(
        403,
        "Foreign origin",
        "The request was made by a page of another site.",
        "请求来自其他网站,已拒绝。",
        "Use the desk's own page.",
        "请使用本平台的坐席页面。",
    ),
    "role-not-allowed": Refusal(
        403,
        "Role not allowed",
        "The account's role may not do this.",
        "当前角色无权执行此操作。",
        "Ask somebody whose role allows it.",
        "请由有权限的人员操作。",
    ),
    "not-your-call": Refusal(
        403,
        "Not your call",
        "The call is with another agent.",
        "该通话由其他坐席受理。",
        "Ask that agent or a supervisor.",
        "请联系受理坐席或班长。",
    ),
    "number-not-yours-to-choose": Refusal(
        403,
        "Number not yours to choose",
        "A request may not name a caller number; only the number of the live caller leg is ever shown.",
        "不得指定主叫号码,系统只呈现来电真实号码。",
        "Leave the number out; the attempt is recorded.",
        "请去掉号码后重试;此次请求已记录。",
    ),
    # ---- what do you mean
    "not-found": Refusal(
        404,
        "Not found",
        "There is nothing at this address.",
        "地址不存在。",
        "See /api/openapi.json for what there is.",
        "请查看 /api/openapi.json。",
    ),
    "call-not-found": Refusal(
        404,
        "Call not found",
        "This platform has no call with this id.",
        "本平台没有该通话。",
        "Take the id from GET /api/v1/calls.",
        "请从通话列表中选择。",
    ),
    "ticket-not-found": Refusal(
        404,
        "Ticket not found",
        "This platform has no ticket with this id.",
        "本平台没有该工单。",
        "Search with POST /api/v1/tickets/search.",
        "请先查询工单。",
    ),
    "incident-not-found": Refusal(
        404,
        "Incident not found",
        "This platform knows nothing of this incident.",
        "本平台没有该事件。",
        "Take the id from a call or a ticket.",
        "请从通话或工单中选择。",
    ),
    "method-not-allowed": Refusal(
        405,
        "Method not allowed",
        "This address does not take this method.",
        "该地址不支持此方法。",
        "See /api/openapi.json for what it takes.",
        "请查看 /api/openapi.json。",
    ),
    "body-too-slow": Refusal(
        408,
        "Body too slow",
        "The body did not arrive in time.",
        "请求内容传输超时。",
        "Send it again.",
        "请重试。",
    ),
    "body-too-large": Refusal(
        413,
        "Body too large",
        "The body is larger than this face reads.",
        "请求内容过大。",
        "Send less than 64 KiB.",
        "请缩短内容。",
    ),
    "json-wanted": Refusal(
        415,
        "JSON wanted",
        "The body must be sent as application/json.",
        "请求内容须为 JSON。",
        "Set Content-Type: application/json.",
        "请使用 JSON 格式。",
    ),
    "invalid-request": Refusal(
        422,
        "Invalid request",
        "The body does not have the form that this address takes; `errors` names the fields.",
        "请求内容不符合要求。",
        "Correct the named fields; see /api/openapi.json.",
        "请更正所列字段。",
    ),
    "query-not-accepted": Refusal(
        422,
        "Query not accepted",
        "No address here takes a query string, so that no number can ever stand in one.",
        "本接口不接受网址参数,以免泄露号码。",
        "Put what you ask for into the body.",
        "请把查询条件放入请求正文。",
    ),
    "unknown-target": Refusal(
        422,
        "Unknown target",
        "The directory has no entry with this code.",
        "通讯录中没有该转接目标。",
        "Take a code from GET /api/v1/directory.",
        "请从通讯录中选择目标。",
    ),
    "idempotency-key-wrong": Refusal(
        422,
        "Idempotency key wrong",
        "An Idempotency-Key is 1 to 128 visible ASCII characters.",
        "请求标识格式错误。",
        "Send a fresh UUID.",
        "请刷新页面后重试。",
    ),
    "idempotency-key-reused": Refusal(
        422,
        "Idempotency key reused",
        "The same Idempotency-Key came before with another request.",
        "同一请求标识已用于另一请求。",
        "Use a new key for a new request.",
        "请重新操作。",
    ),
    # ---- not now
    "handover-in-progress": Refusal(
        409,
        "Handover in progress",
        "A target is already being brought to this caller.",
        "正在转接中。",
        "Wait for it or cancel it first.",
        "请等待结果,或先取消。",
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
    "call-ended": Refusal(
        409,
        "Call ended",
        "The call is over.",
        "通话已结束。",
        "Work on with its ticket.",
        "请在工单中继续处理。",
    ),
    "nothing-to-cancel": Refusal(
        409,
        "Nothing to cancel",
        "No target is being brought to this caller.",
        "当前没有可取消的转接。",
        "Nothing needs doing.",
        "无需操作。",
    ),
    "caller-would-be-alone": Refusal(
        409,
        "Caller would be alone",
        "If you left now, nobody would be with the caller.",
        "您离开后来电人将无人应答。",
        "Wait until a third party has joined.",
        "请等待第三方接入后再离开。",
    ),
    "not-possible-now": Refusal(
        409,
        "Not possible now",
        "The call is not in a state in which this can be done.",
        "当前通话状态不允许此操作。",
        "Look at the call's phase and try what it allows.",
        "请查看通话状态。",
    ),
    # ---- too much, or our fault
    "too-many-sign-ins": Refusal(
        429,
        "Too many sign-ins",
        "Too many failed sign-ins from this source or for this user.",
        "登录失败次数过多。",
        "Wait as long as Retry-After says.",
        "请稍后再试。",
    ),
    "too-many-handovers": Refusal(
        429,
        "Too many handovers",
        "This seat has begun more handovers than one agent can in this time.",
        "该坐席转接过于频繁。",
        "Wait as long as Retry-After says; with danger to life raise danger, which always passes.",
        "请稍后再试;如有生命危险请按“危急”,不受限制。",
    ),
    "too-many-streams": Refusal(
        429,
        "Too many event streams",
        "This agent has as many event streams open as one agent may.",
        "该坐席打开的页面过多。",
        "Close another desk page.",
        "请关闭其他页面。",
    ),
    "internal-error": Refusal(
        500,
        "Internal error",
        "The program met something it does not know; calls are not touched by this.",
        "系统内部错误,不影响通话。",
        "Try again; tell the administrator the time.",
        "请重试,并将时间告知管理员。",
    ),
    "facts-away": Refusal(
        503,
        "Records away",
        "The database cannot be reached; calls go on and what happens is kept.",
        "数据库暂不可用,通话不受影响。",
        "Use the phone's keys; try again in a moment.",
        "请使用话机按键操作,稍后重试。",
    ),
}
