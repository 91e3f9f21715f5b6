"""What became of a call as its phones saw it: who ended each leg and how, and who was heard when.

Nothing here asks a platform: the sources are SIP dialogs and the packets that arrived.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from softphone_sim.ears.listen import NS_PER_MS, PACKET_MS, Interval, listen
from softphone_sim.ears.tape import read_tape
from softphone_sim.phone.handset import CallSeen, Handset
from softphone_sim.phone.messages import SUCCESS, SipMessage

PACKET_NS = int(PACKET_MS * NS_PER_MS)
BREATH_NS = 3 * PACKET_NS  # a shorter change of voices is a transition, a shorter pause the machine's jitter
LET_GO = frozenset({"BYE", "CANCEL"})
Q850 = re.compile(r"Q\.850;.*cause=(\d+)")


class EndedBy(StrEnum):
    """Who ended a leg, by the messages on the wire."""

    SELF = "self"  # BYE, CANCEL or a refusal of the phone's own
    FAR = "far"  # BYE, CANCEL or a refusal from the other side
    NOBODY = "nobody"  # still there, or its phone died


@dataclass(frozen=True, slots=True)
class LegSeen:
    """One leg of one phone. Moments are wall clock nanoseconds."""

    phone: str
    number: str  # of the caller it is about, as the phone showed or sent it
    is_incoming: bool
    began_ns: int
    accepted_ns: int | None  # its 200 went or came
    answered_ns: int | None  # and was acknowledged
    ended_ns: int | None  # None: it is still there
    ended_by: EndedBy
    code: int  # of the final answer
    cause: int  # Q.850 of the BYE or CANCEL that came, 0 if none was named
    stretches: tuple[Interval, ...]  # who was heard, in order
    let_go_ns: int | None = None  # when it first sent a BYE or CANCEL itself
    let_go_cause: int = 0  # Q.850 that this one named
    has_transferred: bool = False  # its REFER succeeded, so its own BYE is no goodbye

    def __str__(self) -> str:
        """What happened to it when, in epoch seconds."""
        moments = {"began": self.began_ns, "took": self.accepted_ns, "talks": self.answered_ns, "ended": self.ended_ns}
        told = [f"{what} {ns / 1e9:.3f}" for what, ns in moments.items() if ns is not None]
        return f"{self.phone} {', '.join(told)} by {self.ended_by}"

    def is_up_at(self, time_ns: int) -> bool:
        """It was answered before and ended after this moment."""
        began, ended = self.answered_ns, self.ended_ns
        return began is not None and began <= time_ns and (ended is None or time_ns < ended)

    def rings_at(self, time_ns: int) -> bool:
        """It came before and was neither answered nor ended at this moment."""
        over = self.answered_ns or self.ended_ns
        return self.is_incoming and self.began_ns <= time_ns and (over is None or time_ns < over)


def leg_seen(
    phone: str,
    handset: Handset,
    call: CallSeen,
    *,
    number: str,
    tones_hz: Mapping[str, int],
    died_ns: int | None = None,
) -> LegSeen:
    """Everything that one phone saw of one call. `died_ns`: when the phone was killed, if it was."""
    messages = [message for message in handset.messages if message.call_id == call.sip_call_id]
    confirmed = call.first("confirmed")  # a 200 that nobody acknowledged has connected nobody
    ended_ns, ended_by = call.ended_ns, EndedBy.NOBODY
    let_go = _last_words(messages, is_sent=True)
    if died_ns is not None and ended_ns is None:
        ended_ns = died_ns
    elif ended_ns is not None:
        ended_by = _ended_by(call, messages)
    return LegSeen(
        phone=phone,
        number=number,
        is_incoming=call.is_incoming,
        began_ns=call.began_ns,
        accepted_ns=call.answered_ns,
        answered_ns=confirmed.time_ns if confirmed else None,
        ended_ns=ended_ns,
        ended_by=ended_by,
        code=call.states[-1].code if call.states else 0,
        cause=_cause(_last_words(messages, is_sent=False)),
        stretches=tuple(stretches(call, tones_hz)),
        let_go_ns=let_go.time_ns if let_go else None,
        let_go_cause=_cause(let_go),
        has_transferred=any(is_final and code in SUCCESS for _, code, is_final in call.transfers),
    )


def stretches(call: CallSeen, tones_hz: Mapping[str, int]) -> list[Interval]:
    """Who was heard when: the tape as stretches of the same voices; what is shorter than a breath is left out."""
    if call.tape is None:
        return []
    heard = listen(read_tape(call.tape), tones_hz)
    if not len(heard.packets):
        return []
    names = list(tones_hz)
    times = heard.times_ns
    mask = np.zeros(len(times), dtype=np.uint64)
    for bit, name in enumerate(names):
        mask |= heard.voices[name].astype(np.uint64) << np.uint64(bit)
    breaks = np.flatnonzero((mask[1:] != mask[:-1]) | (np.diff(times) > BREATH_NS)) + 1
    edges = [0, *breaks.tolist(), len(times)]
    found: list[Interval] = []
    for first, last in pairwise(edges):
        start_ns, end_ns = int(times[first]), int(times[last - 1]) + PACKET_NS
        bits = int(mask[first])
        voices = frozenset(name for bit, name in enumerate(names) if bits >> bit & 1)
        if found and found[-1].voices == voices and start_ns - found[-1].end_ns <= BREATH_NS:
            found[-1] = Interval(found[-1].start_ns, end_ns, voices)
        elif end_ns - start_ns >= BREATH_NS:
            found.append(Interval(start_ns, end_ns, voices))
    return found


def _ended_by(call: CallSeen, messages: list[SipMessage]) -> EndedBy:
    last = next((m for m in messages if m.code is None and m.method in {"BYE", "CANCEL"}), None)
    if last is not None:
        return EndedBy.SELF if last.is_sent else EndedBy.FAR
    return EndedBy.SELF if call.is_incoming else EndedBy.FAR


def _last_words(messages: list[SipMessage], *, is_sent: bool) -> SipMessage | None:
    """The first BYE or CANCEL of the dialog that went, or came."""
    return next((m for m in messages if m.code is None and m.method in LET_GO and m.is_sent is is_sent), None)


def _cause(words: SipMessage | None) -> int:
    found = Q850.search((words and words.header("reason")) or "")
    return int(found[1]) if found else 0
