"""From Asterisk's words to the domain's: journal lines and AMI events in, `callflow.domain.events` out.

The journal is believed: our own dialplan wrote it, and it filtered every value. AMI is not: of its events
only "this leg rings" is read, and only for a channel and uniqueid that the journal has named together
(requirement T-07).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from agi.journal import JournalLine
from agi.plain_steps import PLAIN_STEPS, attempt_of, is_set, number
from agi.uui import UuiVerifier
from agi.wire import AmiMessage
from callflow.domain import events
from callflow.domain.calls import Call
from callflow.domain.causes import Failure, outcome_of
from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    IncidentId,
    Kind,
    Outcome,
    Presentation,
    SiteId,
    TargetCode,
    Verified,
    Way,
)
from callflow.service.ports import LiveChannel
from callflow.sitefile import Site

log = structlog.get_logger(__name__)

FAULT_CAUSES = frozenset({0, 27, 34, 38, 41, 42, 44, 47, 102})
"""Q.850 causes of a caller's leg that was cut. Measured in Asterisk 22: who hangs up has 16, who gives up before an
answer 127, whom the dialplan turns away 17 to 21; a leg whose audio stopped (`rtp_timeout`) has 44."""

NO_AUDIO = 44
PEER_LEG = "PJSIP/peer-"
"""Only legs of platforms are ended for want of audio; on any other caller 44 is left over from a leg that he lost."""

EARLY_LIMIT = 256
"""Legs that rang before their journal line was read; the oldest is forgotten."""

VERIFIED_OF_MARK = {
    "trusted": Verified.NETWORK,
    "claimed": Verified.CLAIMED,
    "refused": Verified.NONE,
    "nonum": Verified.NONE,
}


@dataclass(frozen=True, slots=True)
class _Leg:
    """A target's leg that may ring: its attempt, and who told us."""

    call_id: CallId
    attempt_id: AttemptId
    uniqueid: str


