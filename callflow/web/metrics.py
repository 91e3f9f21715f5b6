"""Figures for Prometheus, in a registry of its own. Labels come from closed sets: no number, no name, no id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from callflow.web.routes import Route, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from callflow.domain.calls import Attempt

ANSWER_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Metrics:
    """The web face's own figures. Register one instance to a registry, once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "callflow_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.answer_s = Histogram(
            "callflow_http_answer_seconds",
            "Seconds to an answer; event streams excepted.",
            ("route",),
            buckets=ANSWER_BUCKETS_S,
            registry=registry,
        )
        self.streams = Gauge("callflow_desk_streams", "Event streams open now.", registry=registry)
        self.streams_ended = Counter(
            "callflow_desk_streams_ended", "Event streams that ended, by reason.", ("reason",), registry=registry
        )
        self.sign_ins = Counter("callflow_sign_ins", "Sign-ins, by outcome.", ("outcome",), registry=registry)
        self.handovers = Counter(
            "callflow_handover_requests",
            "Handovers asked for at the desk, by target, kind and what became of the request.",
            ("target", "kind", "outcome"),
            registry=registry,
        )
        self.alerts = Counter(
            "callflow_alerts", "Requests that a supervisor should hear of, by kind.", ("kind",), registry=registry
        )


def attempt_outcomes(registry: CollectorRegistry) -> Callable[[Attempt], None]:
    """Count how attempts went, by whichever door they came: busy, no_answer, rejected … (requirement R-005)."""
    outcomes = Counter(
        "callflow_attempt_outcomes",
        "Attempts to bring a target in, by target, kind and how they went.",
        ("target", "kind", "outcome"),
        registry=registry,
    )

    def count(attempt: Attempt) -> None:
        outcomes.labels(attempt.target, attempt.kind, attempt.outcome).inc()

    return count


async def show_metrics(visit: Visit, _ask: None) -> web.Response:
    """All figures of this site's registry."""
    return web.Response(body=generate_latest(visit.deps.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


ROUTES = (
    Route(
        "GET",
        "/metrics",
        show_metrics,
        "Figures for Prometheus, without personal data.",
        roles=None,
        answers={200: "text/plain"},
    ),
)
