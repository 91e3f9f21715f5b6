"""The guard's figures for Prometheus, read from its memory at each scrape. Labels are reasons, never addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callflow.domain.bans import Reason
from callflow.guard.memory import cause_of, read_memory


class GuardFigures(Collector):
    """Register once to a site's registry. `clock`: epoch seconds."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """What the guard said last; zeros when it has said nothing."""
        now, report = self._clock(), read_memory(self._folder)
        is_on_duty = GaugeMetricFamily("callflow_guard_on_duty", "1 while attackers are refused.")
        is_on_duty.add_metric((), float(cause_of(report, now) is None))
        bans = GaugeMetricFamily("callflow_bans", "Sources refused now, by reason.", labels=("reason",))
        made = CounterMetricFamily("callflow_bans_made", "Bans so far, by reason.", labels=("reason",))
        spared = CounterMetricFamily(
            "callflow_bans_spared",
            "Bans that were due but hit an address that is never banned: forged packets, or a phone gone wrong.",
            labels=("reason",),
        )
        unreadable = CounterMetricFamily(
            "callflow_security_lines_unreadable", "Lines of the security log that nobody was banned for."
        )
        unreadable.add_metric((), report.unreadable if report else 0)
        by_reason = report.bans_now(now) if report else {}
        for reason in Reason:
            bans.add_metric((reason.value,), by_reason.get(reason, 0))
            made.add_metric((reason.value,), report.made.get(reason, 0) if report else 0)
            spared.add_metric((reason.value,), report.spared.get(reason, 0) if report else 0)
        yield from (is_on_duty, bans, made, spared, unreadable)

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry need not read the memory to learn our names."""
        return iter(())
