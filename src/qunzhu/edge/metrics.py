"""What /metrics says, in Prometheus' text form. Own registry: nothing global is touched."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from qunzhu import __version__
from qunzhu.push.hub import Tally

Answers = Counter[tuple[str, str, int]]
Ends = Counter[str]
Census = Callable[[], tuple[int, int]]
"""Returns how many apps are open, and how many sessions they have."""


class _Server(Collector):
    """Reads the server's own counts when it is asked."""

    def __init__(self, answers: Answers, ends: Ends, tally: Tally, census: Census | None, started: float) -> None:
        self._answers = answers
        self._ends = ends
        self._tally = tally
        self._census = census
        self._started = started

    def collect(self) -> Iterator[Metric]:
        """Return all metrics."""
        answers = CounterMetricFamily(
            "qunzhu_answers", "Answers by door, command and error code (0: done).", labels=("door", "command", "code")
        )
        for (door, command, code), number in list(self._answers.items()):
            answers.add_metric((door, command, str(code)), number)
        yield answers
        ends = CounterMetricFamily("qunzhu_session_ends", "Sessions that the server ended.", labels=("reason",))
        for reason, number in list(self._ends.items()):
            ends.add_metric((reason,), number)
        yield ends
        yield CounterMetricFamily("qunzhu_deliveries", "Pushes, once for each session.", self._tally.deliveries)
        dropped = CounterMetricFamily(
            "qunzhu_messages_dropped", "Messages over the frequency of their group.", labels=("priority",)
        )
        for priority, number in list(self._tally.dropped.items()):
            dropped.add_metric((priority,), number)
        yield dropped
        alerts = CounterMetricFamily("qunzhu_alerts", "What the log warned of about apps' limits.", labels=("alert",))
        for alert, number in list(self._tally.alerts.items()):
            alerts.add_metric((alert,), number)
        yield alerts
        callbacks = CounterMetricFamily(
            "qunzhu_callbacks",
            "Callbacks by what became of them; a failed one that comes after is tried again.",
            labels=("command", "outcome"),
        )
        for (command, outcome), number in list(self._tally.callbacks.items()):
            callbacks.add_metric((command, outcome), number)
        yield callbacks
        waiting = sum(list(self._tally.waiting.values()))
        yield GaugeMetricFamily("qunzhu_callbacks_waiting", "Callbacks that wait, at most 4,096 of an app.", waiting)
        if self._census is not None:
            apps, sessions = self._census()
            yield GaugeMetricFamily("qunzhu_open_apps", "Apps whose store is open.", apps)
            yield GaugeMetricFamily("qunzhu_sessions", "Gateway sessions that are logged in.", sessions)
        yield GaugeMetricFamily("qunzhu_uptime_seconds", "Seconds since the start.", time.monotonic() - self._started)
        yield InfoMetricFamily("qunzhu_build", "The server.", {"version": __version__})


def registry(answers: Answers, ends: Ends, tally: Tally, census: Census | None, started: float) -> CollectorRegistry:
    """Return a registry of the server's counts and the process' memory, file descriptors and processor time."""
    found = CollectorRegistry()
    found.register(_Server(answers, ends, tally, census, started))
    ProcessCollector(registry=found)
    return found


def render(found: CollectorRegistry) -> bytes:
    """Return all metrics as text."""
    return generate_latest(found)
