"""The classifier's door: text in, suggestion out."""

from classifier.decide import decide
from classifier.decide import decision_path as _path_of
from classifier.hits import find_hits
from classifier.lexicon import lexicon
from classifier.normalise import normalise
from classifier.suggestion import Suggestion


def classify(text: str, site: str | None = None) -> Suggestion:
    """Suggest for what a caller said, or an agent typed. Advice only (R-083).

    Pure and repeatable: the same text, site and data give the same answer. Never raises for any text; texts past
    20,000 code points are read at both ends. The first call reads the data (about half a second), later ones take
    a millisecond or two per utterance.

    Args:
        text: colloquial Chinese, traditional or simplified, with or without punctuation.
        site: "12345" or "110", the platform that asks; decides `action` only. None: advice for neither in particular.
    """
    data = lexicon()
    plain = normalise(text, data.fillers)
    return decide(plain, find_hits(plain, data), data, site)


def decision_path(text: str) -> str:
    """By which path `text` is decided: key of confidence.toml, for evaluation."""
    data = lexicon()
    plain = normalise(text, data.fillers)
    return _path_of(plain, find_hits(plain, data), data)


def labels() -> dict[str, list[str]]:
    """The exact names: annex 3's headings and annex 2's departments, in the order of the lists."""
    data = lexicon()
    return {
        "categories": [row.name for row in data.categories],
        "departments": [row.name for row in data.departments],
    }


def version() -> str:
    """Of rules and data; stored with every suggestion. Reads the data, so it also warms the classifier."""
    return lexicon().version
