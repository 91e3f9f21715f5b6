"""Signing in: one wrong way after the other, and the right one."""

from __future__ import annotations

import pytest

from callflow.web.sessions import FAILURE_WINDOW_S, FAILURES_PER_USER, SESSION_IDLE_S, SESSION_LIFE_S
from tests.contract.web.desk import Desk
from tests.contract.web.house import House


async def test_the_cookie_is_for_http_only_and_for_this_site_and_the_body_has_the_csrf_token(house: House) -> None:
    sent = {"user": house.agent, "password": f"secret-of-{house.agent}"}
    async with house.browser().post(f"{house.url}/api/v1/session", json=sent) as response:
        cookie = response.headers["Set-Cookie"]
        body = await response.json()

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/api" in cookie
    assert len(body["csrf"]) >= 32
    assert body["agent"] == {"agent_id": "8001", "name_zh": "坐席8001", "role": "agent", "organisation": "12345"}
    assert body["site"] == "12345"


@pytest.mark.parametrize("user", ["8001", "nobody"])
async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(house: House, user: str) -> None:
    desk = Desk(house.browser(), house.url, house.agent)

    status, body = await desk.post("/api/v1/session", {"user": user, "password": "guess"})

    assert (status, body["code"]) == (401, "sign-in-failed")
    assert body["detail"]
    assert body["detail_zh"]
    assert body["cure"]


async def test_after_too_many_wrong_passwords_even_the_right_one_must_wait_and_then_passes(house: House) -> None:
    desk = Desk(house.browser(), house.url, house.agent)
    right = {"user": "8001", "password": "secret-of-8001"}
    for _ in range(FAILURES_PER_USER):
        assert (await desk.post("/api/v1/session", {"user": "8001", "password": "guess"}))[0] == 401

    refused = await desk.http.post(f"{house.url}/api/v1/session", json=right)
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= FAILURE_WINDOW_S
    assert (await refused.json())["code"] == "too-many-sign-ins"

    house.now += FAILURE_WINDOW_S
    assert (await desk.post("/api/v1/session", right))[0] == 200


async def test_without_a_session_nothing_but_health_figures_and_the_description_is_told(house: House) -> None:
    stranger = Desk(house.browser(), house.url, house.agent)

    for path in ("session", "calls", "events", "directory", "roster"):
        status, body = await stranger.get(f"/api/v1/{path}")
        assert (status, body["code"]) == (401, "not-signed-in"), path
    for path in ("/", "/health/live", "/api/v1/health/ready", "/metrics", "/api/openapi.json"):
        assert (await stranger.get(path))[0] == 200, path


async def test_signing_out_ends_the_session_for_a_copied_cookie_too(house: House) -> None:
    desk = await house.desk(house.agent)
    copied = {cookie.key: cookie.value for cookie in desk.http.cookie_jar}

    assert (await desk.delete("/api/v1/session"))[0] == 204

    thief = Desk(house.browser(), house.url, house.agent)
    assert (await thief.get("/api/v1/calls", Cookie=f"callflow_session={copied['callflow_session']}"))[0] == 401


async def test_a_session_ends_when_it_is_idle_or_its_shift_is_over(house: House) -> None:
    desk = await house.desk(house.agent)
    house.now += SESSION_IDLE_S + 1
    assert (await desk.get("/api/v1/calls"))[0] == 401

    desk = await house.desk(house.agent)
    for _ in range(int(SESSION_LIFE_S / SESSION_IDLE_S * 2) - 1):
        house.now += SESSION_IDLE_S / 2
        assert (await desk.get("/api/v1/calls"))[0] == 200
    house.now += SESSION_IDLE_S / 2
    assert (await desk.get("/api/v1/calls"))[0] == 401


async def test_a_restart_in_mid_call_asks_nobody_to_sign_in_again(house: House) -> None:
    desk = await house.desk(house.agent)
    port = int(house.url.rpartition(":")[2])

    await house.runner.cleanup()
    house.registry = type(house.registry)()
    await house.open(port)

    status, body = await desk.get("/api/v1/session")
    assert (status, body["csrf"]) == (200, desk.csrf)


@pytest.mark.parametrize(
    "token",
    ["", "x", "00000000000000000000000000000000.8001.1900000000." + "0" * 64, "数字" * 20, "a" * 4000],
)
async def test_a_made_up_cookie_is_no_session(house: House, token: str) -> None:
    desk = Desk(house.browser(), house.url, house.agent)

    assert (await desk.get("/api/v1/calls", Cookie=f"callflow_session={token}"))[0] == 401


async def test_a_seal_does_not_fit_another_agents_name(house: House) -> None:
    desk = await house.desk(house.agent)
    token = next(cookie.value for cookie in desk.http.cookie_jar)
    forged = token.replace(".8001.", ".8002.")

    thief = Desk(house.browser(), house.url, house.agent)
    assert (await thief.get("/api/v1/calls", Cookie=f"callflow_session={forged}"))[0] == 401


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 64])
async def test_a_write_without_the_right_csrf_token_changes_nothing(house: House, token: str | None) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    before = house.facts.calls[call_id]

    headers = {} if token is None else {"X-CSRF-Token": token}
    async with desk.http.post(f"{house.url}/api/v1/calls/{call_id}/danger", headers=headers) as response:
        body = await response.json()

    assert (response.status, body["code"]) == (403, "csrf-token-wrong")
    assert house.facts.calls[call_id] == before


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_write_from_another_sites_page_is_refused_signing_in_too(house: House, headers: dict[str, str]) -> None:
    desk = await house.desk(house.agent)

    status, body = await desk.post("/api/v1/session", {"user": "8001", "password": "secret-of-8001"}, **headers)

    assert (status, body["code"]) == (403, "foreign-origin")
    own = {"Origin": house.url, "Sec-Fetch-Site": "same-origin"}
    assert (await desk.post("/api/v1/session", {"user": "8001", "password": "secret-of-8001"}, **own))[0] == 200
