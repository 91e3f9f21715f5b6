"""Every word that a page says is there in both languages: a key that is missing would stand on the screen as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "callflow" / "web" / "pages"
IMPORTED = re.compile(r'(?:from |import |import\()"(\.[^"]+\.js)"')
TOLD = re.compile(r'"([\w.\-]*)":\s*\["([^"]*)",\s*"([^"]*)"\]')
ASKED = re.compile(r'\bt\((?:[^"`()]*\? )?"([^"]+)"')
ASKED_BY_GROUP = re.compile(r'\bword\("([^"]+)"|\bt\(`([\w.\-]+)\.\$\{')


def files_of(page: str) -> set[Path]:
    """What this page loads, of ours."""
    found, left = set[Path](), [PAGES / page / "main.js"]
    while left:
        file = left.pop().resolve()
        if file not in found:
            found.add(file)
            left += [file.parent / name for name in IMPORTED.findall(file.read_text("utf-8"))]
    return found


@pytest.mark.parametrize("page", sorted(path.parent.name for path in PAGES.glob("*/main.js")))
def test_no_key_stands_on_the_screen_in_place_of_its_word(page: str) -> None:
    texts = [file.read_text("utf-8") for file in sorted(files_of(page))]
    told = {key: pair for text in texts for key, *pair in TOLD.findall(text)}
    asked = {key for text in texts for key in ASKED.findall(text)}
    groups = {group or prefix for text in texts for group, prefix in ASKED_BY_GROUP.findall(text)}

    assert asked - set(told) == set()
    assert {one for one in groups if not any(key.startswith(f"{one}.") for key in told)} == set()
    assert [key for key, (chinese, english) in told.items() if bool(chinese) != bool(english)] == []
