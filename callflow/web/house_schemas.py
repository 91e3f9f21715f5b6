"""The form of what is asked about the house itself: directory, roster, health."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from callflow.web.schemas import AgentView, View


class ContactView(View):
    """A duty phone of an entry; `contact` is what a handover names it by."""

    contact: int
    name_zh: str
    name_en: str
    answer_is_human: bool


class TargetView(View):
    """A directory entry: whom a caller can be handed to."""

    code: str
    name_zh: str
    name_en: str
    sort: Literal["platform", "emergency", "utility", "department", "region"]
    contacts: list[ContactView]
    reachable: bool | None = Field(description="false: the trunk is known to be dead now; null: nobody can say")


class DirectoryView(View):
    """The directory, in the site's order."""

    targets: list[TargetView]


class RosterEntry(AgentView):
    """An account with its presence."""

    at_desk: bool
    on_call: bool


class RosterView(View):
    """Everybody who works here."""

    agents: list[RosterEntry]


class LiveView(View):
    """The program answers."""

    site: str


class Neighbour(View):
    """One neighbour of the program; `cause` says why it is missing."""

    name: str
    ok: bool
    cause: str | None


class ReadyView(View):
    """`ok`: callers are served. `missing` names every neighbour that does not answer, other platforms too."""

    ok: bool
    missing: list[str]
    neighbours: list[Neighbour]
