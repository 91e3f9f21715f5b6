"""From hits to a suggestion.

The safety rules stand here, above everything that the lexicon finds:

1. A danger cue that nothing clears: never 12345 alone.   2. No clear winner: three-party, not a guess.
3. 119, 120, 122 and utilities are added, never instead of 110.   4. The machine only raises danger.
5. Words and rule ids are always returned.   6. One weak cue: ask before relying on it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from classifier.hits import Hit
from classifier.lexicon import Kind, Lexicon
from classifier.normalise import PlainText
from classifier.suggestion import Action, CategoryShare, Evidence, Platform, Suggestion
from classifier.wording import question, reasons

HOTLINE_ORDER = ("119", "120", "122", "utility")
FALLBACK_CATEGORY = "其它事项类"
FALLBACK_DEPARTMENT = "其他职能部门"
PHRASE_AT_MOST = 1.3
HINT_BESIDE_MORE = 0.15
AGAIN_WEIGHT, AGAIN_LIMIT = 1.0, 2  # a second and third cue of the same group
PAST_CRIME_WEIGHT = 2.5  # a danger long over is still a police matter (facts: failure class "past")
NEAR_TIE = 0.5  # scores closer than this: three-party
SCOPE_YIELDS_AT = 9.0  # a matter told with this much evidence is not closed by a mention of the courts
SHARPNESS = 1.1  # of the softmax over scores; fitted by eye on the dev set, not calibrated
OWN_SIDE_BONUS = 8.0  # keeps the first category on the side of the platform that is suggested
CONFIDENT_ENOUGH = 0.6
STRONG_MATTER = 4.0
MIXED_MARKS = (
    "另外",
    "还有个事",
    "还有一个事",
    "还有件事",
    "顺便",
    "第二个事",
    "第二件",
    "还想反映",
    "再一个",
    "再就是",
)


@dataclass(frozen=True, slots=True)
class _Findings:
    """The hits sorted by what they mean."""

    text: PlainText
    strong: tuple[Hit, ...]
    weak: tuple[Hit, ...]
    cleared: tuple[Hit, ...]
    matters: tuple[Hit, ...]
    scope: tuple[Hit, ...]
    overlaps: tuple[Hit, ...]
    hints: tuple[Hit, ...]
    scores: dict[str, float]

    @property
    def danger(self) -> tuple[Hit, ...]:
        return self.strong + self.weak

    @property
    def is_sure(self) -> bool:
        return bool(self.strong) or len({hit.group.rule for hit in self.weak}) > 1


def decide(text: PlainText, hits: tuple[Hit, ...], data: Lexicon, site: str | None) -> Suggestion:
    """The suggestion for one text. Pure; never raises."""
    found = _sort(text, hits)
    platform, path = _platform(found, data)
    shares = _shares(found, platform, data)
    category = None if platform is Platform.NONE else shares[0].name
    used = _used(found, platform, category)
    confidence = _confidence(path, data)
    return Suggestion(
        platform=platform,
        hotlines=tuple(line for line in HOTLINE_ORDER if any(line in hit.group.hotlines for hit in used)),
        category=category,
        categories=shares,
        department=_department(found, category, data),
        level=_level(found),
        danger=bool(found.danger),
        confidence=confidence,
        action=_action(platform, path, confidence, found, site),
        evidence=_evidence(text, used),
        question=question(text, found.weak, is_sure=found.is_sure),
        version=data.version,
        reasons=reasons(used, found.cleared),
    )


def _sort(text: PlainText, hits: tuple[Hit, ...]) -> _Findings:
    def of(kind: Kind) -> tuple[Hit, ...]:
        return tuple(hit for hit in hits if hit.group.kind is kind)

    danger = of(Kind.DANGER)
    live = tuple(hit for hit in danger if not hit.is_cleared)
    found = _Findings(
        text=text,
        strong=tuple(hit for hit in live if hit.is_strong),
        weak=tuple(hit for hit in live if not hit.is_strong),
        cleared=tuple(hit for hit in danger if hit.is_cleared),
        matters=of(Kind.MATTER),
        scope=of(Kind.SCOPE),
        overlaps=of(Kind.OVERLAP),
        hints=of(Kind.HINT),
        scores=defaultdict(float),
    )
    _score(found)
    return found


def _score(found: _Findings) -> None:
    """Add up what every category has; hints count in full only where nothing better was found."""
    _add(found, (*found.danger, *found.matters, *found.overlaps), 1.0)
    for rule in {hit.group.rule for hit in found.cleared if hit.judgement.because == "past"}:
        group = next(hit.group for hit in found.cleared if hit.group.rule == rule)
        found.scores[group.categories[0]] += PAST_CRIME_WEIGHT
    _add(found, found.hints, HINT_BESIDE_MORE if any(found.scores.values()) else 1.0)


def _add(found: _Findings, hits: tuple[Hit, ...], factor: float) -> None:
    """Each group once in full, further cues of it a little; the longest cue of a group says most."""
    times: dict[str, int] = defaultdict(int)
    for hit in sorted(hits, key=lambda hit: hit.start - hit.end):
        times[hit.group.rule] += 1
        if times[hit.group.rule] > 1 + AGAIN_LIMIT:
            continue
        for rank, name in enumerate(hit.group.categories):
            behind = 0.5 * rank if hit.group.kind is Kind.DANGER else 0.0
            full = hit.group.weight * _told_in_full(hit) - behind
            found.scores[name] += factor * (full if times[hit.group.rule] == 1 else AGAIN_WEIGHT)


def _told_in_full(hit: Hit) -> float:
    """A bare word of two characters says less about the matter than a phrase; danger words are phrases already."""
    if hit.group.kind is not Kind.MATTER:
        return 1.0
    return min(PHRASE_AT_MOST, 0.5 + 0.15 * (hit.end - hit.start))


def decision_path(found_text: PlainText, hits: tuple[Hit, ...], data: Lexicon) -> str:
    """The key of confidence.toml under which this text is decided; for measuring."""
    return _platform(_sort(found_text, hits), data)[1]


def _platform(found: _Findings, data: Lexicon) -> tuple[Platform, str]:
    """The platform, and the path by which it was found (key of confidence.toml)."""
    best = {
        side: max((found.scores[row.name] for row in data.categories if row.platform == side), default=0.0)
        for side in (Platform.GOVERNMENT, Platform.POLICE)
    }
    police, government = best[Platform.POLICE], best[Platform.GOVERNMENT]
    if found.danger:
        return _dangerous(found, government)
    if any(hit.group.strong for hit in found.scope) and police < PAST_CRIME_WEIGHT and government < SCOPE_YIELDS_AT:
        return Platform.NONE, "scope"
    return _overlap(found) or _by_weight(found, police, government)


def _by_weight(found: _Findings, police: float, government: float) -> tuple[Platform, str]:
    """The heavier side; near ties go to both."""
    if not police and not government:
        return (Platform.NONE, "scope_weak") if found.scope else (_no_evidence(found), "none_found")
    heavier = Platform.POLICE if police > government else Platform.GOVERNMENT
    if found.hints and not found.matters and not found.cleared:
        return heavier, "hint"
    if police and government and abs(police - government) <= NEAR_TIE:
        return Platform.BOTH, "near_tie"
    return heavier, "police" if heavier is Platform.POLICE else "government"


def _dangerous(found: _Findings, government: float) -> tuple[Platform, str]:
    path = "danger" if found.is_sure else "danger_weak"
    deciding = found.strong or found.weak
    two_matters = government >= STRONG_MATTER and any(mark in found.text.plain for mark in MIXED_MARKS)
    if two_matters or all(hit.group.both for hit in deciding):
        return Platform.BOTH, path
    return (Platform.POLICE if found.is_sure else Platform.BOTH), path


def _overlap(found: _Findings) -> tuple[Platform, str] | None:
    """Both, unless words in the text tell to which of the two lists the matter belongs."""
    rules = {hit.group.rule for hit in (*found.matters, *found.danger)}
    for hit in found.overlaps:
        if rules.intersection(hit.group.toward_110):
            return Platform.POLICE, "police"
        if rules.intersection(hit.group.toward_12345):
            return Platform.GOVERNMENT, "government"
    return (Platform.BOTH, "overlap") if found.overlaps else None


def _no_evidence(found: _Findings) -> Platform:
    """Silence may be a cry for help, so it belongs to both; words without any cue mostly are 12345's."""
    return Platform.GOVERNMENT if found.text.plain.strip("\n") else Platform.BOTH


