"""The AMI link: kept up for as long as `run` lives, told as one ordered stream of news.

An action is sent once or not at all and always ends: with an answer, with Asterisk's refusal, or with
`LinkDown`. After every reconnect the reader of the news gets `LinkUp` and compares what it knows with what
is (reconcile); this file never tries to make up for what was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from agi.carrier import CarriedMessage, Carrier
from agi.wire import AmiMessage, AmiParser, check_sendable
from callflow.service.ports import AsteriskRefused, LinkDown

log = structlog.get_logger(__name__)

WANTED_EVENTS = frozenset({"ContactStatus", "DialState", "UserEvent"})
"""What we read of AMI: a target that rings, and hints that the journal has grown or a trunk has changed."""

Headers = Mapping[str, str | list[str]]


class AmiLoginRefused(Exception):  # noqa: N818 - named by what happened
    """Asterisk does not let us in; waiting will not help, somebody must mend the configuration."""


@dataclass(frozen=True, slots=True)
class AmiLogin:
    """Where Asterisk listens and who we are there (`manager.conf`)."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """How long the link waits for things, in seconds, and how many unread news it keeps.

    A half-open connection is noticed after at most `ping_every_s + ping_s`. Pauses double from the first to
    the most.
    """

    connect_s: float = 5.0
    login_s: float = 5.0
    action_s: float = 5.0
    ping_every_s: float = 5.0
    ping_s: float = 3.0
    pause_first_s: float = 0.25
    pause_most_s: float = 2.0
    news: int = 1000


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Logged in; whatever happened meanwhile was not seen."""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The connection ended. `why` is for the log."""

    why: str


News = LinkUp | LinkLost | AmiMessage


class AmiLink:
    """One site's link to its Asterisk. `run` belongs to a TaskGroup; one reader takes from `news`."""

    def __init__(self, login: AmiLogin, *, limits: LinkLimits | None = None) -> None:
        check_sendable({"Username": login.username, "Secret": login.secret})
        self.limits = limits or LinkLimits()
        self.news: asyncio.Queue[News] = asyncio.Queue(self.limits.news)
        self.dropped_events = 0
        """Events that found `news` full since the start. They are hints: losing one costs time, not facts."""
        self._login = login
        self._carrier: Carrier | None = None
        """The connection in use; None while there is none that is logged in."""
        self._closing = asyncio.Event()
        self._was_up = False

    # ---- for whoever talks to Asterisk

    @property
    def is_up(self) -> bool:
        """Logged in now."""
        return self._carrier is not None

    async def send(self, action: Headers, *, limit_s: float | None = None) -> AmiMessage:
        """Send one action, once, and return Asterisk's answer to it.

        Raises:
            AsteriskRefused: the answer was an error; its words are the message.
            LinkDown: not connected, or no answer within `limit_s`; the action may have been carried out.
            UnsendableValue: a value would break its line; nothing was sent.
        """
        return _accepted((await self._exchange(action, limit_s, as_list=False))[0], action)

    async def collect(self, action: Headers, *, limit_s: float | None = None) -> list[AmiMessage]:
        """Send an action that is answered by a list; return the list's items. Raises as `send` does."""
        answers = await self._exchange(action, limit_s, as_list=True)
        _accepted(answers[0], action)
        return answers[1:-1]

    # ---- for whoever owns the link

    async def run(self) -> None:
        """Keep the link up until `close` or cancellation.

        Raises:
            AmiLoginRefused: refused at the first log-in. Later (Asterisk came back with another password)
            it is only
                logged and tried again, because a running site is worth more than a clean exit.
        """
        pause_s = self.limits.pause_first_s
        while not self._closing.is_set():
            try:
                why = await self._one_connection()
                pause_s = self.limits.pause_first_s
            except AmiLoginRefused as refused:
                if not self._was_up:
                    raise
                why, pause_s = str(refused), self.limits.pause_most_s
            except (OSError, TimeoutError, LinkDown) as error:
                why = f"no AMI at {self._address}: {error or 'no answer in time'}; is Asterisk running there?"
            if not self._closing.is_set():
                log.warning("AMI link down", why=why, again_in_s=pause_s)
                await self._rest(pause_s)
                pause_s = min(pause_s * 2, self.limits.pause_most_s)

    def close(self) -> None:
        """End the link and let `run` return. Repeatable."""
        self._closing.set()
        if self._carrier is not None:
            self._carrier.close()

    # ---- one connection

    @property
    def _address(self) -> str:
        return f"{self._login.host}:{self._login.port}"

    async def _one_connection(self) -> str:
        """Connect, log in, ping until it ends; return why it ended."""
        parser = AmiParser(WANTED_EVENTS)
        carrier = Carrier(
            parser=parser,
            on_event=self._put,
            host=self._login.host,
            port=self._login.port,
            username=self._login.username,
            secret=self._login.secret,
        )
        try:
            async with asyncio.timeout(self.limits.connect_s):
                await carrier.connect()
            await self._log_in(carrier)
            self._carrier, self._was_up = carrier, True
            log.info("AMI link up", address=self._address)
            self._put(LinkUp())
            await self._ping_until_it_ends(carrier)
        finally:
            was_up, self._carrier = self._carrier is not None, None
            carrier.close()
            if parser.malformed:
                log.warning("AMI messages refused", count=parser.malformed)
            if was_up:
                self._put(LinkLost(carrier.why or "closed by us"))
        return carrier.why

    async def _log_in(self, carrier: Carrier) -> None:
        async with asyncio.timeout(self.limits.login_s):
            answer: CarriedMessage = await carrier.authenticated_future
        if not answer.success:
            raise AmiLoginRefused(
                f"Asterisk at {self._address} refuses AMI user {self._login.username!r}"
                f" ({answer.origin.first('Message', 'no reason given')});"
                " compare the secret and the permitted addresses in its manager.conf with this site's keys"
            )

    async def _ping_until_it_ends(self, carrier: Carrier) -> None:
        while not carrier.ended.is_set():
            try:
                async with asyncio.timeout(self.limits.ping_every_s):
                    await carrier.ended.wait()
            except TimeoutError:
                try:
                    await self._exchange({"Action": "Ping"}, self.limits.ping_s, as_list=False)
                except LinkDown as silence:
                    carrier.why = carrier.why or f"no answer to a ping: {silence}"
                    return

    async def _exchange(self, action: Headers, limit_s: float | None, *, as_list: bool) -> list[AmiMessage]:
        carrier, limit_s = self._carrier, limit_s or self.limits.action_s
        if carrier is None:
            raise LinkDown(f"not connected to Asterisk at {self._address}; the action was not sent")
        future: asyncio.Future[Any] = carrier.send_action(dict(action), as_list=as_list)
        try:
            async with asyncio.timeout(limit_s):
                answer = await future
        except TimeoutError as error:
            raise LinkDown(
                f"no answer to {action['Action']} within {limit_s} s; it may have been carried out"
            ) from error
        finally:
            carrier.protocol.forget(future)
        return [one.origin for one in (answer if isinstance(answer, list) else [answer])]

    def _put(self, news: News) -> None:
        """Put news down without waiting. When the reader is slow, events give way, never the link's own state."""
        if not self.news.full():
            self.news.put_nowait(news)
            return
        self.dropped_events += 1
        if isinstance(news, AmiMessage):
            return
        self.news.get_nowait()
        self.news.put_nowait(news)

    async def _rest(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._closing.wait()
        except TimeoutError:
            return


def _accepted(answer: AmiMessage, action: Headers) -> AmiMessage:
    if answer.first("Response") != "Success":
        raise AsteriskRefused(f"{action['Action']}: {answer.first('Message', 'refused without a reason')}")
    return answer
