"""The templates of the exchange (工单警单模板): one JSON Schema a kind of message, made from the models (R-045).

The files stand in `callflow/data/templates/<version>/<kind>.json` and are served as
`/exchange/v1/templates/<version>/<kind>.json`. `python -m callflow.service.templates` writes those of this version, and
a test compares them with the models; those of an earlier version are what sites in service speak and never change.
Fields that a template does not name are let pass and kept with the message as it was signed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from callflow.service.messages import KINDS, VERSION, Body, ExchangeMessage

FOLDER: Final = Path(__file__).parents[1] / "data" / "templates"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def template(kind: str) -> dict[str, Any]:
    """The JSON Schema of a whole message of this kind. Raises KeyError for a kind that there is not."""
    return template_of(kind, KINDS[kind])


def template_of(kind: str, model: type[Body]) -> dict[str, Any]:
    """The JSON Schema of a whole message whose body is this."""
    head = ExchangeMessage.model_json_schema(ref_template="#/$defs/{model}")
    body = model.model_json_schema(ref_template="#/$defs/{model}")
    parts = head.pop("$defs", {}) | body.pop("$defs", {})
    parts.pop("Body", None)
    head["properties"] |= {"kind": {"const": kind}, "body": body}
    if parts:
        head["$defs"] = parts
    return {"$schema": DIALECT, "$id": f"/exchange/v1/templates/{VERSION}/{kind}.json"} | head | {"title": kind}


def text_of(kind: str) -> str:
    """The template as its file has it."""
    return json.dumps(template(kind), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def versions() -> dict[str, list[str]]:
    """Every version that there are files of, with its kinds; oldest first."""
    folders = sorted(FOLDER.iterdir(), key=lambda one: [int(part) for part in one.name.split(".")])
    return {folder.name: sorted(file.stem for file in folder.glob("*.json")) for folder in folders}


def write_templates(folder: Path) -> None:
    """This version's templates, one file a kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.json").write_text(text_of(kind), encoding="utf-8")


if __name__ == "__main__":
    write_templates(FOLDER / VERSION)
    sys.stderr.write(f"{len(KINDS)} templates of version {VERSION}\n")
