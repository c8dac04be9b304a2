"""Run the tests of alerts on a real Loki. Prometheus has promtool for this; Loki has no such tool."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from logops.clients.loki import Entry, LokiClient, Series
from logops.environment.units import Duration
from logops.rules.firing import firing
from logops.rules.model import USUAL_INTERVAL, Alert, AlertTest, Group, RuleFile
from logops.rules.read import Rules

LabelSet = frozenset[tuple[str, str]]

Evaluations = list[tuple[int, frozenset[LabelSet]]]
"""Milliseconds since the start, and the series that the expression returned then."""


@dataclass(frozen=True)
class AlertTestResult:
    """The result of a test at one moment: the series that fired, and the expected series."""

    namespace: str
    alert: str
    test: int
    """Number of the test in the file, from 1."""
    at: Duration
    expected: frozenset[LabelSet]
    fired: frozenset[LabelSet]

    @property
    def passed(self) -> bool:
        return self.expected == self.fired


def run_tests(client: LokiClient, rules: Rules) -> Iterator[AlertTestResult]:
    """Run each test in its own tenant, which has no other lines. Raises LokiError."""
    for namespace, file in rules.items():
        for group, alert, number, test in _tests(file):
            states = _states(
                client, f"{namespace}-{alert.alert}-{number}", group.interval or USUAL_INTERVAL, alert, test
            )
            for expected in test.expect:
                expected_firing = frozenset(frozenset(labels.items()) for labels in expected.firing)
                states_until_then = [now for at, now in states if at <= expected.at.value]
                yield AlertTestResult(
                    namespace, alert.alert, number, expected.at, expected_firing, states_until_then[-1]
                )


def lines(test: AlertTest, start_ns: int) -> list[Entry]:
    """Return the lines of a test, oldest first."""
    entries = [
        Entry(start_ns + at * 1_000_000, stream.labels, stream.line, stream.structured_metadata)
        for stream in test.lines
        for at in stream.moments
    ]
    return sorted(entries, key=lambda entry: entry.timestamp_ns)


def start(test: AlertTest, now_s: float, step_s: int) -> int:
    """Return when a test starts, in seconds: early enough that none of its lines is in the future, which Loki refuses.

    It is a multiple of the step, where Loki puts the points of a range.
    """
    longest = max([expected.at for expected in test.expect] + [stream.to for stream in test.lines])
    return int(now_s - longest.seconds) // step_s * step_s - step_s


def evaluations(series: Iterable[Series], start_ns: int, step_ms: int, end_ms: int) -> Evaluations:
    """Return what a rule finds at each step, from the points of its query over the range."""
    by_time: dict[int, set[LabelSet]] = {at: set() for at in range(0, end_ms + 1, step_ms)}
    for stream in series:
        for at_ns, _ in stream.points:
            by_time[(at_ns - start_ns) // 1_000_000].add(frozenset(stream.labels.items()))
    return [(at, frozenset(keys)) for at, keys in by_time.items()]


def _tests(file: RuleFile) -> Iterator[tuple[Group, Alert, int, AlertTest]]:
    for group, alert in file.alerts:
        for number, test in enumerate(alert.tests, 1):
            yield group, alert, number, test


def _states(client: LokiClient, tenant: str, interval: Duration, alert: Alert, test: AlertTest) -> Evaluations:
    """Return what fires after each evaluation, as if the lines had arrived in real time."""
    step_s = max(1, int(interval.seconds))
    end_s = max(int(expected.at.seconds) for expected in test.expect)
    start_s = start(test, time.time(), step_s)
    client.push(tenant, lines(test, start_s * 10**9))
    series = client.query_range(tenant, alert.expr, start_s * 10**9, (start_s + end_s) * 10**9, step_s)
    results = evaluations(series, start_s * 10**9, step_s * 1000, end_s * 1000)
    return firing(results, alert.for_.value)
