"""The call-script language: what may stand in a script, checked before anything rings.

A script has a name, actors, and steps. A step is a mapping with one verb; `STEPS` and the `CONDITIONS` of
`expect` and `wait until` (conditions.py) are the whole vocabulary. A plain value after a verb stands for its first
field (`answer: anna`).
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s)$")


def seconds(text: object) -> float:
    """`2s`, `1.5 s`, `300ms` as seconds."""
    if isinstance(text, float):
        return text
    found = DURATION.match(str(text))
    if not found:
        raise ValueError(f"{text!r} is no length of time: write 2s or 300ms")
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Seconds = Annotated[float, BeforeValidator(seconds)]
Number = Annotated[str, BeforeValidator(_text)]  # YAML reads 12345 as an integer; we mean the digits
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z一-鿿][\w一-鿿-]*$")]
Keys = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^[0-9*#A-D]+$")]
FinalCode = Annotated[int, Field(ge=300, le=699)]


class Strict(BaseModel):
    """Says nothing that the language does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


# ---- actors ---------------------------------------------------------------------------------------------


class Policy(Strict):
    """What a phone does with calls by itself. `manual`: rings until a step answers."""

    answer: Literal["manual", "auto", "busy", "reject"] = "manual"
    after: Seconds = 0.0
    code: FinalCode | None = None  # of a refusal; 486 for busy, 603 for reject
    ring: bool = True  # send 180 first
    only_from: Number | None = None  # a call that shows another number gets a 403 before any 180


class Caller(Strict):
    """A citizen behind the carrier."""

    number: Number
    carrier: Literal["trusted", "untrusted"] = "trusted"
    address: str | None = None
    tone_hz: int | None = None


class Agent(Policy):
    """A seat of a platform: its phone, and its desk unless `desk: false`."""

    platform: Number
    seat: int = 1
    desk: bool = True
    address: str | None = None
    tone_hz: int | None = None


class Phone(Policy):
    """A phone that registers nowhere: at an address, or as what the lab's n-th trusted carrier connects to."""

    number: Number
    address: str | None = None
    carrier: Annotated[int, Field(ge=1)] | None = None
    port: int = 0
    tone_hz: int | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Phone":
        if (self.address is None) == (self.carrier is None):
            raise ValueError("a phone has exactly one of `address` and `carrier` (1 is the lab's first trusted one)")
        return self


class ActorSpec(Strict):
    """Exactly one of caller, agent, phone."""

    caller: Caller | None = None
    agent: Agent | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "ActorSpec":
        if sum(kind is not None for kind in (self.caller, self.agent, self.phone)) != 1:
            raise ValueError("an actor is exactly one of caller, agent, phone")
        return self


# ---- steps ----------------------------------------------------------------------------------------------


class Call(Strict):
    """Dial: a service number, a `sip:` address, or an actor's own phone."""

    from_: Name = Field(alias="from")
    to: Number
    shown_as: Number | None = None  # another From number than the actor's own
    anonymous: bool = False  # From anonymous, Privacy: id, the number in P-Asserted-Identity
    asserted: Number | None = None  # P-Asserted-Identity
    headers: dict[str, str] = {}
    as_: Name | None = Field(default=None, alias="as")


class _OnePhone(Strict):
    who: Name
    call: Name | None = None  # a call named by `as`; the latest by default


class Answer(_OnePhone):
    """Answer what rings, now or within the limit; `as` names the call for later steps."""

    as_: Name | None = Field(default=None, alias="as")
    within: Seconds = 10.0


class Reject(_OnePhone):
    """Refuse what rings, now or within the limit."""

    code: FinalCode = 603
    within: Seconds = 10.0


class HangUp(_OnePhone):
    """End the call."""


class Hold(_OnePhone):
    """Hold the call."""


class Unhold(_OnePhone):
    """Take the held call back."""


class Press(_OnePhone):
    """Press keys (RFC 4733)."""

    keys: Keys


class Refer(_OnePhone):
    """REFER: blind to a number, code or address, or with Replaces to another call of this phone."""

    to: Number | None = None
    replaces: Name | None = None

    @model_validator(mode="after")
    def _one_target(self) -> "Refer":
        if (self.to is None) == (self.replaces is None):
            raise ValueError("refer has exactly one of `to` (blind) and `replaces` (a call named by `as`)")
        return self


class Say(Strict):
    """Switch an actor's tone on or off, for good or for a time."""

    who: Name
    on: bool
    for_: Seconds | None = Field(default=None, alias="for")


class SetPolicy(Policy):
    """From now on this phone does so with calls."""

    who: Name


class Hear(Strict):
    """Who hears exactly whom: reached `within`, then held `for` with no silence beyond `longest_silence`."""

    who: Name | None = None
    exactly: tuple[Name, ...] | None = None
    everyone: dict[Name, tuple[Name, ...]] | None = None
    within: Seconds = 3.0
    for_: Seconds = Field(default=0.4, alias="for")
    longest_silence: Seconds = 0.25

    @model_validator(mode="after")
    def _one_form(self) -> "Hear":
        if (self.who is None) != (self.exactly is None) or (self.who is None) == (self.everyone is None):
            raise ValueError("hear is either `who` with `exactly`, or `everyone`")
        return self

    @property
    def pairs(self) -> dict[str, tuple[str, ...]]:
        """Listener: the voices heard."""
        return self.everyone or {str(self.who): self.exactly or ()}


class Talk(Strict):
    """Let them talk for a while; nothing is judged."""

    time: Seconds


class Mark(Strict):
    """Give this moment a name."""

    name: Name


class Api(Strict):
    """One desk API call of a logged-in agent, below /api/v1."""

    who: Name
    do: Annotated[str, StringConstraints(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")]
    body: Any = None
    status: int | None = None  # by default any 2xx
    code: str | None = None
    where: dict[str, Any] = {}
    capture: dict[Name, str] = {}
    within: Seconds | None = None  # ask again until the answer fits


class Fault(Strict):
    """Kill a phone with -9, or signal a site's own processes (pids of the status document)."""

    kill: Name | None = None
    python: Number | None = None
    asterisk: Number | None = None
    signal: Literal["KILL", "TERM", "STOP", "CONT"] = "KILL"

    @model_validator(mode="after")
    def _one_victim(self) -> "Fault":
        if sum(victim is not None for victim in (self.kill, self.python, self.asterisk)) != 1:
            raise ValueError("fault has exactly one of `kill` (an actor), `python`, `asterisk` (a platform)")
        return self


STEPS: dict[str, type[BaseModel]] = {
    "call": Call,
    "answer": Answer,
    "reject": Reject,
    "hang up": HangUp,
    "hold": Hold,
    "unhold": Unhold,
    "press": Press,
    "refer": Refer,
    "say": Say,
    "policy": SetPolicy,
    "hear": Hear,
    "talk": Talk,
    "mark": Mark,
    "api": Api,
    "fault": Fault,
}
