"""The step `hear`: wait until an actor hears exactly these voices, then judge a stretch of it."""

import time

from softphone_sim.ears.listen import NS_PER_MS, Heard, holes, who_speaks
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script import model

LOOK_BACK_MS = 200  # ten packets decide who is there now
LOOK_EVERY_S = 0.05
PRESENT_SHARE = 0.8  # two late packets of ten are jitter
ABSENT_SHARE = 0.1


async def hear(stage: Stage, actor: Actor, voices: tuple[str, ...], spec: model.Hear) -> str | None:
    """None when `actor` came to hear exactly `voices` in time and went on to; else the sentence why not.

    A call that is over says nothing about who is heard now, however fresh its last packets are.
    """
    wanted = set(voices)
    who = f"{actor.name} hears exactly {names(wanted)}"

    def reached() -> int | None:
        now_ns = time.time_ns()
        heard = stage.heard_by(actor, now_ns - LOOK_BACK_MS * NS_PER_MS, living_at_ns=now_ns)
        return now_ns if verdict_now(heard, wanted, now_ns) is None else None

    began_ns = await stage.bell.until(reached, spec.within, LOOK_EVERY_S)
    if began_ns is None:
        now_ns = time.time_ns()
        why = verdict_now(stage.heard_by(actor, living_at_ns=now_ns), wanted, now_ns)
        return f"{who}: not within {spec.within:g} s: {why}"
    end_ns = began_ns + round(spec.for_ * 1e9)
    await stage.bell.until(
        lambda: True if time.time_ns() >= end_ns + LOOK_BACK_MS * NS_PER_MS // 4 else None, spec.for_ + 1, LOOK_EVERY_S
    )
    start_ns = began_ns - LOOK_BACK_MS * NS_PER_MS
    heard = stage.heard_by(actor, start_ns, living_at_ns=began_ns)
    wrong = verdict_of(heard, wanted, start_ns, end_ns, spec.longest_silence)
    if wrong is None:
        stage.note(actor.name, f"hears {names(wanted)}", "audio")
    return f"{who}: {wrong}" if wrong else None


def names(voices: set[str]) -> str:
    """A readable list; nobody when empty."""
    return " and ".join(sorted(voices)) or "nobody"


def verdict_now(heard: Heard, wanted: set[str], now_ns: int) -> str | None:
    """What is wrong with the last ten packets; None when exactly the wanted voices are there."""
    shares = who_speaks(heard, now_ns - LOOK_BACK_MS * NS_PER_MS, now_ns)
    there = {name for name, share in shares.items() if share >= PRESENT_SHARE}
    partly = {name for name, share in shares.items() if share > ABSENT_SHARE} - there
    if there == wanted and not partly - wanted:
        return None
    heard_now = f"hears {names(there)}"
    missing, extra = wanted - there, (there | partly) - wanted
    parts = [
        heard_now,
        *([f"{names(missing)} is missing"] if missing else []),
        *([f"{names(extra)} should not be heard"] if extra else []),
    ]
    return ", ".join(parts)


def verdict_of(heard: Heard, wanted: set[str], start_ns: int, end_ns: int, longest_silence_s: float) -> str | None:
    """What is wrong in a stretch: a voice's hole beyond the limit, or a voice that should not be there."""
    limit_ms = longest_silence_s * 1000
    for name in sorted(wanted):
        for hole in holes(heard, [name], start_ns, end_ns, at_least_ms=max(limit_ms, 1.0)):
            at_s = (hole.start_ns - start_ns) / 1e9
            hole_ms = f"{hole.silence_ms:.0f} ms ({hole.why})"
            return f"{name} was not heard for {hole_ms}, {at_s:.2f} s in; at most {limit_ms:.0f} ms is allowed"
    strangers = {
        name
        for name, share in who_speaks(heard, start_ns, end_ns).items()
        if name not in wanted and share > ABSENT_SHARE
    }
    return f"{names(strangers)} should not be heard" if strangers else None
