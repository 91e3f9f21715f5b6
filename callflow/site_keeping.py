"""What a site keeps, how large it may grow and for how long: part of the site file (`sitefile`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator


class Strict(BaseModel):
    """A section of the site file: frozen, and an unknown field stops the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Recording(Strict):
    """Whether calls are recorded. Off unless the site says so: it needs a legal basis and a notice to callers.

    `keep_days`: how long a recording is kept. `min_free_mb`: below it no new recording begins; what runs already
    writes on into this reserve (8 kB a second each). `announcement`: a sound that the caller hears when an agent
    answers, without its ending; "" for none. A WAV file, like all that callers hear where calls are recorded
    (docs/decisions.md, Recording).
    """

    enabled: bool = False
    keep_days: int = Field(default=180, ge=1, le=3650)
    min_free_mb: int = Field(default=2000, ge=100)
    announcement: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_/-]{0,64}$")] = ""


class Journal(Strict):
    """The dialplan's journal: a new piece is begun at this size, and a whole one is kept for so many days."""

    rotate_mb: int = Field(default=64, ge=1)
    keep_days: int = Field(default=400, ge=1, le=3650)


class Logs(Strict):
    """Asterisk's logs, CDR and CEL: a file is put aside at this size; how many are kept of each, and for how long."""

    rotate_mb: int = Field(default=64, ge=1)
    keep_files: int = Field(default=9, ge=1, le=999)
    keep_days: int = Field(default=180, ge=1, le=3650)


class Retention(Strict):
    """For how many days a matter's data is kept once its ticket is closed or merged (docs/retention.md).

    `numbers_days`: then the number is masked. `texts_days`: then notes, place and results are erased. `messages_days`:
    bodies of messages that both platforms have. `call_backs_days`: since one is done. `recordings_days`: the entry of
    a recording, since its sound was deleted. `matters_days`: then the whole matter goes; 0 keeps what is left of it.
    """

    numbers_days: int = Field(default=1095, ge=1, le=36500)
    texts_days: int = Field(default=1095, ge=1, le=36500)
    messages_days: int = Field(default=180, ge=1, le=36500)
    call_backs_days: int = Field(default=180, ge=1, le=36500)
    recordings_days: int = Field(default=1095, ge=1, le=36500)
    matters_days: int = Field(default=0, ge=0, le=36500)

    @model_validator(mode="after")
    def _no_copy_outlives(self) -> Retention:
        first, last = min(self.numbers_days, self.texts_days), max(self.numbers_days, self.texts_days)
        if self.messages_days > first:
            raise ValueError(f"messages hold number and texts: messages_days may be {first} at most")
        if self.call_backs_days > self.numbers_days:
            raise ValueError(f"call-backs hold numbers: call_backs_days may be {self.numbers_days} at most")
        if 0 < self.matters_days < last:
            raise ValueError(f"matters_days is 0 (never) or at least {last}")
        return self
