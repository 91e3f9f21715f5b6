"""The desk's ticket form: fields of a versioned template of the exchange, and what the agent is asked for (R-045).

The template (`service/templates.py`) says what a field may hold, `callflow/data/ticket_form.toml` which fields the form
has, in which order, and which categories need which. So a field that crosses is never written longer than it may cross.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from callflow.service.messages import VERSION
from callflow.service.templates import FOLDER, template

FORM: Final = FOLDER.with_name("ticket_form.toml")


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. `choices` empty: it is written, `most` characters at most, as `pattern` says."""

    name: str
    choices: tuple[str, ...]
    most: int | None
    pattern: str | None
    needed: bool
    needed_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketForm:
    """The fields in order; `template` is kind and version of what they are from."""

    template: str
    fields: tuple[FormField, ...]


@cache
def ticket_form() -> TicketForm:
    """The form as shipped. Raises KeyError when its data names a field that the template has not."""
    said = tomllib.loads(FORM.read_text("utf-8"))
    whole = template(said["template"])
    properties = whole["properties"]["body"]["properties"]
    asked = {name: tuple(row["categories"]) for row in said["needed_for"] for name in row["fields"]}
    fields = [_field(name, properties[name], whole["$defs"], said["needed"], asked) for name in said["fields"]]
    return TicketForm(f"{said['template']} {VERSION}", tuple(fields))


def _field(
    name: str, schema: Mapping[str, Any], parts: Mapping[str, Any], needed: list[str], asked: Mapping[str, Any]
) -> FormField:
    found = parts[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    choices = tuple(str(one) for one in found.get("enum", ()))
    return FormField(
        name, choices, found.get("maxLength"), found.get("pattern"), name in needed, tuple(asked.get(name, ()))
    )
