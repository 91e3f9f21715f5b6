"""Every string field of every request that the live API takes, by its own OpenAPI document; and a right request."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
WORDS = ("110", "8001", "510100", "GD20261122000001", "13800138000", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "2026-11-22", "x")


@dataclass(frozen=True, slots=True)
class Field:
    """One place for a text in a request. `path`: its way through the body; "[]" is an element of a list."""

    method: str
    route: str
    path: tuple[str, ...]
    is_enumerated: bool
    body: Json

    def __str__(self) -> str:
        return f"{self.method} {self.route} {'.'.join(self.path)}"

    def with_text(self, text: str) -> Json:
        """A right request with this text in that place."""
        body = copy.deepcopy(self.body)
        place: Any = body
        for step, following in zip(self.path, (*self.path[1:], None), strict=True):
            key: Any = 0 if step == "[]" else step
            if following is None:
                put(place, key, text)
            else:
                if not isinstance(at(place, key), list if following == "[]" else dict):
                    put(place, key, [None] if following == "[]" else {})
                place = at(place, key)
        return body


def at(place: Any, key: Any) -> Any:
    """What stands there, or None."""
    return (place[key] if place else None) if isinstance(place, list) else place.get(key)


def put(place: Any, key: Any, value: Any) -> None:
    """Set it, in an object or as the first of a list."""
    if isinstance(place, list):
        place[:] = [value]
    else:
        place[key] = value


def fields_of(document: Json) -> list[Field]:
    """Every string field of every operation that takes a body."""
    found: list[Field] = []
    for route, operations in document["paths"].items():
        for method, operation in operations.items():
            asked = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if asked is not None:
                schema = asked["schema"]
                body = right(schema, document)
                found += [
                    Field(method.upper(), route, path, is_enumerated, body)
                    for path, is_enumerated in strings(schema, document)
                ]
    return found


def strings(schema: Json, document: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The way to each string, and whether it is one of a list of words (or of a pattern without free text)."""
    kinds = alternatives(schema, document)
    texts = [one for one in kinds if one.get("type") == "string" or "enum" in one or "const" in one]
    if texts and path:
        yield path, all("enum" in one or "const" in one for one in texts)
    for one in kinds:
        for name, part in one.get("properties", {}).items():
            yield from strings(part, document, (*path, name))
        if one.get("type") == "array":
            yield from strings(one["items"], document, (*path, "[]"))


def alternatives(schema: Json, document: Json) -> list[Json]:
    """What it may be, with references followed; null left out."""
    if "$ref" in schema:
        return alternatives(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    several = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if several:
        return [kind for one in several for kind in alternatives(one, document)]
    return [] if schema.get("type") == "null" else [schema]


def right(schema: Json, document: Json) -> Any:
    """The smallest value that the schema takes."""
    one = alternatives(schema, document)[0]
    if "const" in one or "enum" in one:
        return one.get("const", one.get("enum", [None])[0])
    if one.get("type") == "object":
        needed = one.get("required", [])
        return {name: right(part, document) for name, part in one.get("properties", {}).items() if name in needed}
    if one.get("type") == "array":
        return [right(one["items"], document)] * one.get("minItems", 0)
    return {"string": _word(one), "boolean": False}.get(one["type"], one.get("minimum", 1))


def _word(schema: Mapping[str, Any]) -> str:
    pattern, least, most = schema.get("pattern", ""), schema.get("minLength", 0), schema.get("maxLength", 999)
    fits = (word for word in WORDS if re.search(pattern, word) and least <= len(word) <= most)
    return next(fits, "x" * max(1, least))
