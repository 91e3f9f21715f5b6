"""What the classifier says, as a frozen record with exactly the contract's JSON form."""

from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    """Who should take the caller up; NONE is the third outcome of R-009, "neither"."""

    GOVERNMENT = "12345"
    POLICE = "110"
    BOTH = "both"
    NONE = "none"


class Action(StrEnum):
    """What the agent at a site is advised to do. Advice only: nothing acts on it (R-083)."""

    ONE_KEY_110 = "one_key_110"
    ONE_KEY_12345 = "one_key_12345"
    THREE_PARTY = "three_party"
    KEEP = "keep"
    GUIDE = "guide"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of the caller that decided, as code point offsets into the text as it was given."""

    start: int
    end: int  # first code point after the words
    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class CategoryShare:
    """One of annex 3's 24 headings with its share; the shares of all 24 add up to 1."""

    name: str
    p: float


@dataclass(frozen=True, slots=True)
class Reason:
    """One short reason for the desk, Chinese first."""

    zh: str
    en: str
    rule: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Advice about one utterance. `reasons` is for the desk and no part of the JSON contract."""

    platform: Platform
    hotlines: tuple[str, ...]  # further hotlines, never instead of 110
    category: str | None  # None only with Platform.NONE
    categories: tuple[CategoryShare, ...]  # the top three, best first
    department: str  # one of annex 2's 23
    level: int  # 1, 2 or 3, F3 三(四)
    danger: bool
    confidence: float  # of the platform, 0..1
    action: Action
    evidence: tuple[Evidence, ...]  # in the order of the text
    question: str | None  # what to ask when danger rests on one weak cue
    version: str
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, object]:
        """The contract's object (architecture §6) without `id`, which belongs to the line it answers."""
        answer: dict[str, object] = {
            "platform": self.platform.value,
            "hotlines": list(self.hotlines),
            "category": self.category,
            "categories": [{"name": share.name, "p": share.p} for share in self.categories],
            "department": self.department,
            "level": self.level,
            "danger": self.danger,
            "confidence": self.confidence,
            "action": self.action.value,
            "evidence": [
                {"start": span.start, "end": span.end, "text": span.text, "rule": span.rule} for span in self.evidence
            ],
        }
        if self.question is not None:
            answer["question"] = self.question
        answer["version"] = self.version
        return answer
