"""Who works at a site, from where, and what is watched: part of the site file (`sitefile`)."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import IPvAnyNetwork, StringConstraints

from callflow.site_keeping import Strict

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{2,16}$")]


SEES_CONFIDENTIAL: Final = frozenset({"supervisor", "auditor"})
"""Roles for which every confidential ticket is there."""


class AgentAccount(Strict):
    """An agent's phone and desk account; the secrets are made in the keys directory, never written here.

    `phone`: a SIP phone of his own, or the one in the desk's page (WebRTC); an account has one of the two.
    `organisation`: the other platform that sent him to sit here (R-019); left out, he is this platform's own. What he
    may do is what his role may here; what he does is written down under both.
    `unit`: the organisation that he works for, by the code by which tickets are dispatched to it; he sees the
    confidential tickets that it handles (R-056).
    """

    id: Annotated[str, StringConstraints(pattern=r"^\d{3,6}$")]
    name_zh: str
    role: Literal["agent", "supervisor", "auditor", "administrator", "evaluator"] = "agent"
    phone: Literal["sip", "browser"] = "sip"
    organisation: Code | None = None
    unit: Annotated[str, StringConstraints(pattern=r"^([0-9A-Z]{12,18})?$")] = ""


class Guard(Strict):
    """Whom the guard never bans besides this site, its carriers and peers: the networks of agents' phones."""

    never_ban: tuple[IPvAnyNetwork, ...] = ()


class Security(Strict):
    """From which networks agents' phones may sign in, and where their contacts may stand; none named: from anywhere.

    `second_factor`: an administrator or auditor who has none can do nothing but enrol ("required"), or may do without.
    """

    phones: tuple[IPv4Network, ...] = ()
    second_factor: Literal["required", "offered"] = "required"


class Supervision(Strict):
    """`show_listening`: the agent's desk says while a supervisor listens to his call."""

    show_listening: bool = True
