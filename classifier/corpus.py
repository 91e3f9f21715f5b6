"""The written utterances with their labels: for training and measuring. Provenance: data/PROVENANCE.md."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from classifier.lexicon import lexicon

OLD_SET = "utterances.tsv"  # the author of the rules; alternatives divided by |, no departments, no hotlines
PLATFORMS = ("12345", "110", "both", "none")
HOTLINES = ("119", "120", "122", "utility")
KINDS = frozenset({"ordinary", "out_of_scope", "mixed", "covert", "harassment", "other_hotline"})


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says, and every answer that is right. None or empty: this label was not judged."""

    id: str
    author: str
    text: str
    platform: tuple[str, ...]
    category: tuple[str, ...]
    department: tuple[str, ...]
    danger: bool | None
    level: int | None
    hotlines: tuple[str, ...] | None
    kind: str
    traits: tuple[str, ...]
    basis: str = ""
    made_from: str | None = None  # id of the utterance that this generated variant comes from


def read_lines(lines: Iterator[str] | list[str], author: str) -> tuple[Utterance, ...]:
    """Utterances in the writers' form, one JSON object a line.

    Raises:
        ValueError: a line is broken or has a label that is none; names the line.
    """
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(_checked(json.loads(line), author))
            except (ValueError, KeyError, TypeError) as broken:
                raise ValueError(f"{author}, line {number}: {broken}") from broken
    return tuple(found)


def read_file(path: Path) -> tuple[Utterance, ...]:
    """Utterances of one file; its author is the file's name. Raises ValueError, OSError."""
    return read_lines(path.read_text(encoding="utf-8").splitlines(), path.stem)


def _checked(row: Mapping[str, Any], author: str) -> Utterance:
    data = lexicon()
    known = {
        "platform": set(PLATFORMS),
        "category": {category.name for category in data.categories},
        "department": {department.name for department in data.departments},
        "hotlines": set(HOTLINES),
    }
    for name, names in known.items():
        wrong = set(row[name]) - names
        if wrong:
            raise ValueError(f"{row['id']}: {name} has no {', '.join(sorted(wrong))}")
    if row["kind"] not in KINDS or row["level"] not in {1, 2, 3} or not isinstance(row["danger"], bool):
        raise ValueError(f"{row['id']}: kind, level or danger is none of the allowed")
    return Utterance(
        id=row["id"],
        author=author,
        text=row["text"],
        platform=tuple(row["platform"]),
        category=tuple(row["category"]),
        department=tuple(row["department"]),
        danger=row["danger"],
        level=row["level"],
        hotlines=tuple(row["hotlines"]),
        kind=row["kind"],
        traits=tuple(row["traits"]),
        basis=row.get("basis", ""),
        made_from=row.get("made_from"),
    )


def _old(stream: Iterator[str] | list[str]) -> Iterator[Utterance]:
    rows = csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t")
    for number, row in enumerate(rows):
        yield Utterance(
            id=f"rules-{number:04d}",
            author="rules",
            text=row["text"],
            platform=tuple(row["platform"].split("|")),
            category=tuple(name for name in row["category"].split("|") if name),
            department=(),
            danger={"yes": True, "no": False}.get(row["danger"]),
            level=int(row["level"]) if row["level"] else None,
            hotlines=None,
            kind="ordinary",
            traits=(row["kind"], row["split"]),
        )


def _data() -> Traversable:
    return files("classifier") / "data"


def _files() -> list[Traversable]:
    return sorted((_data() / "utterances").iterdir(), key=lambda entry: entry.name)


@cache
def corpus() -> tuple[Utterance, ...]:
    """Every utterance in the repository, the old set first, then file by file."""
    found = list(_old((_data() / OLD_SET).read_text(encoding="utf-8").splitlines()))
    for entry in _files():
        found += read_lines(entry.read_text(encoding="utf-8").splitlines(), entry.name.removesuffix(".jsonl"))
    return tuple(found)


def corpus_hash() -> str:
    """Of all files with utterances, names included."""
    digest = hashlib.sha256()
    for entry in [_data() / OLD_SET, *_files()]:
        digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return digest.hexdigest()[:12]
