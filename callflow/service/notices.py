"""What emergency management, fire services and the like are told of an urgent matter (应急联动, R-028).

Only these fields leave, signed and receipted as for our own ticket system (`service.ticket_system`). A notice says how
the matter stands; each that says something new is one message, so that who has the last one has all.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from callflow.domain.limits import Matter as MatterKind
from callflow.domain.names import Verified
from callflow.service.message_parts import Number, TicketNumber, Word
from callflow.service.messages import NOTE_LIMIT, Body
from callflow.service.templates import template_of

KIND: Final = "notice"


class Notice(Body):
    """An urgent matter as it stands. `opened_at`: epoch seconds.

    `number` is whole, masked or "" as the site file says for this receiver, and "" of who withholds it, unless there is
    danger. Of a `confidential` matter it is "", and so is `text`; where it is and how urgent is told all the same.
    `is_over`: closed, or merged into another ticket.
    """

    ticket_id: TicketNumber
    level: Literal[1, 2, 3]
    danger: bool
    matter: MatterKind
    category: Word
    region: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    location: Word
    text: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)]
    number: Number
    verified: Verified
    confidential: bool
    is_over: bool
    opened_at: float


def notice_text() -> str:
    """The JSON Schema of what is sent, as its file in docs/notices has it."""
    return json.dumps(template_of(KIND, Notice), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(notice_text())
