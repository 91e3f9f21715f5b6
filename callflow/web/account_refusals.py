"""What a second factor asks for, and what the plan of duties refuses, in two languages (see `refusals`)."""

from __future__ import annotations

from callflow.web.call_refusals import Refusal

ACCOUNT_REFUSALS: dict[str, Refusal] = {
    "second-factor-needed": Refusal(
        401,
        "Second factor needed",
        "This account signs in with a one-time code beside its password.",
        "该账号登录还需要一次性验证码。",
        "Type the six digits of your authenticator, or a recovery code.",
        "请输入验证器显示的六位数字,或恢复码。",
    ),
    "second-factor-wrong": Refusal(
        401,
        "Second factor wrong",
        "The code is wrong, too old, or was used before.",
        "验证码错误、已过期或已用过。",
        "Wait for the next code and type that; a lost telephone is reset by another administrator.",
        "请等待下一个验证码;遗失手机请由另一名管理员重置。",
    ),
    "second-factor-missing": Refusal(
        403,
        "Second factor missing",
        "This account can do nothing before it has a second factor.",
        "该账号须先开通两步验证。",
        "Enrol one at /admin or by POST /api/v1/second-factor.",
        "请在系统管理页面开通两步验证。",
    ),
    "second-factor-set": Refusal(
        409,
        "Second factor set",
        "This account has a second factor already; its secret was shown once.",
        "该账号已开通两步验证,密钥只显示一次。",
        "To change it, have it reset by another administrator first.",
        "如需更换,请先由另一名管理员重置。",
    ),
    "second-factor-own": Refusal(
        403,
        "Own second factor",
        "Nobody resets his own second factor.",
        "不能重置自己的两步验证。",
        "Ask another administrator, or use ./run pbx reset-factor on the site's machine.",
        "请由另一名管理员重置,或在平台主机上使用 ./run pbx reset-factor。",
    ),
    "shift-not-found": Refusal(
        404,
        "Shift not found",
        "The plan of duties has no such row; somebody may have taken it out meanwhile.",
        "排班中没有该条目,可能已被删除。",
        "Read GET /api/v1/shifts again.",
        "请刷新页面。",
    ),
    "too-many-shifts": Refusal(
        409,
        "Too many shifts",
        "The plan of duties is full.",
        "排班条目已达上限。",
        "Take rows out that nobody needs; a weekly pattern is one row, not one for each day.",
        "请删除不需要的条目;每周固定班次只需一条。",
    ),
    "account-not-found": Refusal(
        404,
        "Account not found",
        "There is no such account, or it has no second factor.",
        "没有该账号,或该账号未开通两步验证。",
        "Look at GET /api/v1/roster.",
        "请核对账号。",
    ),
}
