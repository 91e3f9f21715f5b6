"""Which trunks to the other platforms are known to be dead now, so that a handover need not find it out by ringing.

Asterisk asks the far PBX every two seconds (OPTIONS, `qualify_frequency`), and rings nobody over a trunk whose last
question was not answered. An answer that came while Asterisk was still starting is lost, so the first silence is asked
about once more at once (`PJSIPQualify`), and not only two seconds later. We ask Asterisk, by `Getvar` of two dialplan
functions, since that needs class `reporting` only; the `ContactStatus` event is the hint to ask again. What we do not
know is never called dead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from agi.link import AmiLink
from callflow.domain.names import TargetCode
from callflow.service.ports import AsteriskRefused, LinkDown
from callflow.sitefile import Site

log = structlog.get_logger(__name__)

DEAD_AFTER_S = 3.0
"""Two questions without an answer. One alone may be a packet lost, or a far PBX that was busy for a second."""

LOOK_EVERY_S = 10.0
"""Asked this often also without a hint: hints give way when the link is full."""

STATUS_OF = {"Reachable": True, "Unreachable": False}
"""Asterisk's words that say something; the others (NonQualified, Unknown, Created, Removed) leave it open."""


class Trunks:
    """The trunks of one site. `clock`: epoch seconds. `run` belongs to the TaskGroup that runs the link."""

    def __init__(self, link: AmiLink, site: Site, clock: Callable[[], float]) -> None:
        self._link = link
        self._clock = clock
        self._by_peer = {peer.id: frozenset(t.code for t in site.directory if t.via == peer.id) for peer in site.peer}
        self._via = {TargetCode(t.code): t.via for t in site.directory}
        self._answers: dict[str, bool] = {}
        self._silent_since: dict[str, float] = {}
        self._hinted = asyncio.Event()

    # ---- who asks

    def answers(self, peer_id: str) -> bool | None:
        """Whether this peer's PBX answers; None when that is not known, or not for long enough to say no."""
        if self._answers.get(peer_id, True):
            return self._answers.get(peer_id)
        return False if self._clock() - self._silent_since[peer_id] >= DEAD_AFTER_S else None

    def is_reachable(self, target: TargetCode) -> bool | None:
        """Whether a directory code's trunk answers; None when nobody can say, as for a carrier's lines."""
        return self.answers(self._via.get(target, ""))

    def unreachable(self) -> frozenset[TargetCode]:
        """The directory codes whose trunk is known to be dead now."""
        dead = [codes for peer, codes in self._by_peer.items() if self.answers(peer) is False]
        return frozenset(TargetCode(code) for codes in dead for code in codes)

    # ---- who tells

    def hint(self) -> None:
        """Something may have changed: ask again."""
        self._hinted.set()

    def forget(self) -> None:
        """The link is cut: from now on nothing is known."""
        self._answers.clear()
        self._silent_since.clear()

    def note(self, peer_id: str, *, answers: bool | None) -> None:
        """Take one word of Asterisk's. A silence counts from the first word of it."""
        if answers is None:
            self._answers.pop(peer_id, None)
        elif answers != self._answers.get(peer_id):
            log.info("trunk", peer=peer_id, answers=answers)
            self._answers[peer_id] = answers
        if answers is False:
            self._silent_since.setdefault(peer_id, self._clock())
        else:
            self._silent_since.pop(peer_id, None)

    async def run(self) -> None:
        """Ask at every hint and every ten seconds, for ever."""
        while True:
            self._hinted.clear()
            if self._link.is_up:
                await self._look()
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._hinted.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        try:
            for peer_id in self._by_peer:
                contacts = await self._value(f"PJSIP_AOR(peer-{peer_id},contact)")
                words = {await self._value(f"PJSIP_CONTACT({one},status)") for one in contacts.split(",") if one}
                said = {STATUS_OF.get(word) for word in words}
                answers = True if True in said else None if None in said or not said else False
                is_news = answers is not self._answers.get(peer_id)
                self.note(peer_id, answers=answers)
                if is_news and answers is False:
                    await self._link.send({"Action": "PJSIPQualify", "Endpoint": f"peer-{peer_id}"})
        except (LinkDown, AsteriskRefused) as error:
            log.warning("trunks not read", why=str(error))
            self.forget()

    async def _value(self, function: str) -> str:
        return (await self._link.send({"Action": "Getvar", "Variable": function})).first("Value")