class Translator:
    """One site's translator. Remembers which channel belongs to which attempt while it may still ring."""

    def __init__(self, site: Site, uui: UuiVerifier) -> None:
        self._peers = {peer.id for peer in site.peer}
        codes = {carrier.id: carrier.number_refused_codes for carrier in site.carrier}
        codes |= {peer.id: peer.number_refused_codes for peer in site.peer}
        self._refused_codes = {target.code: codes[target.via] for target in site.directory}
        self._languages = {carrier.id: carrier.language for carrier in site.carrier}
        self._shows = site.supervision.show_listening
        self._uui = uui
        self._legs: dict[ChannelName, _Leg] = {}
        self._early: dict[ChannelName, tuple[str, float]] = {}
        """Legs that rang before the journal named them: uniqueid and moment."""
        self._steps: Mapping[str, Callable[[JournalLine], list[events.Event]]] = {
            **PLAIN_STEPS,
            "arrived": self._arrived,
            "inviting": self._inviting,
            "retrying": self._retrying,
            "failed": self._failed,
            "refused": self._refused,
            "joined": self._joined,
            "consulting": self._consulting,
            "returned": self._returned,
            "ended": self._ended,
            "listening": self._listening,
        }

    def read_journal(self, line: JournalLine) -> list[events.Event]:
        """Return what the line says happened: usually one event, none for a step that changes nothing.

        Never raises for a line's content; what cannot be understood is logged with its place.
        """
        try:
            found = self._steps[line.step](line)
        except (KeyError, ValueError) as error:
            log.warning(
                "journal line not understood",
                step=line.step,
                offset=line.offset,
                call_id=line.call_id,
                why=repr(error),
            )
            return []
        return found

    def read_ami(self, message: AmiMessage, at: float) -> events.TargetRinging | None:
        """Return the news that a target's phone rings, or None for any other event."""
        if message.name != "DialState" or message.first("DialStatus") != "RINGING":
            return None
        channel, uniqueid = ChannelName(message.first("DestChannel")), message.first("DestUniqueid")
        leg = self._legs.get(channel)
        if leg is None:
            self._early[channel] = (uniqueid, at)
            if len(self._early) > EARLY_LIMIT:
                del self._early[next(iter(self._early))]
            return None
        return self._ringing(leg, uniqueid, at)

    def remember(self, calls: Sequence[Call], channels: Sequence[LiveChannel]) -> list[events.TargetRinging]:
        """Know again the legs whose `inviting` was read before a restart, and say which of them rang meanwhile.

        Asterisk's own answer to our question names channel, uniqueid and call together, as the journal does.
        """
        lives = {(c.name, c.call_id): c.uniqueid for c in channels}
        rang: list[events.TargetRinging] = []
        for call in calls:
            for attempt in call.attempts:
                channel = attempt.channel
                uniqueid = lives.get((channel, call.call_id)) if channel and attempt.is_ringing else None
                if channel is None or uniqueid is None or channel in self._legs:
                    continue
                leg = self._legs[channel] = _Leg(call.call_id, attempt.attempt_id, uniqueid)
                early = self._early.pop(channel, None)
                ringing = self._ringing(leg, *early) if early is not None else None
                rang += [] if ringing is None else [ringing]
        return rang

    def _ringing(self, leg: _Leg, uniqueid: str, at: float) -> events.TargetRinging | None:
        if leg.uniqueid != uniqueid:
            log.warning("AMI names a channel with a foreign uniqueid; ignored", call_id=leg.call_id)
            return None
        return events.TargetRinging(leg.call_id, at, leg.attempt_id)

    def _forget(self, attempt_id: str) -> None:
        for channel in [name for name, leg in self._legs.items() if leg.attempt_id == attempt_id]:
            del self._legs[channel]

    # ---- one function a step, in the order of a call

    def _arrived(self, line: JournalLine) -> list[events.Event]:
        found = line.detail
        via = found["via"]
        signed = self._uui.verify(found["uui"], line.at) if via in self._peers and found.get("uui") else None
        if signed is not None and signed.from_site != via:
            log.warning("signed incident id of another site than the trunk's; ignored", call_id=line.call_id, via=via)
            signed = None
        arrived = events.CallerArrived(
            CallId(line.call_id),
            line.at,
            incident_id=IncidentId(line.incident_id),
            caller_channel=ChannelName(line.caller_channel),
            dialled=found["dialled"],
            number=found.get("number", ""),
            presentation=Presentation(found["pres"]),
            verified=VERIFIED_OF_MARK[found["mark"]],
            from_site=SiteId(via) if via in self._peers else None,
            signed=signed is not None,
            hop=number(found, "hop"),
            said=via in self._peers and is_set(found, "said"),
            language=self._languages.get(via, ""),
        )
        if signed is None:
            return [arrived]
        only_claimed = arrived.verified is Verified.NETWORK and signed.mark is Verified.CLAIMED
        verified = Verified.CLAIMED if only_claimed else arrived.verified
        return [replace(arrived, incident_id=signed.incident_id, hop=signed.hop, verified=verified)]

    def _inviting(self, line: JournalLine) -> list[events.Event]:
        found, channel = line.detail, ChannelName(line.channel)
        leg = _Leg(CallId(line.call_id), attempt_of(line), line.uniqueid)
        invited = events.TargetInvited(
            leg.call_id,
            line.at,
            leg.attempt_id,
            TargetCode(found["target"]),
            Kind(found["kind"]),
            Way(found["way"]),
            channel,
            danger=is_set(found, "danger"),
            private=is_set(found, "private"),
        )
        self._forget(leg.attempt_id)
        self._legs[channel] = leg
        early = self._early.pop(channel, None)
        ringing = self._ringing(leg, *early) if early is not None else None
        return [invited] if ringing is None else [invited, ringing]

    def _retrying(self, line: JournalLine) -> list[events.Event]:
        self._forget(line.attempt_id)
        return [events.NumberRefused(CallId(line.call_id), line.at, attempt_of(line), number(line.detail, "sip"))]

    def _failed(self, line: JournalLine) -> list[events.Event]:
        self._forget(line.attempt_id)
        found = line.detail
        sip_code, cause = number(found, "sip"), number(found, "cause")
        failure = Failure(
            found.get("dial", ""), sip_code, cause, rang=is_set(found, "rang"), cancelled=is_set(found, "cancelled")
        )
        outcome = outcome_of(failure, self._refused_codes.get(found["target"], ()))
        return [events.AttemptFailed(CallId(line.call_id), line.at, attempt_of(line), outcome, sip_code, cause)]

    def _refused(self, line: JournalLine) -> list[events.Event]:
        if any(leg.attempt_id == line.attempt_id for leg in self._legs.values()):
            return []  # an order that was repeated while its first one rings
        return [events.AttemptFailed(CallId(line.call_id), line.at, attempt_of(line), Outcome.CANCELLED, 0, 0)]

    def _consulting(self, line: JournalLine) -> list[events.Event]:
        self._forget(line.attempt_id)
        return [events.ConsultStarted(CallId(line.call_id), line.at, attempt_of(line))]

    def _joined(self, line: JournalLine) -> list[events.Event]:
        self._forget(line.attempt_id)
        return [events.TargetJoined(CallId(line.call_id), line.at, attempt_of(line))]

    def _returned(self, line: JournalLine) -> list[events.Event]:
        via = SiteId(line.detail["via"])
        if via not in self._peers:
            raise ValueError(f"handed back by {via}, which is no peer")
        return [events.CallerReturned(CallId(line.call_id), line.at, via, int(line.detail["hop"]))]

    def _listening(self, line: JournalLine) -> list[events.Event]:
        who = AgentId(line.detail["agent"])
        return [events.ListenerCame(CallId(line.call_id), line.at, who, ChannelName(line.channel), shown=self._shows)]

    def _ended(self, line: JournalLine) -> list[events.Event]:
        for channel in [name for name, leg in self._legs.items() if leg.call_id == line.call_id]:
            del self._legs[channel]
        cause = number(line.detail, "cause")
        return [events.CallerEnded(CallId(line.call_id), line.at, cause, by_fault=_is_cut(cause, line.channel))]


def _is_cut(cause: int, channel: str) -> bool:
    return cause in FAULT_CAUSES and (cause != NO_AUDIO or channel.startswith(PEER_LEG))
