"""What holds for every answer: headers, health, figures, the description, and that no number gets out."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from aiohttp import ClientSession

from callflow.web.app import ROUTES
from callflow.web.openapi import document
from callflow.web.refusals import REFUSALS
from tests.contract.web.desk import next_event
from tests.contract.web.house import House
from tests.contract.web.ticket_store import NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator


async def test_every_kind_of_answer_has_the_security_headers_and_none_opens_to_other_origins(house: House) -> None:
    async with ClientSession() as http:
        for method, path in (
            ("GET", "/"),
            ("GET", "/nowhere"),
            ("PUT", "/api/v1/calls"),
            ("GET", "/api/v1/calls?x=1"),
            ("OPTIONS", "/api/v1/calls"),
            ("POST", "/api/v1/session"),
            ("GET", "/metrics"),
        ):
            async with http.request(method, house.url + path, headers={"Origin": "http://evil.example"}) as response:
                headers = response.headers
            assert "default-src 'none'" in headers["Content-Security-Policy"], path
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store"
            assert headers["Server"] == "callflow"
            assert not [name for name in headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nowhere", "not-found"),
        ("PUT", "/api/v1/calls", "method-not-allowed"),
        ("GET", f"/api/v1/calls?number={NUMBER}", "query-not-accepted"),
        ("GET", f"/?{NUMBER}", "query-not-accepted"),
    ],
)
async def test_a_wrong_address_is_told_as_a_problem_document(house: House, method: str, path: str, code: str) -> None:
    async with ClientSession() as http, http.request(method, house.url + path) as response:
        body = await response.json()

    assert response.content_type == "application/problem+json"
    assert (body["code"], response.status) == (code, REFUSALS[code].status)
    assert body["type"] == f"urn:callflow:problem:{code}"
    assert NUMBER not in json.dumps(body)


async def test_ready_names_the_neighbour_that_is_missing(house: House) -> None:
    async with ClientSession() as http:
        async with http.get(f"{house.url}/health/ready") as response:
            assert (response.status, (await response.json())["missing"]) == (200, [])
        house.missing = {"redis": "connection refused"}
        async with http.get(f"{house.url}/health/ready") as response:
            body = await response.json()
        assert (response.status, body["ok"], body["missing"]) == (503, False, ["redis"])
        assert {"name": "redis", "ok": False, "cause": "connection refused"} in body["neighbours"]
        house.missing = {"trunk-110": "the PBX of 110 does not answer"}
        async with http.get(f"{house.url}/health/ready") as response:  # its callers are still answered
            body = await response.json()
        assert (response.status, body["ok"], body["missing"]) == (200, True, ["trunk-110"])
        async with http.get(f"{house.url}/health/live") as response:
            assert (response.status, await response.json()) == (200, {"site": "12345"})


async def test_an_unforeseen_error_answers_without_its_words_and_is_logged_without_them(
    house: House, lines: list[dict[str, Any]]
) -> None:
    desk = await house.desk(house.agent)

    async def broken() -> list[Any]:
        raise KeyError(NUMBER)

    house.facts.live_calls = broken  # type: ignore[method-assign] # a neighbour with a fault of its own
    status, body = await desk.get("/api/v1/calls")

    assert (status, body["code"]) == (500, "internal-error")
    told = [line for line in lines if line["event"] == "request failed"]
    assert [line["error"] for line in told] == ["KeyError"]
    assert "calls.py" in told[0]["where"]
    assert NUMBER not in json.dumps(lines)


@pytest.mark.covers("T-16")
async def test_a_whole_story_leaves_no_number_in_any_address_log_line_or_figure(
    house: House, lines: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk, supervisor = await house.desk(house.agent), await house.desk(house.supervisor)
    async with desk.events() as response:
        await next_event(response)
        call_id = await house.caller_talks_with(house.agent)
        base = f"/api/v1/calls/{call_id}"
        _, attempt = await desk.post(f"{base}/handover", {"target": "110", "consent": "agreed", "note": NUMBER})
        await desk.post(f"{base}/handover", {"target": NUMBER, "consent": "agreed"})
        await desk.post(f"{base}/handover", {"caller_number": NUMBER, NUMBER: 1, "target": "110"})
        await house.target_joins(call_id, attempt["attempt_id"])
        await desk.post(f"{base}/note", {"text": f"回拨 {NUMBER}"})
        await desk.post("/api/v1/tickets/search", {"number": NUMBER})
        for path in (f"/api/v1/calls/{NUMBER}", f"/api/v1/tickets/{NUMBER}", f"/{NUMBER}", f"/api/v1/calls?n={NUMBER}"):
            assert (await desk.get(path))[0] in (404, 422)
        await desk.post("/api/v1/session", {"user": NUMBER, "password": NUMBER})
        seen_by_others = [
            (await supervisor.get(path))[1] for path in ("/api/v1/calls", base, f"{base}/timeline", "/metrics")
        ]

    written = json.dumps(lines, default=str) + caplog.text
    assert len(lines) > 10
    assert "{call_id}" in written
    assert NUMBER not in written
    assert NUMBER not in json.dumps([view for view in seen_by_others if not isinstance(view, str)]).replace(
        json.dumps(f"回拨 {NUMBER}"),
        "",  # the agent's own words in the note are the ticket's matter
    )
    assert NUMBER not in seen_by_others[-1]
    assert all(NUMBER not in route.path and "number" not in route.path for route in ROUTES)


@pytest.mark.covers("T-19")
@pytest.mark.parametrize(
    "payload",
    ["<script>alert(1)</script>", "'; DROP TABLE calls; --", '=HYPERLINK("http://evil")', "{{7*7}}", '"><img src=x>'],
)
async def test_hostile_text_comes_back_as_inert_json(house: House, payload: str) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    async with desk.events() as response:
        await next_event(response)
        assert (await desk.post(f"/api/v1/calls/{call_id}/note", {"text": payload}))[0] == 200
        _, name, told = await next_event(response)
        assert (name, told["note"]) == ("call", payload)

    async with desk.http.get(f"{house.url}/api/v1/calls/{call_id}") as response:
        assert response.content_type == "application/json"
        assert (await response.json())["note"] == payload


async def test_a_stranger_who_sends_half_a_request_does_not_hold_the_program_up_when_it_closes(house: House) -> None:
    reader, writer = await asyncio.open_connection(*house.runner.addresses[0][:2])
    writer.write(b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    async with asyncio.timeout(8):
        await house.runner.cleanup()
        assert await reader.read() is not None
    writer.close()


@pytest.mark.covers("T-16")
@pytest.mark.parametrize(
    "raw",
    [
        f"GET /{NUMBER} NONSENSE\r\n\r\n",
        f"{NUMBER}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{NUMBER}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nX-Long: {NUMBER * 2000}\r\n\r\n",
    ],
)
async def test_what_is_not_even_http_is_refused_and_leaves_no_number_in_the_log(
    house: House, raw: str, lines: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection(*house.runner.addresses[0][:2])
    writer.write(raw.encode())
    async with asyncio.timeout(5):
        assert b" 400 " in await reader.readline()
    writer.close()

    assert NUMBER not in json.dumps(lines) + caplog.text


# ---- the description


async def test_the_description_is_served_and_every_reference_in_it_holds(house: House) -> None:
    async with ClientSession() as http, http.get(f"{house.url}/api/openapi.json") as response:
        paper = await response.json()

    assert paper["openapi"].startswith("3.1")
    references = re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(paper))
    assert set(references) <= set(paper["components"]["schemas"])
    names = [one["operationId"] for path in paper["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))


async def test_the_names_that_outside_checks_rely_on_are_all_there(house: House) -> None:
    paths = document(ROUTES, house.site)["paths"]

    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} >= {
        "POST /api/v1/session",
        "DELETE /api/v1/session",
        "GET /api/v1/calls",
        "GET /api/v1/calls/{call_id}",
        "GET /api/v1/calls/{call_id}/timeline",
        "POST /api/v1/calls/{call_id}/handover",
        "POST /api/v1/calls/{call_id}/handover/cancel",
        "POST /api/v1/calls/{call_id}/handover/stay",
        "POST /api/v1/calls/{call_id}/leave",
        "POST /api/v1/calls/{call_id}/owner",
        "POST /api/v1/calls/{call_id}/danger",
        "POST /api/v1/calls/{call_id}/note",
        "GET /api/v1/events",
        "POST /api/v1/tickets/search",
        "GET /api/v1/tickets/{ticket_id}",
        "GET /api/v1/incidents/{incident_id}/trace",
        "GET /api/v1/directory",
        "GET /api/v1/roster",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
    }


def test_every_refusal_that_a_row_names_is_described_with_its_status() -> None:
    for route in ROUTES:
        for code in route.refuses:
            assert code in REFUSALS, f"{route.path} names {code}"


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Every line that structlog writes meanwhile."""
    with structlog.testing.capture_logs() as captured:
        yield captured
