"""Signing in with a second factor, enrolling it, and losing it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from callflow.domain.names import AgentId
from callflow.domain.second_factor import code_of
from tests.contract.web.desk import Desk
from tests.contract.web.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATH = "/api/v1/second-factor"


def code(secret: str, now: float) -> str:
    return code_of(base64.b32decode(secret), int(now) // 30)


async def signs_in(house: House, user: AgentId, typed: str = "") -> tuple[int, Any, Desk]:
    desk = Desk(house.browser(), house.url, user)
    ask = {"user": user, "password": f"secret-of-{user}"} | ({"code": typed} if typed else {})
    status, body = await desk.post("/api/v1/session", ask)
    desk.csrf = body.get("csrf", "")
    return status, body, desk


async def enrolled(house: House) -> tuple[Desk, dict[str, Any]]:
    desk = await house.desk(house.administrator)
    status, shown = await desk.post(PATH)
    assert status == 201
    status, session = await desk.post(f"{PATH}/confirm", {"code": code(shown["secret"], house.now)})
    assert status == 200, session
    desk.csrf = session["csrf"]
    house.now += 30
    return desk, shown


@pytest.fixture
async def strict() -> AsyncIterator[House]:
    """A site where administrators must have a second factor."""
    made = House()
    needed = made.site.security.model_copy(update={"second_factor": "required"})
    made.site = made.site.model_copy(update={"security": needed})
    await made.open()
    yield made
    await made.close()


@pytest.mark.covers("R-065")
async def test_once_enrolled_a_password_alone_opens_nothing(house: House) -> None:
    _, shown = await enrolled(house)
    right = code(shown["secret"], house.now)

    assert (await signs_in(house, house.administrator))[1]["code"] == "second-factor-needed"
    assert (await signs_in(house, house.administrator, "000000"))[1]["code"] == "second-factor-wrong"
    assert (await signs_in(house, house.administrator, right))[0] == 200
    assert (await signs_in(house, house.administrator, right))[1]["code"] == "second-factor-wrong", "a code works once"
    assert (await signs_in(house, house.administrator, shown["recovery"][0]))[0] == 200
    assert (await signs_in(house, house.agent))[0] == 200, "an agent needs none"


async def test_whoever_stole_the_password_before_is_out_when_the_owner_enrols(house: House) -> None:
    _, _, thief = await signs_in(house, house.administrator)
    house.now += 5
    owner, _ = await enrolled(house)

    assert (await thief.get("/api/v1/site"))[1]["code"] == "not-signed-in"
    assert (await owner.get("/api/v1/site"))[0] == 200
    assert (await owner.post(PATH))[1]["code"] == "second-factor-set"


async def test_codes_are_not_tried_at_will(house: House) -> None:
    await enrolled(house)

    said = [(await signs_in(house, house.administrator, f"{n:06d}"))[1]["code"] for n in range(6)]

    assert said == ["second-factor-wrong"] * 5 + ["too-many-sign-ins"]


@pytest.mark.covers("R-065")
async def test_where_it_is_required_an_account_without_one_can_only_enrol(strict: House) -> None:
    _, _, desk = await signs_in(strict, strict.administrator)

    assert (await desk.get("/api/v1/site"))[1]["code"] == "second-factor-missing"
    assert (await desk.get(PATH))[1] == {"enrolled": False, "required": True}
    owner, _ = await enrolled(strict)
    assert (await owner.get("/api/v1/site"))[0] == 200


@pytest.mark.covers("R-065")
async def test_a_lost_factor_is_reset_by_another_administrator_and_audited() -> None:
    house = House()
    second = house.site.agent[0].model_copy(update={"id": "8499", "role": "administrator"})
    house.site = house.site.model_copy(update={"agent": (*house.site.agent, second)})
    await house.open()
    owner, _ = await enrolled(house)
    other = await house.desk(AgentId("8499"))
    auditor = await house.desk(house.auditor)

    assert (await owner.delete(f"{PATH}/{house.administrator}"))[1]["code"] == "second-factor-own"
    assert (await auditor.delete(f"{PATH}/{house.administrator}"))[1]["code"] == "role-not-allowed"
    assert (await other.delete(f"{PATH}/0000"))[1]["code"] == "account-not-found"
    assert (await other.delete(f"{PATH}/{house.administrator}"))[0] == 204
    assert house.factor_books.audit[-1] == ("second_factor.reset", house.administrator, "8499")
    assert (await signs_in(house, house.administrator))[0] == 200
    await house.close()
