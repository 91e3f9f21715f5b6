"""One call of one phone, as PJSUA2 sees it."""

import re
from typing import TYPE_CHECKING, Any

import pjsua2 as pj

from softphone_sim.phone.messages import SUCCESS
from softphone_sim.phone.tap import Tap

if TYPE_CHECKING:
    from softphone_sim.phone.engine import Engine

AUDIO_LINE = re.compile(r"^m=audio (\d+)", re.MULTILINE)
STATES = {
    pj.PJSIP_INV_STATE_CALLING: "calling",
    pj.PJSIP_INV_STATE_INCOMING: "incoming",
    pj.PJSIP_INV_STATE_EARLY: "early",
    pj.PJSIP_INV_STATE_CONNECTING: "connecting",
    pj.PJSIP_INV_STATE_CONFIRMED: "confirmed",
    pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
}


class PhoneCall(pj.Call):  # type: ignore[misc] # pjsua2 ships no types
    """Taps the far end's audio, points the phone's tone at the far end, and reports every state."""

    def __init__(self, engine: "Engine", name: str, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(engine.account, call_id)
        self.name = name
        self.held = False
        self.tone_hz: int | None = None  # its own voice; None: the phone's
        self._engine = engine
        self.tap: Tap | None = None
        self._audio: Any = None

    def onCallSdpCreated(self, prm: Any) -> None:  # noqa: N802 - PJSUA2 calls it by this name
        """Listen at the port that our SDP names (offer or answer), before anybody is told of it."""
        named = AUDIO_LINE.search(prm.sdp.wholeSdp)
        if self.tap is None and named:
            self.tap = self._engine.new_tap(self.name, int(named[1]))

    def onCallState(self, prm: Any) -> None:  # noqa: ARG002, N802 - PJSUA2's signature and name
        """Report the state; an ended call closes its tap."""
        info = self.getInfo()
        self._engine.tell(
            "call",
            call=self.name,
            state=STATES.get(info.state, str(info.state)),
            code=info.lastStatusCode,
            reason=info.lastReason,
            sip_call_id=info.callIdString,
        )
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._engine.ended(self)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: ARG002, N802 - PJSUA2's signature and name
        """Give the tone to the far end, except while we hold the call."""
        info = self.getInfo()  # kept: its media list lives inside it, and dies with it
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO or media.status == pj.PJSUA_CALL_MEDIA_NONE:
                continue
            if media.status == pj.PJSUA_CALL_MEDIA_ERROR:
                self._engine.tell("media_error", call=self.name)
                continue
            self._audio = self.getAudioMedia(index)
            self._engine.speak_into(self._audio, is_on=not self.held, tone_hz=self.tone_hz)

    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802 - PJSUA2 calls it by this name
        """The far end sends us elsewhere (REFER): the call that follows is a new one of ours."""
        prm.newCall = self._engine.new_call()

    def onCallReplaceRequest(self, prm: Any) -> None:  # noqa: N802 - PJSUA2 calls it by this name
        """Somebody takes the far end's place (INVITE with Replaces): PJSUA2 answers it by itself."""
        prm.newCall = self._engine.new_call()
        self._engine.tell("incoming", call=prm.newCall.name, text=prm.rdata.wholeMsg)

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802 - PJSUA2 calls it by this name
        """Report what the far end says of our REFER (NOTIFY, RFC 3515); on success the leg ends.

        The transferer ends it (RFC 5589, 6.1): Asterisk waits a minute for his BYE and sends none before.
        """
        is_final = bool(prm.finalNotify)
        self._engine.tell("transfer", call=self.name, code=prm.statusCode, reason=prm.reason, final=is_final)
        if is_final and prm.statusCode in SUCCESS:
            self._engine.do_hang_up(call=self.name)
