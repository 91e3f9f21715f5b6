"""All checks in order, and how one is judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from callflow.conformance import checks as c
from callflow.conformance.checks import FILES, ONLINE, Check, Examiner, Failed
from callflow.conformance.lines import NoAnswer
from callflow.service.exchange import Mode
from callflow.service.messages import KINDS, VERSION
from callflow.service.signatures import Refused, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator

DOOR: Final = frozenset({Mode.PUSH})


async def state(examiner: Examiner) -> None:
    """It says, signed, up to where it has our chains: what a full resync is made from."""
    message = examiner.message()
    c.taken(await examiner.say(message), message)
    before = f"{message.incident_id[:-1]}"
    said = await examiner.line.look(f"/state?after={before}")
    ends = examiner.ends
    page = open_state(said, peer=ends.peer, site=ends.site, keyring=ends.keyring)
    if (message.incident_id, message.seq) not in {(incident, seq) for incident, seq, _ in page.ends}:
        raise Failed("the message that it has just taken is not in it")


async def templates(examiner: Examiner) -> None:
    """It serves the JSON Schemas of its messages, and of this version they name exactly the fields that we do."""
    listed = json.loads(await examiner.line.look("/templates"))["versions"]
    if VERSION not in listed:
        raise Failed(f"no templates of version {VERSION}; there are those of {', '.join(listed)}")
    for kind, model in KINDS.items():
        template = json.loads(await examiner.line.look(f"/templates/{VERSION}/{kind}.json"))
        beyond = set(template["properties"]["body"]["properties"]) ^ set(model.model_fields)
        if beyond:
            raise Failed(f"{kind}: {', '.join(sorted(beyond))} on one side only")


async def dropped_twice(examiner: Examiner) -> None:
    """A file that a gateway brings twice is a message that was taken before."""
    await c.repeated(examiner)


CHECKS: Final = (
    Check(c.receipt, ("R-060", "R-041")),
    Check(c.repeated, ("R-040", "R-011")),
    Check(c.in_order, ("R-043",)),
    Check(c.gap, ("R-049",)),
    Check(c.fork, ("R-049", "T-15")),
    Check(c.replay, ("R-060", "T-15"), ONLINE),
    Check(dropped_twice, ("R-061",), FILES),
    Check(c.altered, ("R-060", "T-15")),
    Check(c.wrong_peer, ("R-060", "T-15")),
    Check(c.wrong_envelope, ("R-060", "T-15"), ONLINE),
    Check(c.old_clock, ("R-060", "T-15"), ONLINE),
    Check(c.unknown_key, ("R-060", "T-15")),
    Check(c.oversized, ("R-061", "T-15")),
    Check(c.malformed, ("R-045", "T-15")),
    Check(c.newer_minor, ("R-045",)),
    Check(c.newer_major, ("R-045",)),
    Check(c.version_before, ("R-045",)),
    Check(c.late_news, ("R-061",)),
    Check(state, ("R-049",), DOOR),
    Check(templates, ("R-045", "R-066"), DOOR),
)


def of(mode: Mode) -> Iterator[Check]:
    """The checks that make sense on such a line."""
    return (check for check in CHECKS if mode in check.modes)


async def judge(check: Check, examiner: Examiner) -> str | None:
    """Why the peer fails it, or None."""
    try:
        await check.run(examiner)
    except (Failed, NoAnswer, Refused) as wrong:
        return str(wrong)
    except (ValueError, KeyError, TypeError) as error:
        return f"what it says cannot be read ({type(error).__name__})"
    return None
