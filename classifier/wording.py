"""What the desk says to the agent: the confirming question and the reasons, Chinese first."""

from classifier.hits import Hit
from classifier.normalise import PlainText
from classifier.suggestion import Reason

NOTHING_HEARD = "听得到吗？您那边现在安全吗，需要什么帮助？"
WHY_NOT = {
    "negation": ("说的是没有", "it is denied"),
    "past": ("说的是过去", "it is in the past"),
    "idiom": ("是口头语", "it is a figure of speech"),
    "hypothetical": ("只是假设或担心", "it is only supposed or feared"),
    "question": ("是一般咨询", "it is a general question"),
    "fiction": ("是演练、影视等", "it is a drill or a film"),
}


def question(text: PlainText, weak: tuple[Hit, ...], *, is_sure: bool) -> str | None:
    """What to ask when danger rests on one weak cue, or when nothing at all was said; else None."""
    if not text.plain.strip("\n"):
        return NOTHING_HEARD
    if not weak or is_sure:
        return None
    group = weak[0].group
    return group.ask or f"请确认：{group.zh}？是不是现在，有没有人有危险？"


def reasons(used: tuple[Hit, ...], cleared: tuple[Hit, ...]) -> tuple[Reason, ...]:
    """One line a rule; then what was heard but not counted, so that a human can disagree."""
    lines = {hit.group.rule: Reason(hit.group.zh, hit.group.en, hit.group.rule) for hit in used}
    counted = set(lines)
    for hit in cleared:
        if hit.group.rule not in counted and hit.judgement.because is not None:
            zh, en = WHY_NOT[hit.judgement.because]
            reason = Reason(f"未计入“{hit.group.zh}”：{zh}", f"not counted: {hit.group.en} ({en})", hit.group.rule)
            lines.setdefault(hit.group.rule, reason)
    return tuple(lines.values())
