"""One phone, one process: PJSUA2 on a null sound device, driven by JSON lines.

Commands come on stdin (`{"do": …}`), events leave on stdout (`{"event": …, "t": ns}`); end of file on stdin
ends the phone, so no phone outlives its runner. Everything runs on one thread: PJSUA2 is polled, the
taps are drained, commands are carried out, timers fall due.
"""

import contextlib
import json
import os
import selectors
import sys
import time
from typing import Any

import pjsua2 as pj

from softphone_sim.phone.engine import Engine


class Worker:
    """Reads commands, runs the phone, writes events."""

    def __init__(self, commands_fd: int, events_fd: int) -> None:
        self._commands_fd = commands_fd
        self._events_fd = events_fd
        self._selector = selectors.DefaultSelector()
        self._selector.register(commands_fd, selectors.EVENT_READ)
        self._unread = b""
        self._engine = Engine(self.tell)

    def tell(self, event: str, **fields: object) -> None:
        """Write one event line, stamped with the wall clock in nanoseconds."""
        line = json.dumps({"event": event, "t": time.time_ns(), **fields}, ensure_ascii=False)
        os.write(self._events_fd, line.encode() + b"\n")

    def run(self) -> None:
        """Serve until stdin ends."""
        while self._read_commands():
            self._engine.poll(self._engine.poll_ms)
        self._engine.close()

    def _read_commands(self) -> bool:
        if not self._selector.select(0):
            return True
        chunk = os.read(self._commands_fd, 65536)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            self._carry_out(json.loads(line))
        return bool(chunk)

    def _carry_out(self, command: dict[str, Any]) -> None:
        order = command.pop("do")
        number = command.pop("id", None)
        try:
            answer = getattr(self._engine, f"do_{order}")(**command)
        except pj.Error as why:
            self.tell("failed", id=number, why=f"{why.title}: {why.reason}")
        except (OSError, LookupError, ValueError, TypeError, AttributeError) as why:
            self.tell("failed", id=number, why=f"{type(why).__name__}: {why}")
        else:
            self.tell("done", id=number, answer=answer)


def main() -> None:
    """Keep stdout for events alone: whatever a library prints goes to stderr."""
    events_fd = os.dup(1)
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):  # the runner is gone or is ending us
        Worker(0, events_fd).run()
    with contextlib.suppress(OSError):
        os.close(events_fd)
    sys.stderr.flush()
    os._exit(0)  # PJSUA2's own clean-up at interpreter exit runs in the wrong order and may abort


if __name__ == "__main__":
    main()
