"""Dotted paths into JSON: `tickets.0.platform`, and what an answer lacks of what was expected."""

from typing import Any

ABSENT = object()


def look_up(document: Any, path: str) -> Any:
    """The value at a dotted path; list items by index. ABSENT when there is none."""
    for part in path.split("."):
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return ABSENT
    return document


def fits(found: Any, wanted: Any) -> bool:
    """Equal; a mapping fits when all of its entries do; a list when each item is found among the found ones."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(fits(look_up(found, path), value) for path, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and all(any(fits(each, item) for each in found) for item in wanted)
    if isinstance(wanted, bool) or isinstance(found, bool) or wanted is None:
        return bool(found is wanted)
    return found is not ABSENT and str(found) == str(wanted)


def misfits(document: Any, where: dict[str, Any]) -> str | None:
    """One sentence about the first path that does not hold what was expected; None when all do."""
    for path, wanted in where.items():
        found = look_up(document, path)
        if not fits(found, wanted):
            return f"{path} is {'absent' if found is ABSENT else repr(found)}, expected {wanted!r}"
    return None
