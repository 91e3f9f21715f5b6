"""What the desk says to the agent: the confirming question and the reasons, Chinese first."""

from collections.abc import Sequence

from classifier.hits import Hit
from classifier.normalise import PlainText
from classifier.suggestion import Reason
from classifier.tuning import Precedent

ARE_YOU_SAFE = "请确认：现在有没有人有危险、有没有人受伤？"
NOTHING_HEARD = "听得到吗？您那边现在安全吗，需要什么帮助？"
HEADS = "heads"
WHY_NOT = {
    "negation": ("说的是没有", "it is denied"),
    "past": ("说的是过去", "it is in the past"),
    "idiom": ("是口头语", "it is a figure of speech"),
    "hypothetical": ("只是假设或担心", "it is only supposed or feared"),
    "question": ("是一般咨询", "it is a general question"),
    "fiction": ("是演练、影视等", "it is a drill or a film"),
    HEADS: ("整句话听起来不像有危险", "the whole does not sound like danger"),
}


def question(text: PlainText, weak: tuple[Hit, ...], *, is_sure: bool) -> str | None:
    """What to ask when danger rests on one weak cue, or when nothing at all was said; else None."""
    if not text.plain.strip("\n"):
        return NOTHING_HEARD
    if not weak or is_sure:
        return None
    group = weak[0].group
    return group.ask or f"请确认：{group.zh}？是不是现在，有没有人有危险？"


def reasons(
    used: tuple[Hit, ...],
    cleared: tuple[Hit, ...],
    precedent: Precedent | None = None,
    districts: Sequence[str] = (),
) -> tuple[Reason, ...]:
    """One line a rule; then what was heard but not counted, so that a human can disagree."""
    lines = {hit.group.rule: Reason(hit.group.zh, hit.group.en, hit.group.rule) for hit in used}
    counted = set(lines)
    for hit in cleared:
        if hit.group.rule not in counted:
            zh, en = WHY_NOT[(hit.judgement.because or HEADS) if hit.is_cleared else HEADS]
            reason = Reason(f"未计入“{hit.group.zh}”：{zh}", f"not counted: {hit.group.en} ({en})", hit.group.rule)
            lines.setdefault(hit.group.rule, reason)
    if precedent is not None:
        said = Reason(f"参照先例：{precedent.zh}", f"by precedent: {precedent.zh}", "site.precedent")
        lines.setdefault(said.rule, said)
    if districts:
        where = "、".join(dict.fromkeys(districts))
        lines.setdefault("site.place", Reason(f"地点：{where}", f"place: {where}", "site.place"))
    return tuple(lines.values())
