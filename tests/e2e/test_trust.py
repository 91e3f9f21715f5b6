"""Who is told whose number: the privacy gate of RFC 3325, read from the INVITE at the far end, byte for byte."""

from __future__ import annotations

import re

import pytest

from agi.journal import JournalLine
from callflow.lab.plan import Plan, SitePlan
from callflow.sitefile import Site
from tests.e2e.entries import invite, journal_size, step_after, waiting_caller, with_site
from tests.e2e.far_end import NUMBER, FarEnd, Request, carrier, peer_as
from tests.e2e.raw_caller import Forgery

TRUSTED, STRANGER = "30", "31"
"""Last octets of the lab's carriers that callers come in by (architecture §6, Lab)."""

INSIDE = ("P-Charging-Vector", "P-Access-Network-Info", "P-Preferred-Identity", "P-Called-Party-ID", "Identity")


def asserted(*more: str) -> Forgery:
    """A caller for whom his network vouches."""
    return Forgery("asserted", user="13900139999", headers=(f"P-Asserted-Identity: <sip:{NUMBER}@x.invalid>", *more))


def carrier_as(site: Site, send_identity: str) -> Site:
    """The same platform, whose carrier is shown numbers by this rule."""
    first, *others = site.carrier
    return site.model_copy(update={"carrier": (first.model_copy(update={"send_identity": send_identity}), *others)})


async def seen(plan: Plan, end: FarEnd, target: str, caller: Forgery, octet: str = TRUSTED) -> Request:
    """The INVITE that reaches the far end when this caller is handed over to it."""
    site, after = plan.sites[0], len(end.came)
    async with waiting_caller(site, f"{plan.net}.{octet}", caller) as arrived:
        offset = journal_size(site)
        await invite(plan, site, target, arrived)
        request = await end.arrival(after=after)
        await step_after(site, offset, "failed")
    return request


def user_of(value: str) -> str:
    """The user part of a header's address."""
    found = re.search(r"<?sips?:([^@>;]*)@", value)
    return found[1] if found else ""


# ---- inside the trust domain: rows P-1 to P-3


@pytest.mark.covers("S-3")
async def test_p1_a_linked_platform_sees_a_hidden_number_and_that_it_is_hidden(running: Plan, police: FarEnd) -> None:
    for privacy in ("id", "header;id", "id;critical", "user"):
        request = await seen(running, police, "110", asserted(f"Privacy: {privacy}"))

        assert user_of(request.one("p-asserted-identity")) == NUMBER
        assert "id" in request.one("privacy").split(";")
        assert user_of(request.one("from")) == "anonymous"
        assert "13900139999" not in request.text, "what the caller wrote into From goes nowhere"


@pytest.mark.parametrize("headers", [("Privacy: none",), ()], ids=["P-2 none", "P-3 nothing"])
async def test_p2_p3_a_linked_platform_sees_an_open_number(
    headers: tuple[str, ...], running: Plan, police: FarEnd
) -> None:
    request = await seen(running, police, "110", asserted(*headers))

    assert user_of(request.one("p-asserted-identity")) == NUMBER
    assert user_of(request.one("from")) == NUMBER
    assert request.all("privacy") == []


# ---- outside of it: rows P-4 to P-6


@pytest.mark.covers("S-3")
@pytest.mark.parametrize("rule", ["never", "allowed"])
async def test_p4_a_carrier_never_sees_a_hidden_number(rule: str, running: Plan, site: SitePlan) -> None:
    async with carrier(f"{running.net}.20") as end, with_site(running, site, carrier_as(site.site, rule)):
        for privacy in ("id", "header", "user", "user;id"):
            request = await seen(running, end, "119", asserted(f"Privacy: {privacy}"))

            assert NUMBER not in request.text
            assert request.all("p-asserted-identity") == []
            assert user_of(request.one("from")) == ("12345" if rule == "never" else "anonymous")


@pytest.mark.parametrize("headers", [("Privacy: none",), ()], ids=["P-5 none", "P-6 nothing"])
async def test_p5_p6_a_carrier_sees_an_open_number_only_where_the_site_file_says_so(
    headers: tuple[str, ...], running: Plan, site: SitePlan
) -> None:
    async with carrier(f"{running.net}.20") as end:
        removed = await seen(running, end, "119", asserted(*headers))
        async with with_site(running, site, carrier_as(site.site, "allowed")):
            shown = await seen(running, end, "119", asserted(*headers))

    assert NUMBER not in removed.text
    assert (user_of(removed.one("from")), removed.all("p-asserted-identity")) == ("12345", [])
    assert (user_of(shown.one("from")), user_of(shown.one("p-asserted-identity"))) == (NUMBER, NUMBER)


async def test_an_emergency_line_inside_the_trust_domain_is_one_more_platform(running: Plan, site: SitePlan) -> None:
    async with carrier(f"{running.net}.20") as end, with_site(running, site, carrier_as(site.site, "always")):
        request = await seen(running, end, "119", asserted("Privacy: id"))

    assert user_of(request.one("p-asserted-identity")) == NUMBER
    assert request.one("privacy") == "id"


