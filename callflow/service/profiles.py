"""A peer's own names for our fields (requirement R-062): the last thing done to what leaves, the first to what comes.

Only the body is renamed; the head, by which a message is signed, ordered and found, is the same everywhere. What is
signed and chained is the text with the peer's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callflow.service.messages import KINDS


@dataclass(frozen=True, slots=True)
class Profile:
    """`fields`: our name -> his. `words`: our name of a field -> our word in it -> his; words of texts only."""

    fields: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def outward(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Our body with his names and words."""
        return {self.fields.get(name, name): _word(self.words.get(name, {}), said) for name, said in body.items()}

    def inward(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """His body with ours. What neither knows keeps its name."""
        ours = {his: name for name, his in self.fields.items()}
        words = {name: {his: word for word, his in pairs.items()} for name, pairs in self.words.items()}
        named = ((ours.get(name, name), said) for name, said in body.items())
        return {name: _word(words.get(name, {}), said) for name, said in named}

    def ambiguity(self) -> str | None:
        """Why this profile could not be read back, or None."""
        known = {name for body in KINDS.values() for name in body.model_fields}
        unknown = sorted({*self.fields, *self.words} - known)
        if unknown:
            return f"no message has a field {', '.join(unknown)}"
        wire = [self.fields.get(name, name) for name in known]
        twice = sorted({name for name in wire if wire.count(name) > 1})
        if twice:
            return f"two fields would be called {', '.join(twice)}"
        doubled = sorted(name for name, pairs in self.words.items() if len(set(pairs.values())) < len(pairs))
        return f"two words of {', '.join(doubled)} would be the same" if doubled else None


OURS = Profile()
"""No other names than our own."""


def _word(words: Mapping[str, str], said: Any) -> Any:
    return words.get(said, said) if isinstance(said, str) else said
