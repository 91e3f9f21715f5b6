"""Threads for work that may never come back: it stops nobody else, and not the program's end either."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from queue import Full, Queue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class AsideFull(Exception):  # noqa: N818 - named by what happened, as the other refusals
    """So much work waits that more would never have its turn."""


class Aside:
    """So many threads of its own; at most `waiting_most` others wait for one.

    `asyncio.to_thread` shares its few among everybody: work that hangs there stops log-ins and wishes too, and the
    program's end waits for it. These are daemons and nobody else's.
    """

    def __init__(self, name: str, threads: int, waiting_most: int) -> None:
        self._name = name
        self._work: Queue[tuple[Future[Any], Callable[[], Any]]] = Queue(waiting_most)
        for place in range(threads):
            threading.Thread(target=self._serve, name=f"{name} {place}", daemon=True).start()

    async def do(self, work: Callable[[], T]) -> T:
        """Have it done; who gives up waiting (cancellation) before its turn has it not done at all.

        Raises:
            AsideFull: all threads are busy and `waiting_most` others wait.
        """
        future: Future[T] = Future()
        try:
            self._work.put_nowait((future, work))
        except Full:
            raise AsideFull(f"{self._name}: its threads are busy, {self._work.maxsize} others wait") from None
        return await asyncio.wrap_future(future)

    def _serve(self) -> None:
        while True:
            future, work = self._work.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whatever it is, the asker is to have it, and the next his turn
                future.set_exception(error)
