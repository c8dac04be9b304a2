"""Runs the library, or a part of it, against a live cluster, keeps every sample, and says what it means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logops.benchmark.asked import Asked
from logops.benchmark.found import findings_of
from logops.benchmark.judge import Verdict, verdicts
from logops.benchmark.measure import measured
from logops.benchmark.nights import read_nights
from logops.benchmark.sample import SAMPLES, Sample, to_table
from logops.findings import Finding, Run
from logops.platforms.platform import Platform
from logops.queries.model import LibraryQuery

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

CHECK = "queries"


@dataclass(frozen=True)
class Outcome:
    samples: tuple[Sample, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """For a log: a line a measured thing, then the findings."""
        measured = [
            f"{one.arm}: {one.answered} answers"
            + ("" if one.p50 is None else f", p50 {one.p50:.3f} s, p95 {one.p95:.3f} s, {one.bytes:,} bytes read")
            + (f", {one.trend.told()}" if one.trend else "")
            for one in self.verdicts
        ]
        return [*measured, *(f"{one.cls.name} {one.subject}: {one.message}" for one in self.findings)]


def run_benchmark(
    platform: Platform,
    library: Mapping[str, LibraryQuery],
    asked: Asked,
    store: "ResultsStore",
    tell: Callable[[str], None],
    record: bool = True,
) -> Outcome:
    """Measure, compare with the objectives and with earlier runs, and keep it. Raises StoreUnreachable."""
    environment = platform.environment.name
    # First: a store that cannot be read is told before minutes of measuring.
    nights = read_nights(store, environment, asked.as_of)
    samples = tuple(measured(platform, library, asked, tell))
    found = tuple(verdicts(samples, library, nights))
    findings = tuple(findings_of(environment, found, asked.as_of))
    if record and samples:
        store.write(SAMPLES, f"{environment}.{asked.run}", to_table(samples), asked.as_of)
        if asked.whole:
            store.write_findings(Run(environment, CHECK, asked.run, asked.as_of), findings)
    return Outcome(samples, found, findings)
