"""The event loop of a site's program: uvloop, which does the same work in about six tenths of the processor time."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog
import uvloop

T = TypeVar("T")
log = structlog.get_logger(__name__)


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`: run `main` to its end on a loop of its own, and return or raise what it does."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(_nobody_awaited)
        return runner.run(main)


def _nobody_awaited(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A peer that goes in the middle of uvloop's TLS handshake is no defect of ours; everything else stays loud."""
    error = context.get("exception")
    if isinstance(error, ConnectionError):
        log.info("a connection ended early", why=repr(error))
    else:
        loop.default_exception_handler(context)
