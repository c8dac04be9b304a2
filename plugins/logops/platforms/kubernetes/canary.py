"""Count the lines of a canary across restarts of ingesters: each line that it wrote must still be found.

The canary's own metrics do not show it: a line that it has seen once is never looked for again, except in spot checks.
So its lines are queried, and compared with the number that it says it wrote (`loki_canary_entries_total`).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from logops.clients.loki import LokiClient, LokiError
from logops.clients.loki.metrics import total
from logops.number_text import count_text
from logops.platforms.platform import Progress

ARRIVE_WITHIN_S = 60.0
"""The canary sends a refused line again, for some time."""
_MARK_WITHIN_S = 20.0


@dataclass(frozen=True)
class Canary:
    """A running canary, and where its lines are queried."""

    pod: str
    url: str
    read_url: str
    tenant: str
    selector: str
    """The stream of this pod."""
    interval_s: float


@dataclass(frozen=True)
class Mark:
    """A moment between two lines of a canary, and how many lines it wrote before."""

    started_s: float
    """When its process started: a new process counts from 0."""
    written: int
    at_ns: int


class CanaryLines:
    """The lines of a cluster's canaries since a moment."""

    def __init__(self, canaries: Sequence[Canary], progress: Progress) -> None:
        self._progress = progress
        self._since = {canary: mark(canary) for canary in canaries}
        for canary, since in self._since.items():
            if since is None:
                self._say_uncounted(canary)

    def lost(self) -> str:
        """Return which lines are not found; empty if all are."""
        return "; ".join(filter(None, (self._lost(canary, since) for canary, since in self._since.items() if since)))

    def _lost(self, canary: Canary, since: Mark) -> str:
        until = mark(canary)
        if until is None or until.started_s != since.started_s:
            self._say_uncounted(canary)
            return ""
        expected = until.written - since.written
        found = _arrived(canary, since.at_ns, until.at_ns, expected)
        if len(found) >= expected:
            self._progress(f"{count_text(expected, 'line')} of canary {canary.pod} found, none lost")
            return ""
        return (
            f"{expected - len(found)} of {count_text(expected, 'line')} of canary {canary.pod} are lost, the first "
            f"after {_first_gap(canary, [since.at_ns, *found])}"
        )

    def _say_uncounted(self, canary: Canary) -> None:
        self._progress(f"lines of canary {canary.pod} are not counted: it does not answer, writes nothing or restarted")


def mark(canary: Canary) -> Mark | None:
    """Wait for a line of the canary, and return the middle between it and the next one.

    So every line is clearly before or after it, if the clocks of the machines differ by less than half an interval.
    None: the canary does not answer fast enough, or writes nothing.
    """
    deadline = time.monotonic() + _MARK_WITHIN_S
    interval_ns = int(canary.interval_s * 1e9)
    with LokiClient(canary.url, retry_for=0) as client:
        before: tuple[int, int, float] | None = None
        while time.monotonic() < deadline:
            asked_ns = time.time_ns()
            try:
                metrics = client.metrics()
            except LokiError:
                metrics = []
            answered_ns = time.time_ns()
            written, started_s = (
                total(metrics, name) for name in ("loki_canary_entries_total", "process_start_time_seconds")
            )
            if written is None or started_s is None:
                before = None
            else:
                is_next = before is not None and (before[1] + 1, before[2]) == (written, started_s)
                if before and is_next and answered_ns - before[0] < interval_ns // 2:
                    return Mark(started_s, int(written), (before[0] + answered_ns + interval_ns) // 2)
                before = (asked_ns, int(written), started_s)
            time.sleep(canary.interval_s / 20)
    return None


def _arrived(canary: Canary, start_ns: int, end_ns: int, expected: int) -> list[int]:
    """Return the times of the lines of a canary, when all have arrived, or when they had the time to."""
    deadline = time.monotonic() + ARRIVE_WITHIN_S
    found: list[int] = []
    with LokiClient(canary.read_url) as client:
        while True:
            try:
                lines = client.read_all(canary.tenant, canary.selector, start_ns, end_ns)
                found = sorted({line.timestamp_ns for line in lines})
            except LokiError:
                if time.monotonic() > deadline:
                    raise
            if len(found) >= expected or time.monotonic() > deadline:
                return found
            time.sleep(0.5)


def _first_gap(canary: Canary, times_ns: Sequence[int]) -> str:
    longest_ns = canary.interval_s * 1.5e9
    before_ns = next((first for first, second in pairwise(times_ns) if second - first > longest_ns), times_ns[-1])
    return f"{datetime.fromtimestamp(before_ns / 1e9, UTC):%H:%M:%S.%f}"[:-3] + " UTC"
