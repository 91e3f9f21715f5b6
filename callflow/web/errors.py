"""Refused requests as RFC 9457 problem documents with a stable `code` (the table is in `refusals`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callflow.web.refusals import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Sequence


class FieldError(BaseModel):
    """One field that is wrong. Never repeats what was sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    field: str
    message: str


class Offer(BaseModel):
    """What can be done instead: `do` is "ticket" (work on by ticket dispatch), "next_contact" or "handover".

    `target` and `contact` are those of the next handover.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    do: str
    target: str | None = None
    contact: int | None = None
    name_zh: str | None = None
    name_en: str | None = None


class ProblemView(BaseModel):
    """RFC 9457 problem document with a stable `code`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str = Field(description="urn:callflow:problem:<code>")
    title: str
    status: int
    code: str
    detail: str
    detail_zh: str
    cure: str
    cure_zh: str
    errors: list[FieldError] | None = None
    offers: list[Offer] | None = None


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """A refused request. `code` must be a row of REFUSALS."""

    def __init__(
        self,
        code: str,
        *,
        errors: Sequence[FieldError] = (),
        offers: Sequence[Offer] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.refusal = REFUSALS[code]
        self.errors = tuple(errors)
        self.offers = tuple(offers)
        self.retry_after_s = retry_after_s

    def response(self) -> web.Response:
        """The answer to send."""
        r = self.refusal
        view = ProblemView(
            type=f"urn:callflow:problem:{self.code}",
            title=r.title,
            status=r.status,
            code=self.code,
            detail=r.detail,
            detail_zh=r.detail_zh,
            cure=r.cure,
            cure_zh=r.cure_zh,
            errors=list(self.errors) or None,
            offers=list(self.offers) or None,
        )
        headers = {} if self.retry_after_s is None else {"Retry-After": str(max(1, round(self.retry_after_s)))}
        return web.Response(
            status=r.status,
            body=view.model_dump_json(exclude_none=True).encode(),
            content_type="application/problem+json",
            headers=headers,
        )
