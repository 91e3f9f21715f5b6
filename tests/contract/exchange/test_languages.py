"""Notes and texts of Tibetan, Uyghur and Yi callers: unharmed in both books, between the platforms and in the pop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from callflow.domain import commands as c
from callflow.domain import events as e
from callflow.domain.calls import Call
from callflow.domain.names import AgentId, SiteId
from callflow.service.messages import Note
from tests.contract.exchange.test_live_line import GOV, POLICE, delivered, handover

TEXTS = {
    "bo": "བཀྲ་ཤིས་བདེ་ལེགས། ང་ལ་རོགས་རམ་དགོས།",
    "ug": "ياخشىمۇسىز، ماڭا ياردەم كېرەك",
    "ii": "ꆈꌠꁱꂷ ꉢꄉꃅꇩ",
    "zh": "楼上有人打架𠮷👮",
}
Platform = Any
MakeCall = Callable[..., Call]
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.mark.covers("R-086", "R-043")
@pytest.mark.parametrize("language", TEXTS)
async def test_a_note_and_its_language_cross_as_they_were_written(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until, language: str
) -> None:
    text = TEXTS[language]
    call = a_call(note=text, language=language)

    await gov.write(call, c.OpenTicket(call.call_id, call.incident_id), handover(call))
    gov.start_lines()
    await until(delivered(gov, POLICE))

    ours, theirs = await gov.tickets.ticket_of(call.incident_id), await police.tickets.ticket_of(call.incident_id)
    assert (ours.note, ours.language) == (text, language)
    assert (theirs.peer_note, theirs.language) == (text, language)
    arrived = a_call(site=POLICE, incident_id=call.incident_id)
    known = await police.tickets.known_about(arrived)
    assert (known.language, known.notes) == (language, (text,))


@pytest.mark.covers("R-086")
async def test_a_language_that_is_heard_after_the_handover_reaches_the_peers_ticket_and_call(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    call = a_call(note="楼上有人打架")
    here = a_call(site=POLICE, incident_id=call.incident_id)
    await police.write(here)
    await gov.write(call, c.OpenTicket(call.call_id, call.incident_id), handover(call))

    later = replace(call, language="ug")
    heard = c.KeepLanguage(call.call_id, call.incident_id, AgentId("8001"), "ug")
    await gov.write(later, heard, c.SendNote(call.call_id, call.incident_id, POLICE))
    gov.start_lines()
    await until(delivered(gov, POLICE))

    assert (await gov.tickets.ticket_of(call.incident_id)).language == "ug"
    assert (await police.tickets.ticket_of(call.incident_id)).language == "ug"
    ((event, _),) = [told for told in police.told if isinstance(told[0], e.PeerNoteWritten)]
    assert (event.from_site, event.language) == (SiteId(GOV), "ug")


@pytest.mark.covers("R-086", "T-19")
@pytest.mark.parametrize("tag", ["<b>", "bo\n", "x" * 17, "བོད"])
def test_a_language_is_a_tag_and_nothing_else(tag: str) -> None:
    with pytest.raises(ValidationError):
        Note.model_validate({"note": "", "language": tag})
