r"""The notation of the cue files, and a quick test whether a cue can match at all.

A cue is a small regular expression. `~` stands for up to six characters of the same sentence, `{name}` for a list of
words from speech.toml. Most cues cannot match most texts; `needs` says which characters a match must contain, so that
an utterance costs a few set look-ups per cue and a regular expression only where it may succeed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from classifier.normalise import simplify

_GAP = r"[^。！？!?；;\n]{0,6}?"
_MACRO = re.compile(r"\{([a-z_]+)\}")
_QUANTIFIER = re.compile(r"[?*+]\??|\{(\d+)(,\d*)?\}\??")

COMMON = (
    "了我的不一个人在上是没说有来里子就们下那天到他都家要着车去你三还老打头把门电十小给口水出开两面楼得大这现过地走年看"
)
"""What most callers say, the commonest first; 了 stands in six of ten utterances, 看 in one of twenty."""

Needs = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """One compiled cue. A match contains a character of every set in `needs`."""

    pattern: re.Pattern[str]
    needs: Needs


class Index:
    """Cues, each with a rule's name, by what they need: a cue may match a text that meets all of its needs.

    Needs are numbered, so that a text is asked once for each of its characters and not once for each cue.
    """

    def __init__(self, cues: Iterable[tuple[str, Cue]]) -> None:
        numbers: dict[frozenset[str], int] = {}
        self._always: list[tuple[str, Cue]] = []
        self._by_rarest: dict[int, list[tuple[frozenset[int], str, Cue]]] = {}
        for name, cue in cues:
            needs = [numbers.setdefault(need, len(numbers)) for need in cue.needs]
            if needs:
                self._by_rarest.setdefault(needs[0], []).append((frozenset(needs), name, cue))
            else:
                self._always.append((name, cue))
        self._met_by: dict[str, list[int]] = {}
        for need, number in numbers.items():
            for character in need:
                self._met_by.setdefault(character, []).append(number)

    def likely(self, plain: str) -> Iterator[tuple[str, Cue]]:
        """The cues that may match `plain`, each once; no other can."""
        met: set[int] = set()
        for character in set(plain):
            met.update(self._met_by.get(character, ()))
        yield from self._always
        for number in met & self._by_rarest.keys():
            for needs, name, cue in self._by_rarest[number]:
                if needs <= met:
                    yield name, cue


def compile_cue(source: str, macros: Mapping[str, str]) -> Cue:
    """Compile one cue in the notation above.

    Raises:
        ValueError: the notation is broken or names an unknown list; says which cue.
    """
    try:
        expanded = _MACRO.sub(lambda m: f"({macros[m[1]]})", source)
        plain = simplify(expanded.lower())
        pattern = re.compile(re.sub(r"\((?!\?)", "(?:", plain).replace("~", _GAP))
    except (KeyError, re.error) as broken:
        raise ValueError(f"cue {source!r} cannot be read: {broken}") from broken
    return Cue(pattern, tuple(sorted(_Reader(plain).read(), key=_commonness)))  # the rarest first


def _commonness(need: frozenset[str]) -> float:
    """About how many of a hundred utterances have one of these characters."""
    return sum(60 / (1 + COMMON.index(one) / 8) if one in COMMON else 1 for one in need)


class _Reader:
    """Reads a cue from left to right and collects what every match must contain."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def read(self) -> Needs:
        branches = self._branches()
        if len(branches) == 1:
            return tuple(branches[0])
        one_of = self._one_of(branches)
        return (one_of,) if one_of else ()

    def _branches(self) -> list[list[frozenset[str]]]:
        branches: list[list[frozenset[str]]] = [[]]
        while self._at < len(self._source) and self._source[self._at] != ")":
            if self._source[self._at] == "|":
                self._at += 1
                branches.append([])
            elif (need := self._element()) is not None:
                branches[-1].append(need)
        return branches

    def _element(self) -> frozenset[str] | None:
        """One character, class or group with its quantifier; None if a match may do without it."""
        char = self._source[self._at]
        self._at += 1
        need: frozenset[str] | None
        if char == "(":
            need = self._group()
        elif char == "[":
            need = self._class()
        elif char == "\\":
            self._at += 1
            need = None
        else:
            need = None if char in ".~" else frozenset(char)
        quantifier = _QUANTIFIER.match(self._source, self._at)
        if quantifier is None:
            return need
        self._at = quantifier.end()
        return None if quantifier[0][0] in "?*" or quantifier[1] == "0" else need

    def _group(self) -> frozenset[str] | None:
        looks_around = self._source.startswith("?", self._at)
        if looks_around:
            self._at += 2  # only (?! ... ) is used
        branches = self._branches()
        self._at += 1
        return None if looks_around else self._one_of(branches)

    @staticmethod
    def _one_of(branches: list[list[frozenset[str]]]) -> frozenset[str] | None:
        if not all(branches):
            return None
        return frozenset().union(*(min(needs, key=len) for needs in branches))

    def _class(self) -> frozenset[str] | None:
        end = self._source.index("]", self._at)
        body = self._source[self._at : end]
        self._at = end + 1
        ranges = re.findall(r"(\w)-(\w)", body)
        inside = {chr(code) for low, high in ranges for code in range(ord(low), ord(high) + 1)}
        return None if body.startswith("^") else frozenset(inside | set(body))
