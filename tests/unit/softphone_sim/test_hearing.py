"""What counts as heard now: the packets of calls that live, never the last ones of a call that is over."""

from pathlib import Path

from softphone_sim.phone.handset import CallSeen, Handset, PhoneSpec, StateSeen
from softphone_sim.run.actor import Actor
from softphone_sim.run.hearing import LOOK_BACK_MS, verdict_now
from softphone_sim.run.stage import Stage
from tests.unit.softphone_sim.test_ears import MS, T0, TONES, packets

CALL_MS = 1000


def a_call(tape: Path, *, is_over: bool) -> CallSeen:
    """A call of one second in which the citizen spoke; its phone may have seen it end."""
    tape.write_bytes(packets((CALL_MS, ("citizen",))).tobytes())
    call = CallSeen(tape.name, is_incoming=True, began_ns=T0, tape=tape)
    call.states.append(StateSeen(T0, "confirmed", 200, "OK"))
    if is_over:
        call.states.append(StateSeen(T0 + CALL_MS * MS, "ended", 200, "Normal call clearing"))
    return call


def test_the_last_packets_of_a_call_that_is_over_are_not_heard_now(tmp_path: Path) -> None:
    stage = Stage()
    stage.tones_hz |= TONES
    said = {}
    for is_over in (False, True):
        handset = Handset(PhoneSpec("zhang", "127.0.0.1", 600, "sip:zhang@127.0.0.1"), stage.bell, lambda *_: None)
        handset.calls.append(a_call(tmp_path / f"over-{is_over}", is_over=is_over))
        now_ns = T0 + (CALL_MS + 5) * MS
        heard = stage.heard_by(Actor("zhang", handset, "8001"), now_ns - LOOK_BACK_MS * MS, living_at_ns=now_ns)
        said[is_over] = verdict_now(heard, {"citizen"}, now_ns)

    assert said == {False: None, True: "hears nobody, citizen is missing"}
