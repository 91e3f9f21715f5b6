"""A site's rules for tickets from their files: dated limits, when to chase, categories, working days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from callflow.adapters import calendar
from callflow.adapters.calendar import RuleFileError, load_calendar, parsed
from callflow.domain.limits import Chase, Level, Limits, Matter, Span, Stage
from callflow.domain.ticket_rules import Categories, TicketRules

LIMITS: Final = calendar.SHIPPED.with_name("limits.toml")
CATEGORIES: Final = calendar.SHIPPED.with_name("categories.toml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Span(_Strict):
    hours: Annotated[float, Field(gt=0)] | None = None
    days: Annotated[int, Field(ge=1)] | None = None


class _Limits(_Strict):
    name: Annotated[str, Field(min_length=1, max_length=40)]
    effective_from: date
    source: Annotated[str, Field(min_length=1)]
    level: dict[Level, dict[Stage, _Span]]
    matter: dict[Matter, _Span]

    @field_validator("level", mode="before")
    @classmethod
    def _numbers(cls, value: dict[str, object]) -> dict[int, object]:
        """TOML's keys are words."""
        return {int(level): spans for level, spans in value.items()}

    @field_validator("matter")
    @classmethod
    def _whole(cls, value: dict[Matter, _Span]) -> dict[Matter, _Span]:
        if missing := [matter.value for matter in Matter if matter not in value]:
            raise ValueError(f"no limit for {', '.join(missing)}")
        return value

    def limits(self) -> Limits:
        return Limits(
            self.name,
            self.effective_from,
            self.source,
            {level: {s: _span(span) for s, span in spans.items()} for level, spans in self.level.items()},
            {matter: _span(span) for matter, span in self.matter.items()},
        )


class _Chase(_Strict):
    name: Annotated[str, Field(pattern=r"^[a-z-]{1,24}$")]
    share: Annotated[float, Field(gt=0, le=10)]
    supervises: bool


class _LimitsFile(_Strict):
    limits: Annotated[tuple[_Limits, ...], Field(min_length=1)]
    chase: tuple[_Chase, ...]


class _CategoriesFile(_Strict):
    scheme: Annotated[str, Field(min_length=1, max_length=32)]
    version: Annotated[str, Field(min_length=1, max_length=16)]
    categories: Annotated[tuple[str, ...], Field(min_length=1)]
    departments: tuple[str, ...]


def load_rules(
    limits: Path = LIMITS, corrections: Path = calendar.SHIPPED, categories: Path = CATEGORIES
) -> TicketRules:
    """Read and check the files.

    Raises:
        RuleFileError: one of them cannot be used; the message names it.
    """
    said = parsed(limits, _LimitsFile)
    names = [one.name for one in said.limits]
    if len(set(names)) != len(names):
        raise RuleFileError(f"{limits.name}: two limits have one name; tickets keep theirs by it, so rename one")
    tree = parsed(categories, _CategoriesFile)
    try:
        dated = tuple(one.limits() for one in said.limits)
    except ValueError as error:
        raise RuleFileError(f"{limits.name}: {error}") from error
    return TicketRules(
        limits=dated,
        calendar=load_calendar(corrections),
        categories=Categories(tree.scheme, tree.version, frozenset(tree.categories)),
        plan=tuple(Chase(one.name, one.share, supervises=one.supervises) for one in said.chase),
    )


def check_categories(rules: TicketRules, named: Iterable[str]) -> None:
    """Whom the site file tells of a category that there is not would never hear of anything. Raises RuleFileError."""
    lost = sorted({*named} - rules.categories.names)
    if lost:
        raise RuleFileError(f"[[notices]] name categories that there are not: {', '.join(lost)}; correct the site file")


@lru_cache(maxsize=1)
def shipped_rules() -> TicketRules:
    """The rules that come with the program."""
    return load_rules()


def _span(said: _Span) -> Span:
    return Span(hours=said.hours, days=said.days)
