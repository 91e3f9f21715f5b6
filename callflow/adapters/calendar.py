"""The working days of China as published, with a site's own corrections (R-033)."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, TypeVar

import chinese_calendar
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callflow.domain.working_days import ONE_DAY, WorkCalendar

Form = TypeVar("Form", bound=BaseModel)

SHIPPED: Final = Path(__file__).parents[1] / "data" / "calendar.toml"


class RuleFileError(Exception):
    """A file of dated rules cannot be used; the message names the file, the field and the cure."""


class _Corrections(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    published_to: date | None = None
    free: Annotated[tuple[date, ...], Field(max_length=400)] = ()
    worked: Annotated[tuple[date, ...], Field(max_length=400)] = ()


def load_calendar(corrections: Path = SHIPPED) -> WorkCalendar:
    """The package's years, then the file's word on single days.

    After the last year of both, days are counted by weekends alone and what rests on them is `assumed`.

    Raises:
        RuleFileError: the file cannot be read, or a field is unknown or no date.
    """
    said = parsed(corrections, _Corrections)
    if both := set(said.free) & set(said.worked):
        raise RuleFileError(f"{corrections.name}: {min(both)} is both free and worked; take one of the two out")
    free, worked, published_to = _published()
    return WorkCalendar(
        published_to=max(said.published_to or published_to, published_to),
        free=(free - set(said.worked)) | set(said.free),
        extra=(worked - set(said.free)) | set(said.worked),
    )


@lru_cache(maxsize=1)
def _published() -> tuple[frozenset[date], frozenset[date], date]:
    """The package's days off and make-up days, and the last day of its years: for a later one it raises."""
    year = min(chinese_calendar.holidays).year
    while True:
        try:
            chinese_calendar.is_workday(date(year, 1, 1))
        except NotImplementedError:
            break
        year += 1
    return frozenset(chinese_calendar.holidays), frozenset(chinese_calendar.workdays), date(year, 1, 1) - ONE_DAY


def parsed(path: Path, form: type[Form]) -> Form:
    """A TOML file in the form that it should have. Raises RuleFileError."""
    try:
        return form.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RuleFileError(f"{path.name}: cannot be read ({error.strerror}); name an existing file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleFileError(f"{path.name}: not valid TOML: {error}; correct it") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise RuleFileError(f"{path.name}: {where}: {first['msg']}; correct it") from error
