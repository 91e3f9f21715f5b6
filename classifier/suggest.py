"""The classifier's door: text in, suggestion out."""

from classifier import heads
from classifier.cries import cries
from classifier.decide import Case, decide
from classifier.encoder import encoder
from classifier.features import excerpt, features
from classifier.hits import find_hits
from classifier.lexicon import Lexicon, lexicon
from classifier.normalise import PlainText, normalise
from classifier.suggestion import Suggestion
from classifier.tuning import DEFAULT, Tuning


def classify(text: str, site: str | None = None, tuning: Tuning = DEFAULT) -> Suggestion:
    """Suggest for what a caller said, or an agent typed. Advice only (R-083).

    Pure and repeatable: the same text, site, data and processor give the same answer. Never raises for any text; texts
    past 20,000 code points are read at both ends. The first call reads data and models (about a second).

    Args:
        text: colloquial Chinese, traditional or simplified, with or without punctuation.
        site: "12345" or "110", the platform that asks; decides `action` only. None: advice for neither in particular.
        tuning: what the site has set.
    """
    data = lexicon()
    return decide(hear(normalise(text, data.fillers), data, tuning), data, tuning, site)


def hear(plain: PlainText, data: Lexicon, tuning: Tuning) -> Case:
    """Find rules and features, ask the heads."""
    hits = find_hits(plain, data)
    found = features(plain, hits)
    words = heads.load("words")
    assert words is not None, "classifier/model/words.npz is missing: run ./run classify train"
    model, vector = words, None
    reader = encoder() if tuning.sentences else None
    if reader is not None and plain.plain.strip("\n") and (sentence := heads.load("sentence")) is not None:
        model, vector = sentence, reader.encode([excerpt(plain.plain)])[0]
    weighed = model.vocabulary.weigh(found)
    opinion = model.opinion(weighed, vector)

    def of_sentence(part: str) -> float:
        alone = normalise(part, data.fillers)
        return words.opinion(words.vocabulary.weigh(features(alone, find_hits(alone, data))), None).danger

    standing = cries(plain, hits, opinion.danger, tuning.clear_below, of_sentence)
    return Case(plain, hits, found, weighed, opinion, model, standing)


def labels() -> dict[str, list[str]]:
    """The exact names: annex 3's headings and annex 2's departments, in the order of the lists."""
    data = lexicon()
    return {
        "categories": [row.name for row in data.categories],
        "departments": [row.name for row in data.departments],
    }


def version() -> str:
    """Of rules, data and heads; stored with every suggestion. Reads them all, so it also warms the classifier."""
    return classify("您好").version
