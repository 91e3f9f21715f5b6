"""The data files as frozen records, read once. Everything a site may want to change is in data/, nothing here."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib.resources import files
from typing import Any

from classifier.cues import Cue, compile_cue
from classifier.homophones import sounds_like

DANGER_FILES = ("danger-hazard.toml", "danger-violence.toml", "danger-life.toml")
MATTER_FILES = ("police.toml", "matters-city.toml", "matters-market.toml", "matters-life.toml")
HINT_FILE = "hints.toml"
STRONG_WEIGHT, WEAK_WEIGHT = 6.0, 3.0  # what a danger cue adds to its category; matters say their own weight
SOUND_SUFFIX = ".sound"  # rule id of a cue found by its sound only


class Kind(Enum):
    """What a group of cues is evidence of."""

    DANGER = auto()
    MATTER = auto()
    SCOPE = auto()
    OVERLAP = auto()
    HINT = auto()


@dataclass(frozen=True, slots=True)
class Group:
    """Cues with one meaning, and everything a hit on one of them implies."""

    rule: str
    kind: Kind
    strong: bool
    cues: tuple[Cue, ...]
    zh: str
    en: str
    weight: float = 0.0
    categories: tuple[str, ...] = ()  # the first is the likelier one
    department: str | None = None  # None: the category's own
    hotlines: tuple[str, ...] = ()
    level: int = 3
    lasting: bool = False  # time that has passed does not clear it
    both: bool = False  # stands in both lists of annex 3
    ask: str | None = None
    toward_110: tuple[str, ...] = ()
    toward_12345: tuple[str, ...] = ()
    is_local: bool = False  # a site's own cue (sites.py)


@dataclass(frozen=True, slots=True)
class Category:
    """A row of annex 3."""

    name: str
    platform: str
    row: int
    line: int
    range: str
    department: str


@dataclass(frozen=True, slots=True)
class Department:
    """A row of annex 2."""

    name: str
    row: int
    line: int
    duty: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All data of the classifier; `version` changes with any byte of it."""

    categories: tuple[Category, ...]
    departments: tuple[Department, ...]
    groups: tuple[Group, ...]
    idioms: tuple[Cue, ...]
    speech: Mapping[str, Mapping[str, str]]
    fillers: frozenset[str]
    version: str


@cache
def lexicon() -> Lexicon:
    """Read and compile the data once (about half a second).

    Raises:
        ValueError: a data file is broken; names the cue. Never at run time with the committed files.
    """
    speech = _read("speech.toml")
    macros: dict[str, str] = speech["macro"]
    categories = tuple(Category(**row) for row in _read("annex3.toml")["category"])
    return Lexicon(
        categories=categories,
        departments=tuple(Department(**row) for row in _read("annex2.toml")["department"]),
        groups=tuple(_groups(macros)),
        idioms=_cues(speech["idiom"]["cues"], macros),
        speech=speech,
        fillers=frozenset(speech["fillers"]),
        version=f"hybrid-2+{_data_hash()}",
    )


def _groups(macros: Mapping[str, str]) -> Iterator[Group]:
    for name in DANGER_FILES:
        for row in _read(name)["group"]:
            strong = row["strength"] == "strong"
            yield _group(row, macros, Kind.DANGER, strong=strong, weight=_danger_weight(row))
            if "sound" in row:
                yield _sound_group(row, macros)
    for name in MATTER_FILES:
        for row in _read(name)["group"]:
            yield _group(row, macros, Kind.MATTER, strong=True, weight=float(row["weight"]))
    for row in _read(HINT_FILE)["group"]:
        yield _group(row, macros, Kind.HINT, strong=False, weight=float(row["weight"]))
    for row in _read("scope.toml")["group"]:
        yield _group(row, macros, Kind.SCOPE, strong=row["strength"] == "strong", weight=0.0)
    for row in _read("overlaps.toml")["overlap"]:
        yield _group(row, macros, Kind.OVERLAP, strong=True, weight=2.0)


def _danger_weight(row: dict[str, Any]) -> float:
    return float(row.get("weight", STRONG_WEIGHT if row["strength"] == "strong" else WEAK_WEIGHT))


def _group(row: dict[str, Any], macros: Mapping[str, str], kind: Kind, *, strong: bool, weight: float) -> Group:
    one = [row["category"]] if "category" in row else []
    also = [row["also"]] if "also" in row else []
    return Group(
        rule=row["rule"],
        kind=kind,
        strong=strong,
        cues=_cues(row["cues"], macros),
        zh=row["zh"],
        en=row["en"],
        weight=weight,
        categories=tuple(row.get("categories", one + also)),
        department=row.get("department"),
        hotlines=tuple(row.get("hotlines", ())),
        level=row.get("level", 3),
        lasting=row.get("lasting", False),
        both=row.get("both", False),
        ask=row.get("ask"),
        toward_110=tuple(row.get("toward_110", ())),
        toward_12345=tuple(row.get("toward_12345", ())),
    )


def _sound_group(row: dict[str, Any], macros: Mapping[str, str]) -> Group:
    """The weak twin of a strong group: its `sound` phrases by toneless syllables (ASR damage)."""
    sounds = " ".join(sounds_like(phrase) for phrase in row["sound"].split())
    twin = {**row, "rule": row["rule"] + SOUND_SUFFIX, "cues": sounds, "strength": "weak"}
    twin["zh"], twin["en"] = f"听起来像：{row['zh']}", f"sounds like: {row['en']}"
    return _group(twin, macros, Kind.DANGER, strong=False, weight=WEAK_WEIGHT)


def _cues(text: str, macros: Mapping[str, str]) -> tuple[Cue, ...]:
    return tuple(compile_cue(source, macros) for source in text.split())


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("classifier") / "data" / name).read_text(encoding="utf-8"))


def _data_hash() -> str:
    """Of every file in data/ that decides; names and line ends included, so that any change shows."""
    digest = hashlib.sha256()
    for entry in sorted((files("classifier") / "data").iterdir(), key=lambda path: path.name):
        if entry.name.endswith(".toml") and entry.name != "floors.toml":  # figures, not data
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return digest.hexdigest()[:12]
