"""Run a query once, within the budget of bytes and time, and not if it keeps failing."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from threading import Condition

from logops.benchmark.asked import Asked
from logops.benchmark.fire import fire
from logops.benchmark.ready import Ready, Side
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Arm, Shot
from logops.logql.text import one_line
from logops.queries.model import LibraryQuery

STEP_S = 60
"""Step for a log query, which has none."""
FAILURES = 2
"""After this many failures in a row a query is not run again: each may cost Loki minutes and many bytes."""
TOLD_EVERY = 10


class Asking:
    """Count what was run and read, from several threads."""

    def __init__(self, request: Asked, tell: Callable[[str], None]) -> None:
        self._asked = request
        self._count = 0
        self._tell = tell
        self._settled = Condition()
        """Notified when an answer arrives."""
        self._begun = 0
        self._bytes = 0
        """Bytes read, and bytes expected of running queries."""
        self._asking = 0
        self._read: dict[tuple[str, Arm], int] = {}
        self._failures: Counter[tuple[str, Arm]] = Counter()
        self._until = time.monotonic() + request.minutes * 60

    @property
    def ended(self) -> str:
        """Why nothing more may run; empty if it may."""
        if self._bytes >= self._asked.budget_bytes:
            return "the budget of bytes was spent"
        if time.monotonic() >= self._until:
            return f"the {self._asked.minutes} minutes that it may take were over"
        return ""

    def expect(self, count: int) -> None:
        """Expect this many more queries."""
        self._count += count

    def ask(self, shot: Shot, side: Side) -> Sample:
        ready = side.queries[shot.arm.query]
        base = self._base(shot, side.environment, ready)
        which = (side.environment, shot.arm)
        expected = self._read.get(which, promised(ready.declared, shot.arm.range_s))
        why_not = self._begin(which, expected)
        if why_not:
            return replace(base, message=why_not)
        sample = base
        try:
            sample = _shoot(ready, shot, base, self._asked)
        finally:
            self._end(which, expected, sample)
        return sample

    def _begin(self, which: tuple[str, Arm], expected: int) -> str:
        """Return why a query may not run; otherwise reserve its expected bytes."""
        with self._settled:
            if self._begun % TOLD_EVERY == 0:
                self._tell(f"{self._begun} of {self._count} queries, {self._bytes / 1e6:,.0f} MB read")
            self._begun += 1
            if self._failures[which] >= FAILURES:
                return f"it failed {FAILURES} times in a row"
            # A running query may read less than expected.
            while self._asking and self._bytes + expected > self._asked.budget_bytes:
                self._settled.wait()
            if self.ended:
                return self.ended
            if self._bytes + expected > self._asked.budget_bytes:
                return f"the budget leaves no room for the {expected:,} bytes that it may read"
            self._bytes += expected
            self._asking += 1
            return ""

    def _end(self, which: tuple[str, Arm], expected: int, sample: Sample) -> None:
        """A failed query does not report its bytes: its reservation stays."""
        with self._settled:
            self._asking -= 1
            self._settled.notify_all()
            if sample.ending == Ending.ANSWERED:
                self._read[which] = sample.bytes
                self._bytes += sample.bytes - expected
                self._failures[which] = 0
            elif sample.ending in (Ending.FAILED, Ending.UNREACHED):
                self._failures[which] += 1
            else:
                self._bytes -= expected

    def _base(self, shot: Shot, environment: str, ready: Ready) -> Sample:
        return Sample(
            run=self._asked.run,
            environment=environment,
            configuration=ready.configuration,
            query=shot.arm.query,
            text=one_line(ready.query),
            cluster=ready.declared.cluster,
            tenant=ready.declared.tenant,
            mode=shot.arm.mode,
            range_s=shot.arm.range_s,
            round=shot.round,
            started_ns=time.time_ns(),
            ending=Ending.NOT_ASKED,
            concurrency=self._asked.concurrency,
            step_s=max(1, ready.declared.step.value // 1000) if ready.declared.step else STEP_S,
        )


def promised(query: LibraryQuery, range_s: int) -> int:
    """Return the bytes that a query may read over a range, from the objective over its own range."""
    return query.objective.bytes.value * max(1000 * range_s, query.range.value) // query.range.value


def _shoot(ready: Ready, shot: Shot, base: Sample, request: Asked) -> Sample:
    end_ns = int(request.as_of.timestamp()) * 10**9
    span = (end_ns - shot.arm.range_s * 10**9, end_ns)
    fired = fire(ready.client, ready.declared.tenant, ready.query, span, base.step_s, shot.arm.mode)
    sample = replace(
        base, ending=fired.ending, seconds=fired.seconds, backed_off=fired.backed_off, message=fired.message
    )
    if fired.statistics is None:
        return sample
    statistics = fired.statistics
    return replace(
        sample,
        exec_s=statistics.exec_seconds,
        queue_s=statistics.queue_seconds,
        bytes=statistics.bytes_processed,
        lines=statistics.lines_processed,
        chunks=statistics.chunks,
        cached_chunks=statistics.cached_chunks,
        cached_results=statistics.cached_results,
        splits=statistics.splits,
        shards=statistics.shards,
    )
