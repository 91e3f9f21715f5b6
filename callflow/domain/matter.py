"""Rules about the matter itself, whoever is on the line: notes, tickets of the others, nuisance."""

from __future__ import annotations

from dataclasses import replace

from callflow.domain.commands import KeepDisposition, KeepLanguage, MarkNuisance, OpenTicket, PopScreen, SendNote
from callflow.domain.draft import Draft
from callflow.domain.events import (
    Disposed,
    LanguageSaid,
    NoteWritten,
    NuisanceMarked,
    PeerNoteWritten,
    PeerTicketOpened,
)
from callflow.domain.ownership import peers_of
from callflow.domain.rules import SiteRules


def note_written(draft: Draft, event: NoteWritten, rules: SiteRules) -> None:
    """The agent's note, whole. The platforms that have to do with the incident get every later one too."""
    call = draft.call
    if event.text == call.note:
        return
    draft.change(note=event.text)
    for peer in peers_of(call, rules):
        draft.add(SendNote(call.call_id, call.incident_id, peer))


def language_said(draft: Draft, event: LanguageSaid, rules: SiteRules) -> None:
    """Our agent hears which language it is: kept, and told to the platforms that have to do with the incident."""
    call = draft.call
    if event.language == call.language or event.agent_id not in call.agents:
        return
    draft.change(language=event.language)
    draft.add(KeepLanguage(call.call_id, call.incident_id, event.agent_id, event.language))
    for peer in peers_of(call, rules):
        draft.add(SendNote(call.call_id, call.incident_id, peer))


def peer_note_written(draft: Draft, event: PeerNoteWritten, _rules: SiteRules) -> None:
    """The peer's note, whole, is in our ticket: who has the call gets the pop again."""
    call, language = draft.call, event.language or draft.call.language
    if (event.text, language) == (call.peer_note, call.language):
        return
    draft.change(peer_note=event.text, language=language)
    if call.agent is not None and not call.is_over:
        draft.add(PopScreen(event.call_id, call.agent.agent_id))


def peer_ticket_opened(draft: Draft, event: PeerTicketOpened, _rules: SiteRules) -> None:
    """The peer's ticket is known at our desks (the exchange has linked it to ours already).

    With it came what the peer knew: who has the call gets the pop again, now with the note, the suggestion, and who
    handed over.
    """
    call = draft.call
    is_origin = call.caller.from_site == event.from_site and not call.is_over
    by = event.by if is_origin and event.by is not None else call.caller.handed_by
    tickets = tuple(dict.fromkeys((*call.peer_tickets, event.ticket_id)))
    if (tickets, by) == (call.peer_tickets, call.caller.handed_by):
        return
    draft.change(peer_tickets=tickets, caller=replace(call.caller, handed_by=by))
    if call.agent is not None and is_origin:
        draft.add(PopScreen(event.call_id, call.agent.agent_id))


def disposed(draft: Draft, event: Disposed, _rules: SiteRules) -> None:
    """Our agent says what became of the call; said anew, the last word counts."""
    call = draft.call
    if call.disposition is event.disposition or event.agent_id not in call.agents:
        return
    draft.change(disposition=event.disposition)
    draft.add(KeepDisposition(call.call_id, call.incident_id, event.agent_id, event.disposition))


def nuisance_marked(draft: Draft, event: NuisanceMarked, _rules: SiteRules) -> None:
    """Our agent marks nuisance or a threat: counted for the number, told with every handover, never a block (R-015)."""
    call = draft.call
    if call.nuisance or event.agent_id not in call.agents:
        return
    draft.change(nuisance=True)
    draft.add(OpenTicket(call.call_id, call.incident_id))
    draft.add(MarkNuisance(call.call_id, call.incident_id, event.agent_id))