@pytest.mark.parametrize("rule", ["never", "allowed", "always"])
async def test_a_number_that_nobody_vouches_for_is_asserted_to_nobody(
    rule: str, running: Plan, site: SitePlan, police: FarEnd
) -> None:
    mere_claim = Forgery("claim", user=NUMBER, headers=("P-Asserted-Identity: <sip:13700137000@x.invalid>",))
    ruled = carrier_as(peer_as(site.site, f"{running.net}.13", rule), rule)
    async with carrier(f"{running.net}.20") as end, with_site(running, site, ruled):
        outside = await seen(running, end, "119", mere_claim, STRANGER)
        inside = await seen(running, police, "110", mere_claim, STRANGER)

    assert NUMBER not in outside.text, "a carrier is given our own number instead"
    assert user_of(outside.one("from")) == "12345"
    assert user_of(inside.one("from")) == ("12345" if rule == "never" else NUMBER)
    assert user_of(inside.one("p-asserted-identity")) in {"", "12345"}
    assert "13700137000" not in outside.text + inside.text


@pytest.mark.covers("S-15")
async def test_a_signature_on_the_identity_that_is_wrong_costs_no_caller_his_call(
    running: Plan, site: SitePlan
) -> None:
    """Nobody here verifies STIR: what counts is who vouches on the trunk. An emergency is never refused for it."""
    identity = 'Identity: eyJhbGciOiJFUzI1NiJ9.e30.AAAA;info=<https://x.invalid/c.pem>;alg=ES256;ppt="shaken"'
    async with waiting_caller(site, f"{running.net}.{TRUSTED}", asserted(identity)) as arrived:
        assert (arrived.detail["number"], arrived.detail["mark"]) == (NUMBER, "trusted")


# ---- what else the INVITE of a handover carries


@pytest.mark.covers("S-4", "S-6", "S-11", "S-14")
async def test_the_headers_of_a_handover_say_who_what_and_how_often_and_nothing_of_the_callers_own(
    running: Plan, site: SitePlan, police: FarEnd
) -> None:
    caller = asserted(
        *(f"{name}: forged-by-the-caller" for name in INSIDE),
        "User-to-User: 00c0ffee;encoding=hex;purpose=hotline-linkage",
        "Call-Info: <urn:emergency:uid:incidentid:01ARZ3NDEKTSV4RRFFQ69G5FAV:x>;purpose=emergency-IncidentId",
        "Referred-By: <sip:forged@x.invalid>",
        "Diversion: <sip:13700137000@x.invalid>;reason=unconditional;counter=8",
        "History-Info: <sip:13700137000@x.invalid>;index=1",
    )
    async with carrier(f"{running.net}.20") as end:
        outside = await seen(running, end, "119", caller)
    inside = await seen(running, police, "110", caller)

    here = f"12345@{site.host}"
    assert inside.one("referred-by") == f"<sip:{here}>"
    assert inside.one("diversion") == f"<sip:{here}>;reason=deflection;counter=1"
    assert inside.one("history-info") == (f"<sip:{here}>;index=1,<sip:110@{site.host};cause=480>;index=1.1;mp=1")
    incident = r"<urn:emergency:uid:incidentid:[0-9A-Z]{26}:12345>;purpose=emergency-IncidentId"
    assert re.fullmatch(incident, inside.one("call-info"))
    assert re.fullmatch(r"[0-9a-f]{80};encoding=hex;purpose=hotline-linkage", inside.one("user-to-user"))
    assert outside.one("referred-by") == f"<sip:{here}>"
    for request in (inside, outside):
        assert [name for name in INSIDE if request.all(name.lower())] == []
        assert not re.search("forged|c0ffee|01ARZ3NDEKTSV4RRFFQ69G5FAV|13700137000|x.invalid", request.text)
    assert outside.all("call-info") == outside.all("user-to-user") == []
    assert inside.one("max-forwards").isdigit()


@pytest.mark.covers("S-19")
async def test_the_trunk_between_platforms_offers_srtp_only(running: Plan, police: FarEnd) -> None:
    request = await seen(running, police, "110", asserted())

    assert re.findall(r"(?m)^m=(\S+) \d+ (\S+)", request.text) == [("audio", "RTP/SAVP")]
    assert "a=crypto:" in request.text


@pytest.mark.covers("S-20")
@pytest.mark.parametrize(("status", "cause"), [("486 Busy Here", 17), ("603 Decline", 21), ("404 Not Found", 1)])
async def test_the_cause_that_the_far_end_gave_is_kept(
    status: str, cause: int, running: Plan, site: SitePlan, police: FarEnd
) -> None:
    police.status = status
    async with waiting_caller(site, f"{running.net}.{TRUSTED}", asserted()) as arrived:
        offset = journal_size(site)
        await invite(running, site, "110", arrived)
        failed: JournalLine = await step_after(site, offset, "failed")

    assert (failed.detail["sip"], failed.detail["cause"]) == (status[:3], str(cause))
