"""From hits and the heads' opinion to a suggestion.

The safety rules stand here, above everything that lexicon and heads find:

1. A danger cue that nothing clears: never 12345 alone.   2. No clear winner: three-party, not a guess.
3. 119, 120, 122 and utilities are added, never instead of 110.   4. The machine only raises danger.
5. Words and rule ids are always returned.   6. One weak cue: ask before relying on it.
"""

from dataclasses import dataclass

from classifier.evidence import Asked, pulled_words
from classifier.features import Features
from classifier.heads import Model, Opinion, Weighed
from classifier.hits import Hit
from classifier.lexicon import Kind, Lexicon
from classifier.normalise import PlainText
from classifier.suggestion import Action, CategoryShare, Evidence, Platform, Suggestion
from classifier.tuning import Tuning
from classifier.wording import ARE_YOU_SAFE, question, reasons

HOTLINE_ORDER = ("119", "120", "122", "utility")
LINE_AT = 0.5  # a further hotline is added from this probability on
EITHER_SIDE = (Platform.POLICE, Platform.BOTH)
NARROW = 0.2  # the platform's lead over the next one: less is a near tie
SURE_OF_DANGER = 0.4  # from here on the danger head is believed against the platform's
AGREED = 0.1  # the chance of 110 or both below which it must be, or words of danger stand
DOUBTFUL = 0.12  # of danger: from here on the agent is told to ask, and to make it a three-party call
DANGER_IN_DOUBT = 0.3  # how much of its probability counts beside that of 110 or both, where 12345 would be alone
SURE_OF_ONE = 0.05  # doubt below which words of both lists do not make it both: 12345, but in a three-party call
SCOPE_AT = 0.15  # a strong cue of another procedure counts unless the heads think this little of it


