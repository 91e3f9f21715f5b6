"""The demo's five scenes: which script plays each, and what must be seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """What a scene must show. `cause` is that of the attempt that fails, "" when none does."""

    script: str
    origin: str
    target: str
    kind: str
    presentation: str
    owner: str
    cause: str = ""
    first_to_leave: str = "origin"

    @property
    def withheld(self) -> bool:
        """The caller hides his number."""
        return self.presentation == "withheld"


SCENES = (
    Expected("01-one-key-12345-to-110", "12345", "110", "one_key", "allowed", owner="110"),
    Expected("02-one-key-110-to-12345", "110", "12345", "one_key", "allowed", owner="12345"),
    Expected("03-withheld-number", "12345", "110", "one_key", "withheld", owner="110"),
    Expected("04-busy-then-three-party", "12345", "110", "three_party", "allowed", owner="110", cause="busy"),
    Expected(
        "05-unclear-first-receiver-keeps", "12345", "110", "three_party", "allowed", owner="12345",
        first_to_leave="target",
    ),
)  # fmt: skip

SILENCE_LIMIT_MS = 500.0
"""The demo's bound; the fine figures are the bench's."""

KEY_TO_RING_LIMIT_MS = 1000.0
