"""Run a query once, within the budget of bytes and time, and not if it keeps failing."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from threading import Condition

from logops.benchmark.measure.cases import Attempt, Case
from logops.benchmark.measure.prepare import PreparedQuery, Side
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.request import BenchmarkRequest
from logops.logql.text import one_line
from logops.number_text import count_text, size_text
from logops.queries.model import LibraryQuery

STEP_S = 60
"""Step for a log query, which has none."""
FAILURES = 2
"""After this many failures in a row a query is not run again: each may cost Loki minutes and many bytes."""
PROGRESS_EVERY = 10
Measure = Callable[[PreparedQuery, Attempt, Sample, BenchmarkRequest], Sample]
"""Runs a query once and returns its sample: see `measure_attempt`."""


class AttemptRunner:
    """Count what was run and read, from several threads."""

    def __init__(self, request: BenchmarkRequest, report_progress: Callable[[str], None], measure: Measure) -> None:
        self._request = request
        self._count = 0
        self._report_progress = report_progress
        self._measure = measure
        self._changed = Condition()
        """Notified when an answer arrives."""
        self._done = 0
        """Attempts that were run or skipped, without those that only warm the caches."""
        self._answered = 0
        """Those of them that Loki answered. The result of the benchmark has the same number of answers."""
        self._bytes = 0
        """Bytes read, and bytes expected of running queries."""
        self._running = 0
        self._read: dict[tuple[str, Case], int] = {}
        self._failures: Counter[tuple[str, Case]] = Counter()
        self._until = time.monotonic() + request.minutes * 60

    @property
    def ended(self) -> str:
        """Why nothing more may run; empty if it may."""
        if self._bytes >= self._request.budget_bytes:
            return "the budget of bytes was spent"
        if time.monotonic() >= self._until:
            return f"the {self._request.minutes} minutes that it may take were over"
        return ""

    def expect(self, count: int) -> None:
        """Expect this many more answers. Attempts that warm the caches do not count."""
        self._count += count

    def run(self, attempt: Attempt, side: Side) -> Sample:
        """Run one attempt, or return a sample that says why it was skipped."""
        prepared = side.queries[attempt.case.query]
        skipped = self._skipped_sample(attempt, side.environment, prepared)
        key = (side.environment, attempt.case)
        expected = self._read.get(key, promised_bytes(prepared.declared, attempt.case.range_s))
        refusal = self._reserve(key, expected)
        sample = replace(skipped, message=refusal)
        if not refusal:
            try:
                sample = self._measure(prepared, attempt, skipped, self._request)
            finally:
                self._release(key, expected, sample)
        if attempt.round > 0:
            self._report(sample.ending == Ending.ANSWERED)
        return sample

    def _report(self, is_answered: bool) -> None:
        with self._changed:
            self._done += 1
            self._answered += is_answered
            if self._done % PROGRESS_EVERY == 0 or self._done == self._count:
                read = size_text(self._bytes)
                self._report_progress(f"{self._answered} of {count_text(self._count, 'answer')}, {read} read")

    def _reserve(self, key: tuple[str, Case], expected: int) -> str:
        """Return why a query may not run; otherwise reserve its expected bytes."""
        with self._changed:
            if self._failures[key] >= FAILURES:
                return f"it failed {FAILURES} times in a row"
            # A running query may read less than expected.
            while self._running and self._bytes + expected > self._request.budget_bytes:
                self._changed.wait()
            if self.ended:
                return self.ended
            if self._bytes + expected > self._request.budget_bytes:
                return f"the budget leaves no room for the {size_text(expected)} that it may read"
            self._bytes += expected
            self._running += 1
            return ""

    def _release(self, key: tuple[str, Case], expected: int, sample: Sample) -> None:
        """A failed query does not report its bytes: its reservation stays."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()
            if sample.ending == Ending.ANSWERED:
                self._read[key] = sample.bytes
                self._bytes += sample.bytes - expected
                self._failures[key] = 0
            elif sample.ending in (Ending.FAILED, Ending.UNREACHED):
                self._failures[key] += 1
            else:
                self._bytes -= expected

    def _skipped_sample(self, attempt: Attempt, environment: str, prepared: PreparedQuery) -> Sample:
        return Sample(
            run=self._request.run,
            environment=environment,
            configuration=prepared.configuration,
            query=attempt.case.query,
            text=one_line(prepared.query),
            cluster=prepared.declared.cluster,
            tenant=prepared.declared.tenant,
            mode=attempt.case.mode,
            range_s=attempt.case.range_s,
            round=attempt.round,
            started_ns=time.time_ns(),
            ending=Ending.NOT_ASKED,
            concurrency=self._request.concurrency,
            step_s=max(1, prepared.declared.step.value // 1000) if prepared.declared.step else STEP_S,
        )


def promised_bytes(query: LibraryQuery, range_s: int) -> int:
    """Return the bytes that a query may read over a range, from the objective over its own range."""
    return query.objective.bytes.value * max(1000 * range_s, query.range.value) // query.range.value