@dataclass(frozen=True, slots=True)
class Case:
    """One text with everything that was found in it."""

    text: PlainText
    hits: tuple[Hit, ...]
    features: Features
    weighed: Weighed | None  # what the model made of them; None without a model
    opinion: Opinion
    model: Model | None
    cries: tuple[Hit, ...]  # strong danger cues whose own sentence is dangerous, whatever else is said

    def of(self, kind: Kind) -> tuple[Hit, ...]:
        """The hits of one kind, in the order of the text."""
        return tuple(hit for hit in self.hits if hit.group.kind is kind)

    @property
    def live(self) -> tuple[Hit, ...]:
        """Danger cues that nothing round them clears."""
        return tuple(hit for hit in self.of(Kind.DANGER) if not hit.is_cleared)

    @property
    def strong(self) -> tuple[Hit, ...]:
        """Live cues that are danger by themselves."""
        return tuple(hit for hit in self.live if hit.is_strong)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided before it is put into words."""

    platform: Platform
    danger: bool
    is_narrow: bool  # no clear winner
    rests_on: tuple[Hit, ...]  # danger cues that count


def decide(case: Case, data: Lexicon, tuning: Tuning, site: str | None) -> Suggestion:
    """The suggestion for one text. Pure; never raises."""
    verdict = judge(case, tuning)
    shares = _categories(case, verdict, data)
    category = None if verdict.platform is Platform.NONE else shares[0].name
    used = _used(case, verdict, category)
    likeliest = _likeliest(case, "department", [row.name for row in data.departments])
    department, precedent = tuning.department(case.text.plain, category, likeliest)
    places = tuning.places_in(case.text.plain)
    evidence = _evidence(case, verdict, category, used) + _places(case, places)
    cleared = tuple(hit for hit in case.of(Kind.DANGER) if hit.is_cleared or (not verdict.danger))
    return Suggestion(
        platform=verdict.platform,
        hotlines=_hotlines(case, verdict),
        category=category,
        categories=shares,
        department=department,
        level=_level(case),
        danger=verdict.danger,
        confidence=_confidence(case, verdict),
        action=_action(case, verdict, site),
        evidence=evidence,
        question=_question(case, verdict),
        version=version_of(data, case.model),
        reasons=reasons(used, cleared, precedent, [district for _, _, district in places]),
    )


def version_of(data: Lexicon, model: Model | None) -> str:
    """Rules and word lists, the utterances that the heads learnt from, and which heads answered."""
    if model is None:
        return data.version
    return f"{data.version}.{model.facts['corpus'][:8]}{'s' if model.reads_sentences else 'w'}"


PLATFORM_ORDER = (Platform.GOVERNMENT, Platform.POLICE, Platform.BOTH, Platform.NONE)


def judge(case: Case, tuning: Tuning) -> Verdict:
    """Platform and danger."""
    chance = dict(zip(PLATFORM_ORDER, map(float, case.opinion.shares["platform"]), strict=True))
    danger = bool(case.cries) or (case.opinion.danger >= tuning.danger_at and _is_agreed(case, chance))
    rests_on = case.cries or case.live
    ranked = sorted(PLATFORM_ORDER, key=lambda name: -chance[name])
    if danger:
        platform = Platform.BOTH if chance[Platform.BOTH] > chance[Platform.POLICE] else Platform.POLICE
        return Verdict(platform, danger, is_narrow=False, rests_on=rests_on)
    doubtful = _is_doubtful(case)
    if _another_procedure(case, chance) and not doubtful:
        return Verdict(Platform.NONE, danger, is_narrow=False, rests_on=())
    best = ranked[0]
    narrow = chance[best] - chance[ranked[1]] < NARROW or doubtful
    overlap = _overlap(case)
    is_sure = overlap is Platform.BOTH and best is Platform.GOVERNMENT and _doubt(case, chance) < SURE_OF_ONE
    if overlap and not is_sure:
        return Verdict(overlap, danger, is_narrow=overlap is Platform.BOTH or doubtful, rests_on=())
    if best not in EITHER_SIDE and _is_for_both(case, chance, tuning):
        return Verdict(Platform.BOTH, danger, is_narrow=True, rests_on=())
    if best is Platform.POLICE and narrow and _only_matters_of_12345(case):
        best = Platform.GOVERNMENT  # a near tie, and every rule that was hit is of one side
    if best is Platform.NONE and doubtful:
        best = Platform.BOTH  # a guide to another procedure would leave him alone
    return Verdict(best, danger, is_narrow=narrow or is_sure, rests_on=())


def _is_agreed(case: Case, chance: dict[Platform, float]) -> bool:
    """Two heads that contradict each other, and no word of danger: a doubt and a question, no alarm."""
    to_police = chance[Platform.POLICE] + chance[Platform.BOTH]
    return to_police >= AGREED or case.opinion.danger >= SURE_OF_DANGER or bool(case.live)


def _is_for_both(case: Case, chance: dict[Platform, float], tuning: Tuning) -> bool:
    return _doubt(case, chance) >= tuning.not_alone_at or (bool(case.live) and _is_doubtful(case))


def _doubt(case: Case, chance: dict[Platform, float]) -> float:
    """How far it is from a matter for 12345 alone."""
    return chance[Platform.POLICE] + chance[Platform.BOTH] + DANGER_IN_DOUBT * case.opinion.danger


def _only_matters_of_12345(case: Case) -> bool:
    matters = case.of(Kind.MATTER)
    return bool(matters) and not case.live and all(hit.group.rule.startswith("matter.") for hit in matters)


def _is_doubtful(case: Case) -> bool:
    """Not danger, but not far from it: ask, and do not let 12345 be alone with it."""
    return case.opinion.danger >= DOUBTFUL


def _confidence(case: Case, verdict: Verdict) -> float:
    """The calibrated share of the suggested platform, never 0 or 1."""
    share = float(case.opinion.shares["platform"][PLATFORM_ORDER.index(verdict.platform)])
    return round(min(max(share, 0.001), 0.999), 3)


def _another_procedure(case: Case, chance: dict[Platform, float]) -> bool:
    return chance[Platform.NONE] >= SCOPE_AT and any(hit.group.strong for hit in case.of(Kind.SCOPE))


def _overlap(case: Case) -> Platform | None:
    """Both, unless words in the text tell to which of the two lists the matter belongs (requirements §1.9)."""
    rules = {hit.group.rule for hit in (*case.of(Kind.MATTER), *case.live)}
    for hit in case.of(Kind.OVERLAP):
        if rules.intersection(hit.group.toward_110):
            return Platform.POLICE
        if rules.intersection(hit.group.toward_12345):
            return Platform.GOVERNMENT
    return Platform.BOTH if case.of(Kind.OVERLAP) else None


def _likeliest(case: Case, head: str, names: list[str]) -> str:
    return names[int(case.opinion.shares[head].argmax())]


def _categories(case: Case, verdict: Verdict, data: Lexicon) -> tuple[CategoryShare, ...]:
    """The top three of all 24; the first is of the suggested platform's own list."""
    side = {Platform.GOVERNMENT: "12345", Platform.POLICE: "110"}.get(verdict.platform)
    shares = [(row, float(p)) for row, p in zip(data.categories, case.opinion.shares["category"], strict=True)]
    ranked = sorted(shares, key=lambda pair: -pair[1])
    first = next(pair for pair in ranked if side is None or pair[0].platform == side)
    rest = [pair for pair in ranked if pair is not first]
    top = max(first[1], rest[0][1])  # the first must not look weaker than a heading that it was put before
    total = 1 + top - first[1]
    return tuple(CategoryShare(row.name, round(p / total, 4)) for row, p in [(first[0], top), rest[0], rest[1]])


