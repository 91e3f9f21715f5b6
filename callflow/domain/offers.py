"""What our agent can do after a failed attempt, offered at once with the failure (requirement R-005). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from callflow.domain.calls import Attempt
from callflow.domain.names import Kind, Outcome, TargetCode

NOTHING_FAILED = frozenset({None, Outcome.JOINED, Outcome.CANCELLED})
"""It still rings, went well, or our agent ended it himself: he knows what he wants."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One next step. `do`: "three_party", "next_contact" (`contact` says which), "ticket"."""

    do: str
    target: TargetCode
    contact: int
    zh: str
    en: str


def offers(attempt: Attempt) -> tuple[Offer, ...]:
    """The next steps after this attempt, in the order of the policy: three-party, the next contact, a ticket."""
    return () if attempt.outcome in NOTHING_FAILED else tuple(_next_steps(attempt))


def _next_steps(attempt: Attempt) -> Iterator[Offer]:
    if attempt.kind is Kind.ONE_KEY:
        yield Offer("three_party", attempt.target, attempt.contact, "改用三方通话", "Try a three-party call")
    if attempt.next_contact is not None:
        yield Offer("next_contact", attempt.target, attempt.next_contact, "拨打下一联系人", "Ring the next contact")
    yield Offer("ticket", attempt.target, 0, "工单转办", "Send a ticket")
