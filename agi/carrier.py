"""panoramisk behind a guard: it carries log-in, actions and answers, and nothing of what it does wrongly.

One `Carrier` is one connection; it never connects again by itself (`link.AmiLink` makes a new one). Guards
are numbered as in the project's review of panoramisk 1.4: A1-A4 no action is ever sent twice and none waits
for ever after a disconnect, A5 a refused list ends, A7/A12/A13 ping, log-in and reconnect belong to the
link, A8/A15 an event is only put down for the link, never acted on here, A9/A10/A16 bytes are cut by
`wire.AmiParser`, A11 CR/LF/NUL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from agi.wire import AmiMessage, AmiOverrun, AmiParser, check_sendable
from callflow.service.ports import LinkDown


class CarriedMessage(Message):  # type: ignore[misc]  # panoramisk ships no types
    """panoramisk's view of a message, with ours beside it: his returns "" for whatever is missing (A18)."""

    def __init__(self, origin: AmiMessage) -> None:
        super().__init__({name: v[0] if len(v) == 1 else list(v) for name, v in origin.headers.items()})
        self.origin = origin


class _GuardedAction(Action):  # type: ignore[misc]  # panoramisk ships no types
    @property
    def multi(self) -> bool:
        """Whether more than the first answer belongs to this action: a list, unless it was refused (A5)."""
        return bool(self.as_list) and self.responses[0].success


class _GuardedProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk ships no types
    def __init__(
        self, parser: AmiParser, on_event: Callable[[AmiMessage], None], on_end: Callable[[str], None]
    ) -> None:
        self._parser = parser
        self._on_event = on_event
        self._on_end = on_end
        self._why = "Asterisk closed the connection"

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._parser.feed(data)
        except AmiOverrun as error:
            self._why = str(error)
            self.close()
            return
        for message in messages:
            if (
                "ActionID" not in message.headers
            ):  # nobody's answer: put down for the link; no reader gets at us (A8, A15)
                if message.name in self._parser.wanted:
                    self._on_event(message)
            elif self.factory is not None:  # None: the carrier has not met us; before that there is only the greeting
                self.handle_message(CarriedMessage(message))

    def send(
        self,
        data: Mapping[str, str | list[str]],
        as_list: bool | None = False,  # noqa: FBT001, FBT002 - panoramisk's signature
    ) -> asyncio.Future[Any]:
        check_sendable(data)
        if self.closed or self.transport.is_closing():
            refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            refused.set_exception(LinkDown("the AMI connection is closed; nothing was sent"))
            return refused
        sent: asyncio.Future[Any] = super().send(_GuardedAction(data), as_list=bool(as_list))
        return sent

    def forget(self, future: asyncio.Future[Any]) -> None:
        """Stop waiting for this answer; a late one is dropped."""
        for action_id, action in list(self.responses.items()):
            if action.future is future:
                del self.responses[action_id]

    def connection_lost(self, exc: Any) -> None:
        self.closed = True
        if isinstance(exc, OSError):
            self._why = f"the connection broke ({exc.strerror or exc})"
        for action in list(self.responses.values()):
            if not action.future.done():
                action.future.set_exception(LinkDown(f"{self._why}; the action may or may not have been carried out"))
        self.responses.clear()
        self.transport.close()
        self._on_end(self._why)

    def close(self) -> None:
        self.closed = True
        self.transport.abort()  # its connection_lost, soon after, fails what is still waiting


class Carrier(Manager):  # type: ignore[misc]  # panoramisk ships no types
    """One connection, logged in by panoramisk. Made inside a running loop; `ended` is set when it is over."""

    def __init__(self, *, parser: AmiParser, on_event: Callable[[AmiMessage], None], **config: Any) -> None:
        super().__init__(
            loop=asyncio.get_running_loop(),
            protocol_factory=lambda: _GuardedProtocol(parser, on_event, self._end),
            **config,
        )
        self.ended = asyncio.Event()
        self.why = ""

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        """Take the finished attempt to connect; the link awaits the same task and sees a failure there."""
        if f.cancelled() or f.exception() is not None:
            return
        super().connection_made(f)
        self.pinger.cancel()  # the link pings, and looks at the answer (A7)

    def login(self, future: asyncio.Future[Any]) -> None:
        """Leave the verdict to the link, which awaits the same future (A12)."""

    def dispatch(self, event: CarriedMessage) -> None:
        """Drop it: the late end of an action that nobody awaits any more."""

    async def send_awaiting_actions(self, *_: object) -> None:
        """Send nothing again, ever (A1-A3)."""

    def connection_lost(self, _exc: object) -> None:
        """Not used: the protocol reports its end itself, and the link decides about the next connection."""

    def _end(self, why: str) -> None:
        self.why = why
        self.ended.set()