def _hotlines(case: Case, verdict: Verdict) -> tuple[str, ...]:
    by_rule = {line for hit in verdict.rests_on for line in hit.group.hotlines}
    likely = {line for line in HOTLINE_ORDER if float(case.opinion.shares[f"line.{line}"][1]) >= LINE_AT}
    return tuple(line for line in HOTLINE_ORDER if line in by_rule | likely)


def _level(case: Case) -> int:
    """F3 三(四): 1 disaster, accident, health, public safety, rescue, violence; 2 wide outage, environment."""
    said = [hit.group.level for hit in (*case.cries, *case.of(Kind.MATTER))]
    return min([int(case.opinion.shares["level"].argmax()) + 1, *said])


def _action(case: Case, verdict: Verdict, site: str | None) -> Action:
    """The advice for the asking site: first row that fits."""
    weak = verdict.danger and not case.cries and verdict.platform is Platform.BOTH
    rows = (
        (verdict.platform is Platform.NONE, Action.GUIDE),
        (verdict.danger and site == Platform.POLICE, Action.KEEP),  # the police have him; the ticket for 12345 follows
        (verdict.danger and not weak, Action.ONE_KEY_110),
        (verdict.platform is Platform.BOTH or verdict.is_narrow, Action.THREE_PARTY),
        (site == verdict.platform, Action.KEEP),
        (verdict.platform is Platform.POLICE, Action.ONE_KEY_110),
        (True, Action.ONE_KEY_12345),
    )
    return next(action for fits, action in rows if fits)


def _question(case: Case, verdict: Verdict) -> str | None:
    weak = tuple(hit for hit in case.live if not hit.is_strong)
    if not verdict.danger and _is_doubtful(case) and case.text.plain.strip("\n"):
        return ARE_YOU_SAFE
    return question(case.text, weak, is_sure=bool(case.cries) or not verdict.danger)


def _used(case: Case, verdict: Verdict, category: str | None) -> tuple[Hit, ...]:
    """The hits that carry the answer, in the order of the text."""
    chosen = list(verdict.rests_on)
    if verdict.platform is Platform.NONE:
        chosen += case.of(Kind.SCOPE)
    if not verdict.danger and (verdict.platform is Platform.BOTH or verdict.is_narrow):
        chosen += case.of(Kind.OVERLAP)
    if not verdict.danger and verdict.platform is Platform.BOTH:
        chosen += case.live
    chosen += [
        hit for hit in case.of(Kind.MATTER) if category in hit.group.categories or verdict.platform is Platform.BOTH
    ]
    if not chosen:
        chosen += [hit for hit in case.of(Kind.HINT) if category in hit.group.categories]
    return tuple(sorted(set(chosen), key=lambda hit: (hit.start, hit.end, hit.group.rule)))


def _evidence(case: Case, verdict: Verdict, category: str | None, used: tuple[Hit, ...]) -> tuple[Evidence, ...]:
    spans = {(*case.text.span(hit.start, hit.end), hit.group.rule) for hit in used}
    if case.model is not None and case.weighed is not None:
        asked = Asked(danger=verdict.danger, platform=verdict.platform, category=category)
        spans |= set(pulled_words(case.text, case.features, case.weighed, case.model, asked))
    return tuple(Evidence(start, end, case.text.original[start:end], rule) for start, end, rule in sorted(spans))


def _places(case: Case, places: list[tuple[int, int, str]]) -> tuple[Evidence, ...]:
    """The site's own place names; where, not what, so after the words that decided."""
    spans = [case.text.span(start, end) for start, end, _ in places]
    return tuple(Evidence(start, end, case.text.original[start:end], "site.place") for start, end in spans)
