"""What an administrator should know about a site's trust: keys and their ends, and settings that deserve a second look.

Pure: a warning is a row with what it looks at. None stops the site; what must stop it does so at the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from callflow.sitefile import Site

DAY_S: Final = 86_400.0
RENEW_WITHIN_DAYS: Final = 21
DIGITS: Final = 10
"""The desk's keys pick so many targets."""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What may be shown of the keys: when certificates end (epoch seconds) and digests of public keys, never a secret.

    A digest is SHA-256 over the SubjectPublicKeyInfo, in hex: two administrators compare them by telephone.
    """

    certificate_ends_at: float
    authority_ends_at: float
    exchange_key: str
    peer_keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing to look at. `grave`: calls or trust are at risk; else it may well be meant so."""

    about: str
    grave: bool
    zh: str
    en: str


def warnings(site: Site, keys: KeyFacts, now: float) -> list[Warned]:
    """Everything that deserves a look, the grave first."""
    found = [warned for rule in (_certificates, _peers, _carriers, _directory, _people, _recording)
             for warned in rule(site, keys, now)]  # fmt: skip
    return sorted(found, key=lambda one: not one.grave)


def _certificates(_site: Site, keys: KeyFacts, now: float) -> Iterator[Warned]:
    ends = (("certificate", keys.certificate_ends_at), ("authority", keys.authority_ends_at))
    for about, ends_at in ends:
        days = int((ends_at - now) // DAY_S)
        if days < RENEW_WITHIN_DAYS:
            zh = f"证书还有 {days} 天到期,到期后平台间线路中断;请更新。"
            yield Warned(about, True, zh, f"ends in {days} days, and the lines between platforms with it; renew it.")  # noqa: FBT003 - a field of a row


def _peers(site: Site, keys: KeyFacts, _now: float) -> Iterator[Warned]:
    known = list(keys.peer_keys.values())
    for peer in site.peer:
        rows = (
            (not peer.exchange.startswith("https://"), True, "数据交换未加密。", "the exchange is not encrypted."),
            (peer.send_identity == "never", True, "转接不带来电人号码(一键携号不生效)。",
             "callers are handed over without their own number."),
            (peer.send_identity == "allowed", False, "隐藏号码的来电人转接时不带号码。",
             "a caller who hides his number is handed over without it."),
            (not peer.believe_identity, False, "对方送来的号码按未核验显示。", "its numbers show as unverified."),
            (not peer.number_refused_codes, False, "未列出拒号响应码,号码被拒时不会改用本平台号码重试。",
             "no codes of refused numbers: such a handover is not tried again with our own number."),
            (not peer.answer_is_human, False, "对方应答不视为人工,坐席须自行退出。",
             "an answer there does not release our agent."),
            (keys.peer_keys.get(peer.id) in (None, keys.exchange_key), True, "对方公钥缺失或与本平台相同。",
             "its public key is missing, or is our own."),
            (known.count(keys.peer_keys.get(peer.id, "")) > 1, True, "与另一平台公钥相同。",
             "another platform has the same public key."),
        )  # fmt: skip
        yield from _met(f"peer {peer.id}", rows)


def _carriers(site: Site, _keys: KeyFacts, _now: float) -> Iterator[Warned]:
    for carrier in site.carrier:
        rows = (
            (not carrier.trusted, False, "来电号码按未核验显示。", "its callers' numbers show as unverified."),
            (carrier.send_identity == "always", False, "隐藏的号码也会送出;仅限信任域内线路。",
             "hidden numbers leave by it too: only for a line inside the trust domain."),
        )  # fmt: skip
        yield from _met(f"carrier {carrier.id}", rows)


def _directory(site: Site, _keys: KeyFacts, _now: float) -> Iterator[Warned]:
    untrusted = {one.id for one in site.carrier if not one.trusted}
    for nth, target in enumerate(site.directory):
        rows = (
            (target.via in untrusted, True, "经由不受信任的线路。", "is reached by a line that is not trusted."),
            (target.sort in ("platform", "emergency") and not target.contacts, False, "没有值班电话。",
             "has no duty phone: nobody to ring when its line fails."),
            (nth >= DIGITS, False, "排在第十位之后,没有数字键。", "comes after the tenth: no digit picks it."),
        )  # fmt: skip
        yield from _met(f"target {target.code}", rows)


def _people(site: Site, _keys: KeyFacts, _now: float) -> Iterator[Warned]:
    roles = {one.role for one in site.agent}
    rows = (
        ("supervisor" not in roles, True, "没有班长账号:催办、督办无人接收。",
         "no supervisor: reminders and supervision orders reach nobody."),
        ("auditor" not in roles, False, "没有审计员账号(职责分离)。", "no auditor (separated duties)."),
        ("administrator" not in roles, False, "没有管理员账号(职责分离)。", "no administrator (separated duties)."),
        (site.security.second_factor == "offered", False, "管理员和审计员可不用两步验证登录。",
         "administrators and auditors may sign in without a second factor."),
    )  # fmt: skip
    yield from _met("accounts", rows)


def _recording(site: Site, _keys: KeyFacts, _now: float) -> Iterator[Warned]:
    silent = site.recording.enabled and not site.recording.announcement
    rows = ((silent, True, "已开启录音,但不向来电人提示。", "calls are recorded, and callers are not told."),)
    yield from _met("recording", rows)


def _met(about: str, rows: tuple[tuple[bool, bool, str, str], ...]) -> Iterator[Warned]:
    return (Warned(about, grave, zh, en) for met, grave, zh, en in rows if met)
