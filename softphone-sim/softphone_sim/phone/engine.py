"""PJSUA2 of one phone: its account, its calls, its tone, and the orders it understands."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pjsua2 as pj

from softphone_sim.phone.calls import PhoneCall
from softphone_sim.phone.messages import parse_message
from softphone_sim.phone.tap import Tap

TONE_AMPLITUDE = 6000  # of 32767: four parties at once still do not clip
TONE_PERIOD_MS = 1000  # every tone is a multiple of 50 Hz, so the loop joins without a click
SIP_LOG_LEVEL = 4  # PJSIP logs whole messages at this level
DTMF_DIGIT_MS = 160
FIRST_RTP_PORT = 20000
POLL_MS = 5  # upper bound on how late an order or a timer may be
FAREWELL_MS = 500
NUMBER_REFUSED_CODE = 403
USE_DEFAULTS = IN_A_LOOP = True  # PJSUA2 takes no keywords
G711 = {"alaw": "PCMA/8000/1", "ulaw": "PCMU/8000/1"}


class _MessageLog(pj.LogWriter):  # type: ignore[misc] # pjsua2 ships no types
    """Passes on the SIP messages among PJSIP's log entries, whole and untouched."""

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__()
        self._tell = tell

    def write(self, entry: Any) -> None:
        text = entry.msg
        if "--end msg--" in text:
            self._tell("sip", text=text)
        elif entry.level <= 1:
            self._tell("log", text=text.strip())


class _Account(pj.Account):  # type: ignore[misc] # pjsua2 ships no types
    def __init__(self, engine: "Engine") -> None:
        super().__init__()
        self._engine = engine

    def onRegState(self, prm: Any) -> None:  # noqa: N802 - PJSUA2 calls it by this name
        self._engine.registered(is_on=prm.code == 200 and prm.expiration > 0)  # noqa: PLR2004 - SIP 200 OK
        self._engine.tell("registration", code=prm.code, reason=prm.reason, expires_s=prm.expiration)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - PJSUA2 calls it by this name
        self._engine.incoming(prm.callId, prm.rdata.wholeMsg)


