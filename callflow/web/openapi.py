"""The OpenAPI 3.1 document, made from the rows and their pydantic models; nothing in it is written by hand."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from callflow.web.errors import ProblemView
from callflow.web.refusals import REFUSALS
from callflow.web.routes import Route, Visit
from callflow.web.sessions import COOKIE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from callflow.sitefile import Site

_REF = "#/components/schemas/{model}"
_ALWAYS = ("query-not-accepted", "internal-error")
_SIGNED_IN = ("not-signed-in", "role-not-allowed")
_WITH_BODY = ("json-wanted", "invalid-request", "body-too-large", "body-too-slow")


def route_for(rows: Iterable[Route], site: Site) -> Route:
    """The row that answers with the document of the other rows."""
    paper = document(tuple(rows), site)

    async def show(_visit: Visit, _ask: None) -> web.Response:
        """The OpenAPI document."""
        return web.json_response(paper)

    return Route("GET", "/api/openapi.json", show, "This document.", roles=None, answers={200: "application/json"})


def document(rows: tuple[Route, ...], site: Site) -> dict[str, Any]:
    """The whole document for these rows."""
    models: set[type[BaseModel]] = {ProblemView}
    for row in rows:
        models |= {model for model in (row.asks, *row.answers.values()) if isinstance(model, type)}
    in_order = sorted(models, key=lambda model: model.__name__)
    _, made = models_json_schema([(model, "validation") for model in in_order], ref_template=_REF)
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        paths[row.path][row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"callflow desk API, {site.platform.name_en} ({site.platform.id})",
            "version": "1",
            "description": "Sign in at POST /api/v1/session; writes carry X-CSRF-Token. "
            "No path and no query ever carries a phone number.",
        },
        "paths": dict(paths),
        "components": {
            "schemas": made["$defs"],
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _operation(row: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{row.method.lower()}{re.sub(r'[^0-9A-Za-z]+', '_', row.path).rstrip('_') or '_home'}",
        "summary": row.says,
        "responses": {str(status): _answer(model) for status, model in row.answers.items()} | _refusals(row),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", row.path)
    ]
    parameters += [{"name": name, "in": "header", "schema": {"type": "string"}} for name in row.headers]
    if parameters:
        operation["parameters"] = parameters
    if row.asks is not None:
        needed = any(field.is_required() for field in row.asks.model_fields.values())
        operation["requestBody"] = {"required": needed, "content": {"application/json": {"schema": _ref(row.asks)}}}
    if row.roles is not None:
        operation["security"] = [{"session": [], "csrf": []} if row.is_write else {"session": []}]
        operation["x-roles"] = sorted(row.roles)
    return operation


def _refusals(row: Route) -> dict[str, Any]:
    codes = [*row.refuses, *_ALWAYS]
    if row.roles is not None:
        codes += _SIGNED_IN
    if row.is_write:
        codes += ["foreign-origin"] if row.roles is None else ["foreign-origin", "csrf-token-wrong"]
    if row.asks is not None:
        codes += _WITH_BODY
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in dict.fromkeys(codes):
        by_status[REFUSALS[code].status].append(code)
    return {
        str(status): {
            "description": ", ".join(found),
            "content": {"application/problem+json": {"schema": _ref(ProblemView)}},
        }
        for status, found in sorted(by_status.items())
        if status not in row.answers
    }


def _answer(model: type[BaseModel] | str | None) -> Mapping[str, Any]:
    if model is None:
        return {"description": "Done; no body."}
    if isinstance(model, str):
        media = {each: {"schema": {"type": "string"}} for each in model.split(", ")}
        return {"description": "As the media type says.", "content": media}
    return {
        "description": (model.__doc__ or "").split("\n")[0],
        "content": {"application/json": {"schema": _ref(model)}},
    }


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}
