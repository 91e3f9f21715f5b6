"""A crowd: many callers behind few carrier phones, each with his own number and his own voice.

A carrier's phone is one process with many lines. A caller who is gone gives his tone back, after a pause in which
the last packets with it have died away.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from softphone_sim.ears.listen import TONE_OF_MUSIC_HZ, TONE_OF_RINGBACK_HZ
from softphone_sim.phone.handset import CallSeen, PhoneRefused
from softphone_sim.run.acts import uri_of
from softphone_sim.run.stage import Actor, Stage

TONES_HZ = tuple(hz for hz in range(500, 3400, 50) if hz not in {TONE_OF_MUSIC_HZ, TONE_OF_RINGBACK_HZ})
REST_S = 5.0
LINES = 4  # calls that one phone's SIP stack holds at once (PJSUA_MAX_CALLS)


@dataclass(frozen=True, slots=True)
class CrowdCall:
    """One caller's call: who he is, how he sounds, and what his line saw."""

    number: str
    tone_hz: int
    carrier: Actor
    seen: CallSeen


class Crowd:
    """Callers of one stage. `tones_hz`: the voices that nobody else on the stage has."""

    def __init__(self, stage: Stage, carriers: Sequence[Actor], tones_hz: Sequence[int]) -> None:
        self._stage = stage
        self._carriers = tuple(carriers)
        self._free: deque[tuple[float, int]] = deque((0.0, hz) for hz in tones_hz)
        self.calls: list[CrowdCall] = []

    def has_room(self) -> bool:
        """One more caller would find a line and a voice."""
        is_rested = bool(self._free) and self._free[0][0] <= time.monotonic()
        return is_rested and any(_lines_taken(one) < LINES for one in self._carriers)

    async def dial(self, number: str, to: str) -> CrowdCall:
        """A caller of this number dials a platform; the carrier vouches for him.

        Raises:
            PhoneRefused: no voice is free, or the carrier's phone is gone.
        """
        if not self.has_room():
            raise PhoneRefused("no line or voice is free: too many callers at once")
        tone_hz = self._free.popleft()[1]
        try:
            carrier, name = await self._line(number, to, tone_hz)
        except PhoneRefused:
            self._free.appendleft((0.0, tone_hz))
            raise
        seen = carrier.handset.call_named(name)
        assert seen is not None, "the phone told of the call before it answered the order"
        call = CrowdCall(number, tone_hz, carrier, seen)
        self.calls.append(call)
        return call

    async def _line(self, number: str, to: str, tone_hz: int) -> tuple[Actor, str]:
        """The first carrier's phone that takes the call: a stack may hold on to a dead call for half a minute."""
        refused = PhoneRefused("no carrier's phone is there")
        for carrier in sorted(self._carriers, key=_lines_taken):
            host = carrier.handset.spec.address
            try:
                answer = await carrier.handset.order(
                    "dial",
                    uri=uri_of(self._stage, carrier, to),
                    headers=[["P-Asserted-Identity", f"<sip:{number}@{host}>"]],
                    local_uri=f"sip:{number}@{host}",
                    tone_hz=tone_hz,
                )
            except PhoneRefused as why:
                refused = why
            else:
                return carrier, answer["call"]
        raise refused

    async def hang_up(self, call: CrowdCall, reason: str = "") -> None:
        """End a caller's call; with a `Reason` (RFC 3326) it is the carrier who ends it."""
        headers = [["Reason", reason]] if reason else []
        await call.carrier.handset.order("hang_up", call=call.seen.name, headers=headers)

    def gone(self, call: CrowdCall) -> None:
        """He will not be heard again: his voice is free after a rest."""
        self._free.append((time.monotonic() + REST_S, call.tone_hz))


def _lines_taken(carrier: Actor) -> int:
    return sum(call.is_live for call in carrier.handset.calls)