def _shares(found: _Findings, platform: Platform, data: Lexicon) -> tuple[CategoryShare, ...]:
    """The top three of all 24; a softmax over scores, with the suggested platform's own rows first."""
    side = {Platform.GOVERNMENT: "12345", Platform.POLICE: "110"}.get(platform)
    weights: dict[str, float] = {}
    for row in data.categories:
        score = min(found.scores[row.name], 20.0)
        if platform is not Platform.NONE and not any(found.scores.values()) and row.name == FALLBACK_CATEGORY:
            score += 1.0
        weights[row.name] = math.exp(SHARPNESS * score)
    total = sum(weights.values())
    ranked = sorted(
        data.categories,
        key=lambda row: (side is not None and row.platform != side, -weights[row.name], row.platform, row.row),
    )
    of_danger = {name for hit in found.danger for name in hit.group.categories}
    own = [row for row in ranked if side is None or row.platform == side]
    own = [row for row in own if row.name in of_danger] or own
    first = own[0]
    rest = sorted((row for row in data.categories if row is not first), key=lambda row: -weights[row.name])
    # The first must not look weaker than a heading of the other side that it was put before.
    top = max(weights[first.name], weights[rest[0].name])
    total += top - weights[first.name]
    shares = [(first.name, top / total)] + [(row.name, weights[row.name] / total) for row in rest[:2]]
    return tuple(CategoryShare(name, round(p, 4)) for name, p in shares)


