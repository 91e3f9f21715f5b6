"""The caller's text made plain for matching, with the way back to every original code point."""

import re
import unicodedata
from dataclasses import dataclass

import opencc

# Longer texts are read at both ends: beginning and latest words of a call. 10,000 is what issue "classifier" asks for.
HEAD_CODE_POINTS = 16_000
TAIL_CODE_POINTS = 4_000

_converter = opencc.OpenCC("t2s")
_SENTENCE_END = re.compile(r"[。！？!?；;\n]")
# OpenCC keeps 著 where it may be 著名; for matching it is always 着 (著火).
_OWN_VARIANTS = str.maketrans({"著": "着", "砲": "炮", "喫": "吃", "喺": "在", "畀": "给", "俾": "给"})


@dataclass(frozen=True, slots=True)
class PlainText:
    """Folded text: simplified, lower case, half width, without blanks, fillers and control characters."""

    plain: str
    origin: tuple[int, ...]  # origin[i] = index in the original of plain[i]
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into the original of plain[start:end]; `end` excluded, start < end."""
        return self.origin[start], self.origin[end - 1] + 1

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """The bounds in `plain` of the sentence round plain[start:end]."""
        before = max((m.end() for m in _SENTENCE_END.finditer(self.plain, 0, start)), default=0)
        after = _SENTENCE_END.search(self.plain, end)
        return before, after.start() if after else len(self.plain)


def simplify(text: str) -> str:
    """Traditional to simplified, character for character, so that offsets stay true."""
    whole: str = _converter.convert(text)
    if len(whole) != len(text):  # a dictionary phrase of another length: rare, and then by single characters
        whole = "".join(_converter.convert(char)[:1] or char for char in text)
    return whole.translate(_OWN_VARIANTS)


def normalise(text: str, fillers: frozenset[str]) -> PlainText:
    """Fold `text` for matching. Never raises; reads at most HEAD + TAIL code points of it."""
    if len(text) > HEAD_CODE_POINTS + TAIL_CODE_POINTS:
        picked = [*range(HEAD_CODE_POINTS), *range(len(text) - TAIL_CODE_POINTS, len(text))]
    else:
        picked = list(range(len(text)))
    chars: list[str] = []
    origin: list[int] = []
    for index in picked:
        for char in _fold(text[index]):
            if char in fillers or (chars[-2:] == [char, char]):  # 救救救命: a stutter keeps two
                continue
            chars.append(char)
            origin.append(index)
    return PlainText(simplify("".join(chars)), tuple(origin), text)


def _fold(char: str) -> str:
    """Half width and lower case; nothing for blanks, marks, lone surrogates and control characters."""
    if "一" <= char <= "鿿":
        return char
    if char == "\n":
        return char
    return "".join(c for c in unicodedata.normalize("NFKC", char).lower() if unicodedata.category(c)[0] not in "CZM")
