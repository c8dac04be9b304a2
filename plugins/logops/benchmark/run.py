"""Run the library, or a part of it, on a live cluster; keep every sample; judge them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from logops.benchmark.asked import Asked
from logops.benchmark.found import findings_of, of_library
from logops.benchmark.judge import Verdict, verdicts
from logops.benchmark.measurable import is_there, measurable
from logops.benchmark.measure import measured
from logops.benchmark.nights import Night, pasts_of, read_nights
from logops.benchmark.sample import Sample, to_table
from logops.benchmark.shots import Arm, Mode
from logops.benchmark.trend import whole
from logops.environment import Environment
from logops.findings import Finding, Run
from logops.findings.kinds import QUERY_SAMPLES
from logops.platforms.platform import ReadablePlatform
from logops.queries.model import LibraryQuery

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

CHECK = "queries"


@dataclass(frozen=True)
class Outcome:
    samples: tuple[Sample, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...] = ()
    """Queries whose cluster or tenant does not exist."""

    def lines(self) -> list[str]:
        """Return lines for a log: one per measurement, then the findings."""
        measured = [
            f"{verdict.arm}: {verdict.answered} answers"
            + (
                ""
                if verdict.p50 is None
                else f", p50 {verdict.p50:.3f} s, p95 {verdict.p95:.3f} s, {verdict.bytes:,} bytes read"
            )
            + (f", {verdict.trend.told()}" if verdict.trend else "")
            + "".join(f", {text}" for text in verdict.aside)
            for verdict in self.verdicts
        ]
        apart = [f"Not measured, its cluster or tenant is not there: {name}" for name in self.left_out]
        return [
            *measured,
            *apart,
            *(f"{finding.cls.name} {finding.subject}: {finding.message}" for finding in self.findings),
        ]


def run_benchmark(
    platforms: Sequence[ReadablePlatform],
    library: Mapping[str, LibraryQuery],
    request: Asked,
    store: "Callable[[ReadablePlatform], ResultsStore]",
    tell: Callable[[str], None],
    record: bool = True,
) -> list[Outcome]:
    """Measure one environment, or two in turns. Compare with the objectives and with earlier runs, and record the
    result.

    A query that one environment has no tenant for is left out of both. Raises StoreUnreachableError, LokiError,
    NotMeasurableError.
    """
    here = measurable(platforms, library, request.named)
    left_out = tuple(name for name in library if name not in here)
    # First, so that an unreadable store is reported before minutes of measuring.
    past = [read_nights(store(platform), platform.environment.name, request.as_of) for platform in platforms]
    sides = measured(platforms, here, request, tell)
    if record:
        # Store the samples before judging them.
        for platform, samples in zip(platforms, sides, strict=True):
            name = f"{platform.environment.name}.{request.run}"
            store(platform).write(QUERY_SAMPLES, name, to_table(samples), request.as_of)
    outcomes = [
        replace(_judged(platform.environment.name, samples, nights, here, request), left_out=left_out)
        for platform, samples, nights in zip(platforms, sides, past, strict=True)
    ]
    if record:
        for platform, outcome in zip(platforms, outcomes, strict=True):
            # Findings of a part of the library are not recorded: queries that were not measured would count as fixed.
            if is_whole(platform.environment, request, [library[name] for name in left_out]):
                run = Run(platform.environment.name, CHECK, request.run, request.as_of)
                store(platform).write_findings(run, outcome.findings)
    return outcomes


def _judged(
    environment: str,
    samples: Sequence[Sample],
    nights: Mapping[Arm, Sequence[Night]],
    library: Mapping[str, LibraryQuery],
    request: Asked,
) -> Outcome:
    pasts = pasts_of(samples, nights)
    judged = tuple(verdicts(samples, library, pasts))
    findings = (*findings_of(environment, judged, request.as_of), *of_library(environment, whole(pasts), request.as_of))
    return Outcome(tuple(samples), judged, findings)


def is_whole(environment: Environment, request: Asked, left_out: Sequence[LibraryQuery]) -> bool:
    """Whether the run measured all of the environment's library, in both modes, over all its ranges."""
    usual = {duration.value // 1000 for duration in environment.benchmark.ranges}
    return (
        not request.named
        and {*request.modes} == {*Mode}
        and usual <= {*request.ranges_s}
        and not any(is_there(environment, query) for query in left_out)
    )
