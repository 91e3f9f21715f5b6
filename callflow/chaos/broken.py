"""A site's program with one safety switched off, for `./run chaos --break`: `python -m callflow.chaos.broken NAME`.

Production starts `python -m callflow site`, which does not know this module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from callflow.adapters.exchange_http import Pushing
from callflow.app import serve
from callflow.service.runner import Runner


async def _nothing(*_arguments: Any) -> None:
    """What a safety does that is switched off."""


def _no_reconcile() -> None:
    """After a cut nobody compares the stored calls with the live channels."""
    setattr(Runner, "reconcile", _nothing)  # noqa: B010 - a safety off is the purpose, types and all


def _no_outbox() -> None:
    """A message to the peer counts as received as soon as it is stored; nothing is sent."""
    setattr(Pushing, "_send", _nothing)  # noqa: B010 - see above


SAFETIES: dict[str, Callable[[], None]] = {"reconcile": _no_reconcile, "outbox": _no_outbox}

if __name__ == "__main__":
    SAFETIES[sys.argv[1]]()
    sys.exit(serve())
