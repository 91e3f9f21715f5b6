"""What `expect` and `wait until` can ask: about a phone, a desk, or what an actor heard."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from softphone_sim.script.model import Name, Number, Seconds, Strict


class _Seen(Strict):
    at: Name
    within: Seconds = 5.0


class SeenNumber(_Seen):
    """The number in the INVITE that rang this phone: what it shows, or one header's."""

    is_: Number = Field(alias="is")
    in_: Literal["shown", "pai", "from"] = Field(default="shown", alias="in")


class SeenHeader(_Seen):
    """A header of the INVITE that rang this phone, or of the latest message of another kind."""

    name: str
    is_: str | None = Field(default=None, alias="is")
    contains: str | None = None
    matches: str | None = None
    absent: bool = False
    message: str = "INVITE"  # a method, or a status code


class Ringing(_Seen):
    """A call rings at this phone."""


class Answered(_Seen):
    """The phone's call is connected."""


class Ended(_Seen):
    """The phone's call has ended, with this code if one is named."""

    code: int | None = None


class Legs(_Seen):
    """How many live calls this phone has (0: it is free again)."""

    is_: int = Field(alias="is")


class NotRinging(Strict):
    """No new call comes to this phone for that long."""

    at: Name
    for_: Seconds = Field(default=1.0, alias="for")


class Transferred(_Seen):
    """The phone was told of its REFER (NOTIFY)."""

    code: int = 200


class SeenEvent(_Seen):
    """An event on this agent's stream, with these values in it (dotted paths)."""

    type: str
    where: dict[str, Any] = Field(default_factory=dict)
    since: Name | None = None
    count: int | None = None


class SeenPop(_Seen):
    """A screen pop on this agent's stream."""

    number: Number | None = None
    presentation: str | None = None
    verified: bool | None = None
    before: Literal["ringing", "answer"] | None = None
    since: Name | None = None  # a mark: pops before it are of an earlier call
    where: dict[str, Any] = Field(default_factory=dict)


class SeenTicket(_Seen):
    """A ticket on this agent's stream."""

    where: dict[str, Any] = Field(default_factory=dict)


class SeenOfCall(_Seen):
    """What the desk's API says of this agent's latest call."""

    is_: Any = Field(alias="is")


class Silence(Strict):
    """The longest time this actor heard none of `of` (default: nobody at all, music counts as a voice)."""

    at: Name
    most: Seconds
    of: tuple[Name, ...] | None = None
    since: Name | None = None  # a mark; by default since the call was answered
    within: Seconds = 0.0


class SeenGap(_Seen):
    """The change from one voice to another at this actor."""

    from_: Name = Field(alias="from")
    to: Name
    most: Seconds
    since: Name | None = None


CONDITIONS: dict[str, type[BaseModel]] = {
    "number": SeenNumber,
    "header": SeenHeader,
    "ringing": Ringing,
    "not_ringing": NotRinging,
    "answered": Answered,
    "ended": Ended,
    "transferred": Transferred,
    "event": SeenEvent,
    "pop": SeenPop,
    "ticket": SeenTicket,
    "phase": SeenOfCall,
    "owner": SeenOfCall,
    "legs": Legs,
    "silence": Silence,
    "gap": SeenGap,
}
