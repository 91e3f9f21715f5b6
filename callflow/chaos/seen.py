"""What the phones and the packets saw of a whole run, by caller. No platform is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from callflow.chaos.faults import Outage
from callflow.chaos.people import Person, Playing
from callflow.chaos.plan import Fault
from callflow.chaos.strike import Hit
from softphone_sim.ears.listen import MUSIC, TONE_OF_MUSIC_HZ
from softphone_sim.phone.handset import CallSeen, Handset
from softphone_sim.run.fates import LegSeen, leg_seen

CALLER = "caller"


@dataclass(frozen=True, slots=True)
class AgentLeg:
    """One ring at one agent's phone."""

    site: str
    leg: LegSeen


@dataclass(frozen=True, slots=True)
class CallerSeen:
    """One caller: his own leg, and every agent's leg that was about him."""

    number: str
    origin: str
    story: str
    danger: bool
    leg: LegSeen | None  # None: he never dialled
    agents: tuple[AgentLeg, ...]
    cut_by_pbx_ns: int | None
    cut_by_carrier_ns: int | None
    struck_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunSeen:
    """All callers, and which parts were away when."""

    callers: tuple[CallerSeen, ...]
    outages: tuple[Outage, ...]


def run_seen(
    playings: Sequence[Playing],
    people: Sequence[Person],
    hits: Sequence[Hit],
    outages: Sequence[Outage],
) -> RunSeen:
    """Read every dialog and every tape of a run that is over."""
    tones_hz = {MUSIC: TONE_OF_MUSIC_HZ} | {one.actor.name: one.actor.handset.spec.tone_hz for one in people}
    return RunSeen(tuple(_caller(one, hits, tones_hz) for one in playings), tuple(outages))


def _caller(playing: Playing, hits: Sequence[Hit], tones_hz: Mapping[str, int]) -> CallerSeen:
    plan, call = playing.plan, playing.call
    mine = [hit for hit in hits if hit.number == plan.number]
    carrier_ns = next((hit.at_ns for hit in mine if hit.fault is Fault.CALLER_LEG_LOST), None)
    voices = dict(tones_hz) | ({CALLER: call.tone_hz} if call else {})
    leg = None
    if call is not None:
        leg = leg_seen(call.carrier.name, call.carrier.handset, call.seen, number=plan.number, tones_hz=voices)
    return CallerSeen(
        number=plan.number,
        origin=plan.origin,
        story=plan.story.name,
        danger="danger" in plan.story.name,
        leg=leg,
        agents=tuple(AgentLeg(site, one) for site, one in _agents(playing, voices)),
        cut_by_pbx_ns=playing.cut_ns,
        cut_by_carrier_ns=carrier_ns,
        struck_by=tuple(f"{hit.fault.value}@{hit.phase.value}" for hit in mine),
    )


def _agents(playing: Playing, tones_hz: Mapping[str, int]) -> Iterator[tuple[str, LegSeen]]:
    for leg in playing.legs:
        person = leg.person
        handset = _phone(person, leg.phone)
        name = person.actor.name
        yield (
            person.site,
            leg_seen(
                name, handset, _call(handset, leg.seen), number=playing.plan.number, tones_hz=tones_hz,
                died_ns=person.died.get(leg.phone),
            ),
        )  # fmt: skip


def _phone(person: Person, place: int) -> Handset:
    return [*person.actor.past, person.actor.handset][place]


def _call(handset: Handset, seen: CallSeen) -> CallSeen:
    return handset.call_named(seen.name) or seen