def _department(found: _Findings, category: str | None, data: Lexicon) -> str:
    if category is None:
        return FALLBACK_DEPARTMENT
    heavy = sorted(
        (hit for hit in (*found.danger, *found.matters) if category in hit.group.categories and hit.group.department),
        key=lambda hit: (-hit.group.weight, hit.group.categories.index(category), hit.start - hit.end),
    )
    default = next(row.department for row in data.categories if row.name == category)
    return heavy[0].group.department or default if heavy else default


def _level(found: _Findings) -> int:
    """F3 三(四): 1 disaster, accident, health, public safety, rescue, violence; 2 wide outage, environment."""
    counted: Iterable[Hit] = (*(found.danger if found.is_sure else ()), *found.matters)
    return min((hit.group.level for hit in counted), default=3)


def _confidence(path: str, data: Lexicon) -> float:
    """How often this path was right on the dev set, Laplace's rule; never 0 or 1."""
    seen = data.confidence.get(path, {"right": 0, "seen": 0})
    return round((seen["right"] + 1) / (seen["seen"] + 2), 3)


def _action(platform: Platform, path: str, confidence: float, found: _Findings, site: str | None) -> Action:
    """The advice for the asking site: first row that fits."""
    at_police = site == Platform.POLICE
    rows = (
        (path == "none_found" or site == platform, Action.KEEP),
        (platform is Platform.NONE, Action.GUIDE),
        (bool(found.danger) and at_police, Action.KEEP),  # the police have him; the ticket for 12345 follows
        (found.is_sure, Action.ONE_KEY_110),
        (platform is Platform.BOTH or confidence < CONFIDENT_ENOUGH, Action.THREE_PARTY),
        (platform is Platform.POLICE, Action.ONE_KEY_110),
        (True, Action.ONE_KEY_12345),
    )
    return next(action for fits, action in rows if fits)


def _used(found: _Findings, platform: Platform, category: str | None) -> tuple[Hit, ...]:
    """The hits that carry the answer, in the order of the text."""
    chosen: list[Hit] = list(found.danger)
    if platform is Platform.NONE:
        chosen += found.scope
    if platform is Platform.BOTH and not found.danger:
        chosen += found.overlaps
    if not chosen and not found.matters:
        chosen += [hit for hit in found.hints if category in hit.group.categories]
    chosen += [hit for hit in found.matters if category in hit.group.categories or platform is Platform.BOTH]
    return tuple(sorted(chosen, key=lambda hit: (hit.start, hit.end, hit.group.rule)))


def _evidence(text: PlainText, used: tuple[Hit, ...]) -> tuple[Evidence, ...]:
    spans = {(*text.span(hit.start, hit.end), hit.group.rule) for hit in used}
    return tuple(Evidence(start, end, text.original[start:end], rule) for start, end, rule in sorted(spans))
