"""What a site is connected with: carriers that callers come in by, other platforms. Part of `sitefile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from callflow.domain.names import LANGUAGE_TAG
from callflow.service.exchange import Mode
from callflow.service.profiles import Profile
from callflow.site_keeping import Strict
from callflow.site_people import Code

Address = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.:-]{3,64}$")]

TRUNK_SILENCE_S: Final = 5
"""A trunk to a platform carries sound as long as somebody talks there; its PBX has died when none comes."""


class Carrier(Strict):
    """A trunk that callers come in by. `trusted`: its P-Asserted-Identity is the network's word.

    `send_identity`: whose number a target behind it is shown. "never" is ours; "allowed" the caller's, unless he hides
    it; "always" his, hidden or not, for a line inside the trust domain (119, 120, 122). An unverified one never leaves.
    `language`: what callers by it speak (BCP 47), for a line that a language has to itself; an agent may say otherwise.
    """

    id: Code
    address: Address
    trusted: bool
    send_identity: Literal["always", "allowed", "never"] = "never"
    number_refused_codes: tuple[int, ...] = ()
    language: Annotated[str, StringConstraints(pattern=LANGUAGE_TAG, max_length=16)] = ""


class Folders(Strict):
    """Where a gateway between two networks takes our files from (`out`) and puts the peer's (`into`)."""

    out: Path
    into: Path


class Names(Strict):
    """A peer's own names for what crosses (R-062): our field -> his, and of a field our word -> his."""

    fields: dict[str, Annotated[str, StringConstraints(pattern=r"^\w{1,64}$")]] = Field(default_factory=dict)
    words: dict[str, dict[str, Annotated[str, StringConstraints(max_length=64)]]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_read_back(self) -> Names:
        ambiguity = self.profile.ambiguity()
        if ambiguity is not None:
            raise ValueError(ambiguity)
        return self

    @property
    def profile(self) -> Profile:
        """For whoever writes and reads messages."""
        return Profile(self.fields, self.words)


class Peer(Strict):
    """Another platform (or a line such as 119). Of trust every field is a decision; none has a default.

    `exchange_out`, `exchange_in`: how our messages travel to him and his to us. "push" to us and "pull" from us are
    served at our own door; `exchange` is his.
    """

    id: Code
    address: Address
    exchange: str
    believe_identity: bool
    send_identity: Literal["always", "allowed", "never"]
    answer_is_human: bool
    number_refused_codes: tuple[int, ...]
    trunk_port: int = Field(default=5061, ge=1, le=65535)
    max_hops: int = Field(ge=1, le=9)
    uui_key_id: int = Field(ge=1, le=255)
    exchange_out: Mode = Mode.PUSH
    exchange_in: Mode = Mode.PUSH
    exchange_folders: Folders | None = None
    names: Names = Names()

    @model_validator(mode="after")
    def _files_have_folders(self) -> Peer:
        if Mode.FILE in (self.exchange_out, self.exchange_in) and self.exchange_folders is None:
            raise ValueError('"file" needs exchange_folders, with `out` and `into`')
        return self

    @property
    def profile(self) -> Profile:
        """His own names for what crosses."""
        return self.names.profile
