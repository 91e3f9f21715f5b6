"""Threads for work that may never come back: it stops nobody else, and not the program's end either."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Full, Queue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class AsideFull(Exception):  # noqa: N818 - named by what happened
    """So much work waits that more would never have its turn."""


@dataclass(frozen=True, slots=True)
class Aside:
    """So many threads of its own.

    `asyncio.to_thread` shares its few among everybody: work that hangs there stops log-ins and wishes too, and the
    program's end waits for it. These are daemons and nobody else's.
    """

    name: str
    threads: int
    waiting_most: int
    _work: Queue[tuple[Future[Any], Callable[[], Any]]] = field(init=False)

    def __post_init__(self) -> None:
        """The threads stand ready."""
        object.__setattr__(self, "_work", Queue(self.waiting_most))
        for place in range(self.threads):
            threading.Thread(target=self._serve, name=f"{self.name} {place}", daemon=True).start()

    async def do(self, work: Callable[[], T]) -> T:
        """Have it done; who gives up waiting (cancellation) before its turn has it not done at all.

        Raises:
            AsideFull: all threads are busy and `waiting_most` others wait.
        """
        future: Future[T] = Future()
        try:
            self._work.put_nowait((future, work))
        except Full:
            raise AsideFull(f"{self.name}: {self.threads} threads busy, {self.waiting_most} others wait") from None
        return await asyncio.wrap_future(future)

    def _serve(self) -> None:
        while True:
            future, work = self._work.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is the asker's
                future.set_exception(error)