class Engine:
    """The phone itself. Orders are the methods `do_…`; their keyword arguments are the command's fields."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self.tell = tell
        self.account: Any = None
        self.poll_ms = POLL_MS
        self._endpoint: Any = None
        self._calls: dict[str, PhoneCall] = {}
        self._dying: list[PhoneCall] = []
        self._due: list[tuple[int, Callable[[], None]]] = []
        self._policy: dict[str, Any] = {"ring": True, "code": None, "after_ms": 0, "only_from": None}
        self._count = 0
        self._is_registered = False
        self._tones: dict[int, Any] = {}

    # ---- orders -------------------------------------------------------------------------------------

    def do_open(
        self, *, address: str, port: int, tone_hz: int, tapes: str, codec: str, index: int, poll_ms: int = POLL_MS
    ) -> dict[str, int]:
        """Start PJSUA2 on `address`; port 0 takes any free one. Answers with the port taken."""
        self.poll_ms = poll_ms
        self._address, self._tapes, self._tone_hz = address, Path(tapes), tone_hz
        self._first_rtp_port = FIRST_RTP_PORT + 400 * (index % 90)
        self._messages = _MessageLog(self.tell)
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = 16
        config.logConfig.level = SIP_LOG_LEVEL
        config.logConfig.consoleLevel = SIP_LOG_LEVEL  # the writer gets what the console would
        config.logConfig.decor = 0
        config.logConfig.writer = self._messages
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        config.medConfig.threadCnt = 1
        self._endpoint = pj.Endpoint()
        self._endpoint.libCreate()
        self._endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = address
        transport.port = port
        transport_id = self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        for each in self._endpoint.codecEnum2():
            self._endpoint.codecSetPriority(each.codecId, 255 if each.codecId == G711[codec] else 0)
        local = self._endpoint.transportGetInfo(transport_id).localName
        return {"port": int(local.rsplit(":", 1)[1])}

    def do_account(self, *, uri: str, registrar: str | None, user: str, password: str) -> None:
        """Be `uri`; with a registrar, register there (the result comes as a `registration` event)."""
        config = pj.AccountConfig()
        config.idUri = uri
        if registrar:
            config.regConfig.registrarUri = registrar
            config.regConfig.timeoutSec = 600
            config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
        config.mediaConfig.transportConfig.boundAddress = self._address
        config.mediaConfig.transportConfig.port = self._first_rtp_port
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_DISABLED
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
        self.account = _Account(self)
        self.account.create(config)

    def do_policy(self, *, ring: bool, code: int | None, after_ms: int, only_from: str | None = None) -> None:
        """What to do with calls from now on: ring (180) or not, then the final `code` after a time, or wait.

        `only_from`: calls that show any other number get a 403 at once, as from a network that refuses the number.
        """
        self._policy = {"ring": ring, "code": code, "after_ms": after_ms, "only_from": only_from}

    def do_dial(
        self, *, uri: str, headers: list[list[str]], local_uri: str | None = None, tone_hz: int | None = None
    ) -> dict[str, str]:
        """Call `uri` with these extra headers, with a voice of its own if need be. Answers with the call's name."""
        call = self.new_call()
        call.tone_hz = tone_hz or self._tone_hz
        param = pj.CallOpParam(USE_DEFAULTS)
        if local_uri:
            param.txOption.localUri = local_uri
        _add_headers(param, headers)
        call.makeCall(uri, param)
        return {"call": call.name}

    def do_answer(self, *, call: str, code: int = 200) -> None:
        """Give the far end this code: 180 rings, 200 answers, 486 and others refuse."""
        param = pj.CallOpParam()
        param.statusCode = code
        self._calls[call].answer(param)

    def do_hang_up(self, *, call: str, code: int = 0, headers: list[list[str]] | None = None) -> None:
        """End the call, perhaps with a Reason among the headers; a call that is already gone is no error."""
        if call in self._calls:
            param = pj.CallOpParam()
            param.statusCode = code
            _add_headers(param, headers or [])
            self._calls[call].hangup(param)

    def do_press(self, *, call: str, keys: str) -> None:
        """Send RFC 4733 digits, one after the other."""
        param = pj.CallSendDtmfParam()
        param.digits, param.duration = keys, DTMF_DIGIT_MS
        param.method = pj.PJSUA_DTMF_METHOD_RFC2833
        self._calls[call].sendDtmf(param)

    def do_hold(self, *, call: str, on: bool) -> None:
        """Hold (a=sendonly, our tone off) or take back (tone on)."""
        one = self._calls[call]
        one.held = on
        param = pj.CallOpParam(not on)
        if on:
            one.setHold(param)
        else:
            param.opt.flag = pj.PJSUA_CALL_UNHOLD
            one.reinvite(param)

    def do_refer(self, *, call: str, to: str | None = None, replaces: str | None = None) -> None:
        """REFER to an address (blind) or to the far end of another call of ours (Replaces, RFC 3891)."""
        param = pj.CallOpParam(USE_DEFAULTS)
        if replaces is not None:
            self._calls[call].xferReplaces(self._calls[replaces], param)
        else:
            self._calls[call].xfer(to, param)

    def do_say(self, *, on: bool, for_ms: int = 0) -> None:
        """Switch the tone, for good or for a time; silence is still sent, as by a person who says nothing."""
        self._tone_of(self._tone_hz).adjustTxLevel(1.0 if on else 0.0)
        if for_ms:
            self._after(for_ms, lambda: self.do_say(on=not on))

    # ---- what PJSUA2 tells us -----------------------------------------------------------------------

    def incoming(self, call_id: int, message: str) -> None:
        """Ring and answer as the policy says."""
        call = self.new_call(call_id)
        self.tell("incoming", call=call.name, text=message)
        if self._policy["only_from"] not in {None, _shown_in(message)}:
            self.do_answer(call=call.name, code=NUMBER_REFUSED_CODE)
            return
        if self._policy["ring"]:
            self.do_answer(call=call.name, code=180)
        if self._policy["code"]:
            code = self._policy["code"]
            self._after(self._policy["after_ms"], lambda: self._answer_if_there(call.name, code))

    def registered(self, *, is_on: bool) -> None:
        """Remember whether there is something to unregister."""
        self._is_registered = is_on

    def ended(self, call: PhoneCall) -> None:
        """Forget the call once PJSUA2 has returned from telling us."""
        self._calls.pop(call.name, None)
        self._dying.append(call)

    def new_call(self, call_id: int = pj.PJSUA_INVALID_ID) -> PhoneCall:
        """A call with the next name: c1, c2 and so on."""
        self._count += 1
        call = PhoneCall(self, f"c{self._count}", call_id)
        self._calls[call.name] = call
        return call

    def new_tap(self, call: str, port: int) -> Tap:
        """Open the tape of a call and tell where it is."""
        tape = self._tapes / f"{call}.tape"
        tap = Tap(self._address, port, tape)
        self.tell("tape", call=call, path=str(tape))
        return tap

    def speak_into(self, audio: Any, *, is_on: bool, tone_hz: int | None = None) -> None:
        """Let the tone, the phone's or the call's own, flow into a call, or not."""
        tone = self._tone_of(tone_hz or self._tone_hz)
        (tone.startTransmit if is_on else tone.stopTransmit)(audio)

    # ---- the loop -----------------------------------------------------------------------------------

    def poll(self, wait_ms: int) -> None:
        """Let PJSUA2 work for at most `wait_ms`, then drain the taps and do what is due."""
        if self._endpoint is None:
            time.sleep(wait_ms / 1000)
            return
        self._endpoint.libHandleEvents(wait_ms)
        for call in (*self._calls.values(), *self._dying):
            if call.tap:
                call.tap.drain()
        now_ns = time.monotonic_ns()
        for entry in [each for each in self._due if each[0] <= now_ns]:
            self._due.remove(entry)
            entry[1]()
        for call in self._dying:
            if call.tap:
                call.tap.close()
        self._dying.clear()

    def close(self) -> None:
        """Say BYE and unregister; the process ends right after, which is quicker than PJSUA2's own end."""
        if self._endpoint is None:
            return
        self._endpoint.hangupAllCalls()
        if self._is_registered:
            self.account.setRegistration(False)
        deadline_ns = time.monotonic_ns() + FAREWELL_MS * 1_000_000
        while (self._calls or self._is_registered) and time.monotonic_ns() < deadline_ns:
            self.poll(POLL_MS)
        self.poll(POLL_MS)

    def _after(self, wait_ms: int, do: Callable[[], None]) -> None:
        self._due.append((time.monotonic_ns() + wait_ms * 1_000_000, do))

    def _answer_if_there(self, call: str, code: int) -> None:
        if call in self._calls:  # the caller may have given up meanwhile
            self.do_answer(call=call, code=code)

    def _tone_of(self, tone_hz: int) -> Any:
        """The endless tone of this frequency, made when it is first needed."""
        if tone_hz not in self._tones:
            tone = pj.ToneDesc()
            tone.freq1, tone.freq2 = tone_hz, 0
            tone.on_msec, tone.off_msec, tone.volume = TONE_PERIOD_MS, 0, TONE_AMPLITUDE
            tones = pj.ToneDescVector()
            tones.append(tone)
            made = self._tones[tone_hz] = pj.ToneGenerator()
            made.createToneGenerator(8000, 1)
            made.play(tones, IN_A_LOOP)
        return self._tones[tone_hz]


def _shown_in(invite: str) -> str | None:
    return parse_message(invite, time_ns=time.time_ns(), is_sent=False, peer="").shown_number


def _add_headers(param: Any, headers: list[list[str]]) -> None:
    for name, value in headers:
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        param.txOption.headers.append(header)
