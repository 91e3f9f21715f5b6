"""Journal lines and AMI events in, domain events out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from agi.journal import STEPS, JournalLine, read_line
from agi.translate import Translator
from callflow.domain import events
from callflow.domain.names import IncidentId, Kind, Outcome, Presentation, Role, SiteId, Verified, Way
from callflow.sitefile import Site
from tests.unit.agi.test_journal import ATTEMPT, CALL, CALLER, INCIDENT, TARGET

SIGNED_INCIDENT = IncidentId("01K0000000000000000000000S")
UNIQUEID = "pbx-12345-1795000002.7"
GOOD_UUI, CLAIMED_UUI, FOREIGN_UUI = "aa" * 40, "bb" * 40, "cc" * 40


@dataclass(frozen=True)
class Signed:
    incident_id: IncidentId
    hop: int
    from_site: SiteId
    mark: Verified


class KnownUui:
    """Knows three values; anything else is forged."""

    def verify(self, uui_hex: str, now: float) -> Signed | None:
        assert now > 0
        return {
            GOOD_UUI: Signed(SIGNED_INCIDENT, 1, SiteId("110"), Verified.NETWORK),
            CLAIMED_UUI: Signed(SIGNED_INCIDENT, 1, SiteId("110"), Verified.CLAIMED),
            FOREIGN_UUI: Signed(SIGNED_INCIDENT, 1, SiteId("999"), Verified.NETWORK),
        }.get(uui_hex)


def line(
    step: str, detail: str = "", *, attempt: str = "", channel: str = CALLER, uniqueid: str = UNIQUEID
) -> JournalLine:
    text = f"1795000002.500,{step},{CALL},{INCIDENT},{attempt},{CALLER},{channel},{uniqueid},{detail}"
    found = read_line(text.encode(), 0, len(text) + 1)
    assert isinstance(found, JournalLine), found
    return found


def arrived(**changes: str) -> JournalLine:
    values = {"via": "carrier", "dialled": "12345", "number": "13800138000", "pres": "allowed", "mark": "trusted"}
    values |= {"uui": "", "hop": "0", "from": ""} | changes
    return line("arrived", " ".join(f"{key}={value}" for key, value in values.items()))


def inviting(
    detail: str = "target=110 kind=one_key way=phone_key danger=0 retry=0", channel: str = TARGET
) -> JournalLine:
    return line("inviting", detail, attempt=ATTEMPT, channel=channel)


def test_a_caller_from_a_carrier_keeps_the_dialplans_incident(translator: Translator) -> None:
    (event,) = translator.read_journal(arrived())

    assert isinstance(event, events.CallerArrived)
    assert (event.incident_id, event.number, event.dialled, event.hop) == (INCIDENT, "13800138000", "12345", 0)
    assert (event.presentation, event.verified) == (Presentation.ALLOWED, Verified.NETWORK)
    assert (event.from_site, event.signed) == (None, False)


@pytest.mark.parametrize(
    ("mark", "verified"),
    [
        ("trusted", Verified.NETWORK),
        ("claimed", Verified.CLAIMED),
        ("refused", Verified.NONE),
        ("nonum", Verified.NONE),
    ],
)
@pytest.mark.covers("T-09")
def test_who_vouches_for_the_number_is_what_the_dialplan_marked(
    translator: Translator, mark: str, verified: Verified
) -> None:
    (event,) = translator.read_journal(arrived(mark=mark))

    assert isinstance(event, events.CallerArrived)
    assert event.verified is verified


def test_a_caller_handed_over_by_the_peer_keeps_the_peers_incident(translator: Translator) -> None:
    (event,) = translator.read_journal(arrived(via="110", uui=GOOD_UUI))

    assert isinstance(event, events.CallerArrived)
    assert (event.incident_id, event.hop, event.from_site, event.signed) == (SIGNED_INCIDENT, 1, "110", True)


@pytest.mark.parametrize(("via", "uui"), [("110", "00"), ("110", ""), ("110", FOREIGN_UUI), ("carrier", GOOD_UUI)])
@pytest.mark.covers("T-10")
def test_a_signature_that_is_wrong_or_came_by_another_trunk_counts_for_nothing(
    translator: Translator, via: str, uui: str
) -> None:
    (event,) = translator.read_journal(arrived(via=via, uui=uui))

    assert isinstance(event, events.CallerArrived)
    assert (event.incident_id, event.signed) == (INCIDENT, False)


@pytest.mark.covers("R-061", "T-10")
@pytest.mark.parametrize(("via", "uui", "signed", "said"), [("110", "", False, True), ("carrier", "", False, False)])
def test_an_incident_that_a_peer_only_said_is_told_as_such(
    translator: Translator, via: str, uui: str, *, signed: bool, said: bool
) -> None:
    (event,) = translator.read_journal(arrived(via=via, uui=uui, said="1"))

    assert isinstance(event, events.CallerArrived)
    assert (event.incident_id, event.signed, event.said) == (INCIDENT, signed, said)


def test_the_weaker_word_on_the_number_counts(translator: Translator) -> None:
    (event,) = translator.read_journal(arrived(via="110", uui=CLAIMED_UUI, mark="trusted"))

    assert isinstance(event, events.CallerArrived)
    assert event.verified is Verified.CLAIMED


def test_one_key_from_the_phone_until_the_caller_has_gone(translator: Translator) -> None:
    history = [
        arrived(),
        line("queued", "queue=hotline priority=0"),
        line("offered", "agent=8001", channel="PJSIP/8001-00000001"),
        line("answered", "agent=8001", channel="PJSIP/8001-00000001"),
        line("key", "verb=one_key way=phone_key target=110", attempt=ATTEMPT),
        inviting(),
        line("joined", "target=110 how=add", attempt=ATTEMPT, channel=TARGET),
        line("released", channel="PJSIP/8001-00000001"),
        line("left", "role=agent cause=16 agent=8001 target=", channel="PJSIP/8001-00000001"),
        line("left", "role=target cause=16 agent= target=110", attempt=ATTEMPT, channel=TARGET),
        line("ended", "cause=16"),
    ]

    told = [event for one in history for event in translator.read_journal(one)]

    assert [type(event) for event in told] == [
        events.CallerArrived,
        events.AgentOffered,
        events.AgentAnswered,
        events.KeyPressed,
        events.TargetInvited,
        events.TargetJoined,
        events.LegLeft,
        events.LegLeft,
        events.CallerEnded,
    ]
    assert {event.call_id for event in told} == {CALL}
    assert {event.at for event in told} == {1795000002.5}
    key, invited, left = told[3], told[4], told[7]
    assert key == events.KeyPressed(CALL, key.at, "one_key", Way.PHONE_KEY, "110")
    assert isinstance(invited, events.TargetInvited)
    assert (invited.attempt_id, invited.kind, invited.channel, invited.danger) == (ATTEMPT, Kind.ONE_KEY, TARGET, False)
    assert isinstance(left, events.LegLeft)
    assert (left.role, left.attempt_id, left.cause) == (Role.TARGET, ATTEMPT, 16)
    assert told[8] == events.CallerEnded(CALL, key.at, 16, by_fault=False)


@pytest.mark.parametrize(
    ("detail", "outcome"),
    [
        ("dial=BUSY sip=486 cause=17 rang=1 cancelled=0", Outcome.BUSY),
        ("dial=NOANSWER sip= cause=19 rang=1 cancelled=0", Outcome.NO_ANSWER),
        ("dial=CHANUNAVAIL sip=603 cause=21 rang=0 cancelled=0", Outcome.NUMBER_REFUSED),
        ("dial=CHANUNAVAIL sip=603 cause=21 rang=1 cancelled=00", Outcome.REJECTED),
        ("dial=CANCEL sip= cause=0 rang=1 cancelled=01", Outcome.CANCELLED),
        ("dial=CHANUNAVAIL sip= cause=20 rang=0 cancelled=0", Outcome.UNREACHABLE),
    ],
)
def test_a_failed_attempt_is_told_with_its_reason(translator: Translator, detail: str, outcome: Outcome) -> None:
    (event,) = translator.read_journal(line("failed", f"target=110 {detail}", attempt=ATTEMPT))

    assert isinstance(event, events.AttemptFailed)
    assert event.outcome is outcome


def test_a_number_that_the_network_refuses_is_told_before_the_retry(translator: Translator) -> None:
    told = translator.read_journal(line("retrying", "target=110 sip=603", attempt=ATTEMPT))

    assert told == [events.NumberRefused(CALL, 1795000002.5, ATTEMPT, 603)]


def test_every_line_has_its_own_list_of_codes_that_refuse_a_number(site: Site) -> None:
    first, *others = site.carrier
    strict = first.model_copy(update={"number_refused_codes": (403,)})
    translator = Translator(site.model_copy(update={"carrier": (strict, *others)}), KnownUui())

    def outcome(target: str, code: int) -> Outcome:
        detail = f"target={target} dial=CHANUNAVAIL sip={code} cause=21 rang=0 cancelled=0"
        (told,) = translator.read_journal(line("failed", detail, attempt=ATTEMPT))
        assert isinstance(told, events.AttemptFailed)
        return told.outcome

    assert [outcome("119", 403), outcome("119", 603)] == [Outcome.NUMBER_REFUSED, Outcome.REJECTED]
    assert [outcome("110", 403), outcome("110", 603)] == [Outcome.NUMBER_REFUSED, Outcome.NUMBER_REFUSED]
    assert outcome("9601", 403) == Outcome.REJECTED


def test_an_attempt_that_the_dialplan_refuses_has_failed(translator: Translator) -> None:
    (event,) = translator.read_journal(line("refused", "target=110 why=gone", attempt=ATTEMPT))

    assert isinstance(event, events.AttemptFailed)


def test_a_repeated_order_that_the_dialplan_refuses_does_not_fail_the_one_that_rings(translator: Translator) -> None:
    translator.read_journal(inviting())

    assert translator.read_journal(line("refused", "target=110 why=taken", attempt=ATTEMPT)) == []


@pytest.mark.parametrize(
    ("cause", "channel"), [(0, CALLER), (38, CALLER), (42, CALLER), (44, "PJSIP/peer-110-0000004c")]
)
def test_a_caller_whose_leg_broke_was_cut(translator: Translator, cause: int, channel: str) -> None:
    (event,) = translator.read_journal(line("ended", f"cause={cause}", channel=channel))

    assert event == events.CallerEnded(CALL, 1795000002.5, cause, by_fault=True)


def test_a_carriers_caller_is_never_ended_for_want_of_audio_so_that_cause_is_the_rest_of_a_leg_he_lost(
    translator: Translator,
) -> None:
    (event,) = translator.read_journal(line("ended", "cause=44"))

    assert event == events.CallerEnded(CALL, 1795000002.5, 44, by_fault=False)


@pytest.mark.parametrize("cause", [16, 17, 19, 21, 127])
def test_a_caller_who_hung_up_gave_up_or_was_turned_away_was_not_cut(translator: Translator, cause: int) -> None:
    (event,) = translator.read_journal(line("ended", f"cause={cause}"))

    assert event == events.CallerEnded(CALL, 1795000002.5, cause, by_fault=False)


@pytest.mark.parametrize("step", sorted(STEPS - {"waiting", "recalling", "queued", "released"}))
def test_a_line_without_its_details_is_skipped_and_raises_nothing(translator: Translator, step: str) -> None:
    for detail in ("", "target=110 cause=x sip=x rang=x", "role=nobody via=carrier pres=x kind=x way=x"):
        told = translator.read_journal(line(step, detail))
        assert all(isinstance(event, events.CallerEnded | events.AttemptFailed) for event in told)


def test_every_step_of_the_contract_is_known(translator: Translator) -> None:
    assert set(translator._steps) == STEPS


@pytest.mark.covers("R-086")
def test_a_line_that_a_language_has_to_itself_says_which(site: Site) -> None:
    tibetan = site.carrier[0].model_copy(update={"language": "bo"})
    both = Translator(site.model_copy(update={"carrier": (tibetan, *site.carrier[1:])}), KnownUui())

    (here,), (elsewhere,) = both.read_journal(arrived(via=tibetan.id)), both.read_journal(arrived(via="110"))

    assert isinstance(here, events.CallerArrived)
    assert isinstance(elsewhere, events.CallerArrived)
    assert (here.language, elsewhere.language) == ("bo", "")
