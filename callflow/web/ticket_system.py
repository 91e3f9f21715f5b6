"""What the platform's own ticket system says to us: steps, its numbers, and matters of its own (docs/ticket-system.md).

No session: every request is signed (`signed`). A step is the same row of `ticket_steps.STEPS` that a desk takes, with
the same refusals; the same `webhook-id` again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args

from pydantic import Field, StringConstraints, ValidationError

from callflow.domain.names import TicketId
from callflow.service.ticket_system import ID, MOMENT, SIGNATURE, SystemNumber
from callflow.web.deps import Asker, TicketSystemDoor
from callflow.web.errors import FieldError, Problem
from callflow.web.routes import Route, Visit, answer
from callflow.web.schemas import Ask, Code, Line, Prose
from callflow.web.ticket_intake import take_matter
from callflow.web.ticket_step_schemas import LifeView, MatterAsk, StepAsk, TicketNumber, UnitCode, Version
from callflow.web.ticket_steps import ROWS, take_step
from callflow.web.views import life_view

if TYPE_CHECKING:
    from aiohttp import web

Words = Literal["sign", "respond", "feed-back", "citizen-told", "call-back", "close", "return", "dispatch", "escalate"]
HEAD: Final = {"ticket_id", "number", "by", "step"}
By = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{0,20}$")]


class StatusAsk(Ask):
    """One step of a ticket; without `step` only its number over there. Which fields a step takes: its own address.

    `by` is a person's or a unit's code over there; the books keep it behind the ticket system's id.
    """

    ticket_id: TicketNumber
    number: SystemNumber | None = None
    by: By = ""
    step: Words | None = None
    version: Version | None = None
    text: Prose = ""
    told_by: Annotated[Line, Field(max_length=32)] = ""
    channel: Annotated[Line, Field(max_length=32)] = ""
    satisfied: bool | None = None
    unit: UnitCode | None = None
    assisting: Annotated[tuple[UnitCode, ...], Field(max_length=20)] = ()
    platform: Code | None = None

    def of_step(self, model: type[StepAsk]) -> StepAsk:
        """What the step itself is asked. Raises Problem for what it does not take."""
        given = self.model_fields_set - HEAD
        alien = sorted(given - set(model.model_fields))
        if alien:
            raise Problem(
                "invalid-request", errors=[FieldError(field=one, message="not of this step") for one in alien]
            )
        try:
            return model.model_validate(self.model_dump(include=given))
        except ValidationError as error:
            wrong = [FieldError(field=str(one["loc"][0]), message=one["msg"]) for one in error.errors()]
        raise Problem("invalid-request", errors=wrong)


class SystemMatter(MatterAsk):
    """A matter that was opened over there, with its number: the same number again makes no second ticket."""

    number: SystemNumber
    by: By = ""


async def take_status(visit: Visit, ask: StatusAsk) -> web.Response:
    """Its number first, then the step: where the step is refused the number is right all the same."""
    door, ticket_id = door_of(visit), TicketId(ask.ticket_id)
    if ask.number is not None and not await door.numbers.of_ticket(ticket_id, ask.number, visit.now):
        raise Problem("ticket-not-found")
    if ask.step is None:
        life = await visit.deps.lives.life(ticket_id)
        if life is None:
            raise Problem("ticket-not-found")
        return answer(life_view(life))
    lived = await take_step(_asker(visit, ask.by), ask.step, ticket_id, ask.of_step(ROWS[ask.step].asks))
    return answer(life_view(lived.life, lived.told))


async def take_system_matter(visit: Visit, ask: SystemMatter) -> web.Response:
    """A ticket for it, and across to the other platform at once when asked."""
    door = door_of(visit)
    matter = MatterAsk.model_validate(ask.model_dump(exclude={"number", "by"}))
    asker = _asker(visit, ask.by)
    lived = await take_matter(asker, matter, key=f"matter:{door.system_id}:{ask.number}")
    await door.numbers.of_ticket(lived.life.ticket_id, ask.number, visit.now)
    return answer(life_view(lived.life, lived.told), 201)


def door_of(visit: Visit) -> TicketSystemDoor:
    """The ticket system that was let in."""
    door = visit.deps.ticket_system
    if door is None:
        raise Problem("no-ticket-system")
    return door


def _asker(visit: Visit, by: str) -> Asker:
    who = ".".join(filter(None, (door_of(visit).system_id, by)))
    return Asker(visit.deps, who, visit.now, visit.request.headers[ID])


SIGNED = ("no-ticket-system", "webhook-signature-wrong", "webhook-clock", "facts-away")
ROUTES = (
    Route(
        "POST",
        "/api/v1/ticket-system/steps",
        take_status,
        "A step of a ticket, or its number, said by the platform's own ticket system; signed, no session.",
        roles=None,
        is_signed=True,
        asks=StatusAsk,
        answers={200: LifeView},
        refuses=(
            *SIGNED,
            "ticket-not-found",
            *dict.fromkeys(c for w in get_args(Words) for c in ROWS[w].every_refusal),
        ),
        headers=(ID, MOMENT, SIGNATURE),
    ),
    Route(
        "POST",
        "/api/v1/ticket-system/matters",
        take_system_matter,
        "A matter that was opened in the platform's own ticket system; signed, no session.",
        roles=None,
        is_signed=True,
        asks=SystemMatter,
        answers={201: LifeView},
        refuses=(*SIGNED, "region-unknown", "category-unknown", "platform-unknown"),
        headers=(ID, MOMENT, SIGNATURE),
    ),
)
