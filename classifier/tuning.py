"""What a site may set without code: its operating point, places, departments, precedents (a TOML file a site)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.lexicon import lexicon


@dataclass(frozen=True, slots=True)
class Precedent:
    """Same matter, same owner: the relevant department follows the precedent and may not return it (R-017)."""

    category: str
    words: tuple[str, ...]  # any of them in the text; none: every matter of the category
    department: str
    zh: str  # what was settled, for the reason


@dataclass(frozen=True, slots=True)
class Tuning:
    """The defaults are what evaluation was done with; docs/classifier.md says what each costs."""

    danger_at: float = 0.15  # probability from which danger is said
    not_alone_at: float = 0.2  # doubt (decide.py) from which 12345 is not left alone with it
    clear_below: float = 0.25  # below this the heads may clear a danger cue
    sentences: bool = True  # read whole sentences where the encoder is there
    departments: Mapping[str, str] = field(default_factory=dict)  # a category's department at this site
    places: Mapping[str, str] = field(default_factory=dict)  # a place name -> the district that answers for it
    precedents: tuple[Precedent, ...] = ()

    def department(self, text: str, category: str | None, likeliest: str) -> tuple[str, Precedent | None]:
        """The department after precedents and the site's own table; the precedent that decided, if one did."""
        for precedent in self.precedents:
            if precedent.category == category and (
                not precedent.words or any(word in text for word in precedent.words)
            ):
                return precedent.department, precedent
        return self.departments.get(category or "", likeliest), None

    def places_in(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, district) of every known place name in the text."""
        return sorted(
            (at, at + len(name), district) for name, district in self.places.items() for at in _all(text, name)
        )


def _all(text: str, word: str) -> list[int]:
    found: list[int] = []
    at = text.find(word)
    while at >= 0 and len(found) < PLACES_AT_MOST:
        found.append(at)
        at = text.find(word, at + 1)
    return found


PLACES_AT_MOST = 5
SHORTEST_PLACE = 2  # one character is in every text
LIMITS = {"danger_at": (0.02, 0.6), "not_alone_at": (0.1, 0.6), "clear_below": (0.0, 0.3)}
DEFAULT = Tuning()


def read_tuning(path: Path) -> Tuning:
    """A site's file.

    Raises:
        ValueError: names what is wrong and what is allowed. A site may not tune danger away: LIMITS.
        OSError: the file cannot be read.
    """
    try:
        return _tuning_of(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as broken:
        raise ValueError(f"{path.name} cannot be used: {broken}") from broken


def _tuning_of(said: Mapping[str, Any]) -> Tuning:
    if unknown := set(said) - {"operating", "departments", "places", "precedent"}:
        raise ValueError(f"no such part: {', '.join(sorted(unknown))}")
    operating = dict(said.get("operating", {}))
    for name, value in operating.items():
        _check_operating(name, value)
    departments = {str(key): str(value) for key, value in said.get("departments", {}).items()}
    precedents = tuple(
        Precedent(row["category"], tuple(row.get("words", ())), row["department"], row["zh"])
        for row in said.get("precedent", ())
    )
    _check_names(
        [*departments, *(row.category for row in precedents)],
        [*departments.values(), *(row.department for row in precedents)],
    )
    places = {str(key): str(value) for key, value in said.get("places", {}).items()}
    if any(len(name) < SHORTEST_PLACE for name in places):
        raise ValueError(f"a place name has at least {SHORTEST_PLACE} characters")
    return Tuning(**operating, departments=departments, places=places, precedents=precedents)


def _check_operating(name: str, value: Any) -> None:
    if name == "sentences" and isinstance(value, bool):
        return
    if name not in LIMITS:
        raise ValueError(f"operating.{name} is none of {', '.join([*LIMITS, 'sentences'])}")
    low, high = LIMITS[name]
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"operating.{name} must be between {low} and {high}")


def _check_names(categories: list[str], departments: list[str]) -> None:
    data = lexicon()
    known = {row.name for row in data.categories}, {row.name for row in data.departments}
    for names, allowed, what in zip((categories, departments), known, ("annex 3", "annex 2"), strict=True):
        if wrong := sorted(set(names) - allowed):
            raise ValueError(f"{', '.join(wrong)} is not in {what}; ./run classify --labels has the names")
