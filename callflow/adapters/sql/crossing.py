"""What of a ticket crosses to the peer, as the trust table lets it (R-002, R-066)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from callflow.domain.names import Presentation, SiteId, Verified
from callflow.service import messages as m

if TYPE_CHECKING:
    from callflow.adapters.sql.step import Step


def matter_body(step: Step, ticket: Any, peer_id: SiteId) -> dict[str, Any]:
    """The fields of `messages.Matter` from a ticket's row."""
    peer = step.site.peer_of(peer_id)
    policy = peer.send_identity if peer else "never"
    crosses = policy == "always" or (policy == "allowed" and ticket.presentation == Presentation.ALLOWED)
    shown = crosses and ticket.number_gone_at is None  # of a swept number only its mask is left
    return {
        "number": ticket.caller_number if shown else "",
        "presentation": ticket.presentation,
        "verified": ticket.verified if shown else Verified.NONE,
        "note": (ticket.note or ticket.peer_note)[: m.NOTE_LIMIT],
        "suggestion": json.loads(ticket.suggestion) if ticket.suggestion and not ticket.confidential else None,
        "ticket_id": ticket.ticket_id,
        "first_receiver": ticket.first_receiver,
        "region": ticket.region or step.site.platform.region,
        "consent": ticket.consent,
        "danger": ticket.danger,
        "confidential": ticket.confidential,
        "language": ticket.language,
    }
