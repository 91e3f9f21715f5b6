"""The two FastAGI jobs: what they answer, and when they stay silent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from agi.agi_wire import AgiRequest
from agi.routes import PRIORITY_MOST, Routes
from callflow.domain.calls import Attempt, Call
from callflow.domain.names import (
    AttemptId,
    CallId,
    Consent,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    SiteId,
    TargetCode,
    Verified,
    Way,
)
from callflow.service.ports import FactsAway
from callflow.sitefile import Site
from tests.unit.agi.test_actions import CALL_ID, CALLER, call_of
from tests.unit.agi.test_translate import CLAIMED_UUI, FOREIGN_UUI, GOOD_UUI, SIGNED_INCIDENT, KnownUui

OWN_INCIDENT = IncidentId("01K00000000000000000000002")
NOW = 1795000000.0


class ReadableUui(KnownUui):
    """Signs so that a test can read it."""

    def sign(self, incident_id: IncidentId, hop: int, mark: Verified, peer: SiteId, now: float) -> str:
        assert now == NOW
        return f"{incident_id}/{hop}/{mark.value}/{peer}"


@dataclass
class Session:
    """A helper channel's side: what was asked, and what was set."""

    request: AgiRequest
    answers: dict[str, str] = field(default_factory=dict)

    async def set_variables(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            assert name.endswith(f",{CALLER})")
            self.answers[name.removeprefix("SHARED(").removesuffix(f",{CALLER})")] = value


@dataclass
class Site12345:
    """What the jobs ask; every answer can be changed by a test."""

    wish: int = 3
    is_slow: bool = False
    is_away: bool = False
    known: Call | None = field(default_factory=call_of)
    of_incident: Sequence[Call] = ()
    then: Sequence[Call] | None = None
    """What they are from the second look on."""

    async def priority(self, *, number: str, via: str) -> int:
        assert (number, via) != ("", "")
        if self.is_slow:
            await asyncio.get_running_loop().create_future()
        return self.wish

    async def call(self, call_id: CallId) -> Call | None:
        return self.known if call_id == CALL_ID else None

    async def calls_of_incident(self, incident_id: IncidentId) -> Sequence[Call]:
        assert incident_id == SIGNED_INCIDENT
        if self.is_away:
            raise FactsAway("for this test")
        found, self.of_incident = self.of_incident, self.then or self.of_incident
        return found


@pytest.fixture
def knows() -> Site12345:
    return Site12345()


@pytest.fixture
def routes(site: Site, knows: Site12345) -> Routes:
    return Routes(site, uui=ReadableUui(), calls=knows, priorities=knows, clock=lambda: NOW)


async def intake(
    routes: Routes,
    *,
    via: str = "carrier",
    uui: str = "",
    number: str = "13800138000",
    mark: str = "trusted",
    hop: str = "0",
) -> dict[str, str]:
    asked = (CALL_ID, CALLER, via, "12345", number, uui, OWN_INCIDENT, mark, hop)
    session = Session(AgiRequest("intake", asked, "Local/s@agi-intake-00000000;2"))
    await routes.intake(session)
    return session.answers


async def target(routes: Routes, code: str = "110", call_id: str = CALL_ID) -> dict[str, str]:
    session = Session(AgiRequest("target", (call_id, CALLER, OWN_INCIDENT, code), "Local/s@agi-target-00000000;2"))
    await routes.target(session)
    return session.answers


async def test_a_new_caller_keeps_the_incident_that_the_dialplan_made(routes: Routes) -> None:
    assert await intake(routes) == {
        "R_INCIDENT": OWN_INCIDENT,
        "R_HOP": "0",
        "R_REJOIN": "",
        "R_UUI": f"{OWN_INCIDENT}/1/network/110",
        "R_PRIORITY": "3",
    }


async def test_a_caller_whom_the_peer_hands_over_keeps_the_peers_incident(routes: Routes) -> None:
    answers = await intake(routes, via="110", uui=GOOD_UUI)

    assert (answers["R_INCIDENT"], answers["R_HOP"]) == (SIGNED_INCIDENT, "1")
    assert answers["R_UUI"] == f"{SIGNED_INCIDENT}/2/network/110"


def handed_over(target: str = "110", *, ended_at: float | None = None) -> Call:
    joined = Attempt(
        AttemptId("01K00000000000000000000007"), TargetCode(target), Kind.ONE_KEY, Way.DESK, Consent.AGREED, 1.0,
        joined_at=2.0, outcome=Outcome.JOINED, ended_at=ended_at,
    )  # fmt: skip
    return replace(call_of(), phase=Phase.HANDED_OVER, attempts=(joined,))


@pytest.mark.covers("R-018")
async def test_a_caller_whom_the_peer_brings_back_while_he_is_still_here_is_named_by_his_leg(
    routes: Routes, knows: Site12345
) -> None:
    knows.of_incident = [handed_over()]

    answers = await intake(routes, via="110", uui=GOOD_UUI)

    assert answers["R_REJOIN"] == knows.of_incident[0].caller.channel


async def test_a_join_that_is_not_in_the_database_yet_is_waited_for(routes: Routes, knows: Site12345) -> None:
    joined = handed_over()
    knows.of_incident = [replace(joined, attempts=(replace(joined.attempts[0], joined_at=None, outcome=None),))]
    knows.then = [joined]

    assert (await intake(routes, via="110", uui=GOOD_UUI))["R_REJOIN"] == joined.caller.channel


@pytest.mark.parametrize(
    ("why", "calls"),
    [
        ("nobody", []),
        ("his call is over", [replace(handed_over(), phase=Phase.ENDED)]),
        ("only the agents still talk", [replace(handed_over(), phase=Phase.AGENTS_ONLY)]),
        ("that platform has left", [handed_over(ended_at=3.0)]),
        ("he is with somebody else", [handed_over("119")]),
    ],
)
async def test_a_caller_who_is_not_with_that_peer_comes_as_a_call_of_his_own(
    routes: Routes, knows: Site12345, why: str, calls: list[Call]
) -> None:
    assert why
    knows.of_incident = calls

    assert (await intake(routes, via="110", uui=GOOD_UUI))["R_REJOIN"] == ""


@pytest.mark.parametrize(("via", "uui"), [("110", FOREIGN_UUI), ("carrier", GOOD_UUI), ("110", "00")])
async def test_only_the_peers_own_signature_brings_him_back(
    routes: Routes, knows: Site12345, via: str, uui: str
) -> None:
    knows.of_incident = [handed_over()]

    assert (await intake(routes, via=via, uui=uui))["R_REJOIN"] == ""


async def test_without_the_database_he_comes_as_a_second_call(routes: Routes, knows: Site12345) -> None:
    knows.is_away = True

    answers = await intake(routes, via="110", uui=GOOD_UUI)

    assert (answers["R_INCIDENT"], answers["R_REJOIN"]) == (SIGNED_INCIDENT, "")


@pytest.mark.covers("T-10")
@pytest.mark.parametrize(
    ("via", "uui"), [("110", "00"), ("110", FOREIGN_UUI), ("carrier", GOOD_UUI), ("stranger", GOOD_UUI)]
)
async def test_a_signature_that_is_wrong_or_came_by_another_trunk_counts_for_nothing(
    routes: Routes, via: str, uui: str
) -> None:
    answers = await intake(routes, via=via, uui=uui)

    assert (answers["R_INCIDENT"], answers["R_HOP"]) == (OWN_INCIDENT, "0")


@pytest.mark.covers("T-09")
@pytest.mark.parametrize(
    ("mark", "signed"),
    [("trusted", "network"), ("claimed", "claimed"), ("refused", "none"), ("nonum", "none"), ("", "none")],
)
async def test_the_onward_signature_says_who_vouches_for_the_number(routes: Routes, mark: str, signed: str) -> None:
    assert f"/{signed}/" in (await intake(routes, mark=mark))["R_UUI"]


async def test_a_hop_count_that_only_the_diversion_gives_counts_too(routes: Routes) -> None:
    answers = await intake(routes, via="110", hop="1")

    assert (answers["R_INCIDENT"], answers["R_HOP"]) == (OWN_INCIDENT, "1")
    assert answers["R_UUI"] == f"{OWN_INCIDENT}/2/network/110"


async def test_a_number_that_the_peer_only_claims_is_not_better_after_us(routes: Routes) -> None:
    assert "/2/claimed/" in (await intake(routes, via="110", uui=CLAIMED_UUI))["R_UUI"]


@pytest.mark.parametrize(("wish", "priority"), [(0, "0"), (10, "10"), (99, str(PRIORITY_MOST)), (-1, "0")])
async def test_a_priority_stays_within_the_queues_range(
    routes: Routes, knows: Site12345, wish: int, priority: str
) -> None:
    knows.wish = wish

    assert (await intake(routes))["R_PRIORITY"] == priority


async def test_a_priority_that_nobody_can_say_in_time_is_ordinary(routes: Routes, knows: Site12345) -> None:
    knows.is_slow = True

    assert (await intake(routes))["R_PRIORITY"] == "0"


async def test_a_target_at_a_peer_gets_the_signed_incident(routes: Routes) -> None:
    assert await target(routes) == {"T_UUI": f"{OWN_INCIDENT}/1/network/110"}


async def test_a_target_at_a_carrier_gets_no_signature(routes: Routes) -> None:
    assert await target(routes, "119") == {"T_UUI": ""}


@pytest.mark.covers("R-018")
async def test_a_caller_handed_on_too_often_is_not_handed_on_again(
    routes: Routes, knows: Site12345, site: Site
) -> None:
    call = call_of()
    knows.known = replace(call, caller=replace(call.caller, hop=site.peer[0].max_hops - 1))

    assert await target(routes) == {}


@pytest.mark.parametrize(("code", "call_id"), [("999", CALL_ID), ("110", "01K0000000000000000000000X")])
async def test_an_unknown_target_or_call_is_answered_with_silence(routes: Routes, code: str, call_id: str) -> None:
    assert await target(routes, code, call_id) == {}


@pytest.mark.covers("T-05", "T-06")
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x",) * 6,
        (CALL_ID, "PJSIP/a)${SHELL(id)}", "carrier", "12345", "", "", OWN_INCIDENT, "trusted", "0"),
        (CALL_ID, CALLER, "carrier", "12345", "number", "", OWN_INCIDENT, "trusted", "0"),
        (CALL_ID, CALLER, "carrier", "12345", "", "not-hex", OWN_INCIDENT, "trusted", "0"),
        ("", CALLER, "carrier", "12345", "", "", OWN_INCIDENT, "trusted", "0"),
        (CALL_ID, CALLER, "carrier", "12345", "", "", "", "trusted", "0"),
        (CALL_ID, CALLER, "carrier", "12345", "", "", OWN_INCIDENT, "trusted ", "0"),
        (CALL_ID, CALLER, "carrier", "12345", "", "", OWN_INCIDENT, "trusted", "0", "one too many"),
        (CALL_ID, CALLER, "carrier", "12345", "", "", OWN_INCIDENT, "trusted", "x"),
        (CALL_ID, CALLER, OWN_INCIDENT, "110 "),
    ],
)
@pytest.mark.parametrize("job", ["intake", "target"])
async def test_wrong_arguments_raise_nothing_and_are_answered_with_silence(
    routes: Routes, job: str, arguments: tuple[str, ...]
) -> None:
    session = Session(AgiRequest(job, arguments, "Local/s@agi-00000000;2"))

    await routes.jobs()[job](session)

    assert session.answers == {}
