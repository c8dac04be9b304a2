"""Run the library, or a part of it, on a live cluster; keep every sample; judge them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from logops.benchmark.findings import library_findings, query_findings
from logops.benchmark.history.judged import nights_table
from logops.benchmark.history.nights import Night, histories_of, read_nights
from logops.benchmark.history.trend import common_trends
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.in_turns import measure_in_turns
from logops.benchmark.measure.measurable import is_measurable, measurable
from logops.benchmark.measure.sample import Sample, to_table
from logops.benchmark.request import BenchmarkRequest
from logops.benchmark.verdict import Verdict, verdicts
from logops.environment import Environment
from logops.findings import Finding, Run
from logops.findings.kinds import QUERY_NIGHTS, QUERY_SAMPLES
from logops.number_text import count_text, seconds_text, size_text
from logops.platforms.platform import ReadablePlatform
from logops.queries.model import LibraryQuery

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

CHECK = "queries"


@dataclass(frozen=True)
class BenchmarkResult:
    samples: tuple[Sample, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    not_measurable: tuple[str, ...] = ()
    """Queries whose cluster or tenant does not exist."""
    nights: Mapping[Case, Night] = field(default_factory=dict)
    """This run's times, where there were enough answers."""

    def measurements(self) -> list[str]:
        """Return lines for a log: one per measurement."""
        measured = [
            f"{verdict.case}: {count_text(verdict.answered, 'answer')}"
            + (
                ""
                if verdict.p50 is None
                else f", p50 {seconds_text(verdict.p50)}, p95 {seconds_text(verdict.p95 or 0)}, "
                f"{size_text(verdict.bytes or 0)} read"
            )
            + (f", {verdict.trend.text()}" if verdict.trend else "")
            + "".join(f", {text}" for text in verdict.remarks)
            for verdict in self.verdicts
        ]
        apart = [f"Not measured, because its cluster or tenant does not exist: {name}" for name in self.not_measurable]
        return [*measured, *apart]


def run_benchmark(
    platforms: Sequence[ReadablePlatform],
    library: Mapping[str, LibraryQuery],
    request: BenchmarkRequest,
    store: "Callable[[ReadablePlatform], ResultsStore]",
    report_progress: Callable[[str], None],
    record: bool = True,
) -> list[BenchmarkResult]:
    """Measure one environment, or two in turns. Compare with the objectives and with earlier runs, and record the
    result.

    A query that one environment has no tenant for is left out of both. Raises StoreUnreachableError, LokiError,
    NotMeasurableError.
    """
    measurable_queries = measurable(platforms, library, request.named)
    not_measurable = tuple(name for name in library if name not in measurable_queries)
    # First, so that an unreadable store is reported before minutes of measuring.
    nights_by_platform = [
        read_nights(store(platform), platform.environment.name, request.as_of) for platform in platforms
    ]
    sides = measure_in_turns(platforms, measurable_queries, request, report_progress)
    if record:
        # Store the samples before judging them.
        for platform, samples in zip(platforms, sides, strict=True):
            name = f"{platform.environment.name}.{request.run}"
            store(platform).write(QUERY_SAMPLES, name, to_table(samples), request.as_of)
    results = [
        replace(
            _judged(platform.environment.name, samples, nights, measurable_queries, request),
            not_measurable=not_measurable,
        )
        for platform, samples, nights in zip(platforms, sides, nights_by_platform, strict=True)
    ]
    if record:
        for platform, result in zip(platforms, results, strict=True):
            nights = nights_table(
                platform.environment.name, request.run, request.as_of, result.verdicts, result.nights, library
            )
            store(platform).write(QUERY_NIGHTS, f"{platform.environment.name}.{request.run}", nights, request.as_of)
            # Findings of a part of the library are not recorded: queries that were not measured would count as fixed.
            if is_complete(platform.environment, request, [library[name] for name in not_measurable]):
                run = Run(platform.environment.name, CHECK, request.run, request.as_of)
                store(platform).write_findings(run, result.findings)
    return results


def _judged(
    environment: str,
    samples: Sequence[Sample],
    nights: Mapping[Case, Sequence[Night]],
    library: Mapping[str, LibraryQuery],
    request: BenchmarkRequest,
) -> BenchmarkResult:
    histories = histories_of(samples, nights)
    judged = tuple(verdicts(samples, library, histories))
    findings = (
        *query_findings(environment, judged, request.as_of),
        *library_findings(environment, common_trends(histories), request.as_of),
    )
    measured = {case: history.nights[-1] for case, history in histories.items()}
    return BenchmarkResult(tuple(samples), judged, findings, nights=measured)


def is_complete(environment: Environment, request: BenchmarkRequest, not_measurable: Sequence[LibraryQuery]) -> bool:
    """Whether the run measured all of the environment's library, in both modes, over all its ranges."""
    usual = {duration.value // 1000 for duration in environment.benchmark.ranges}
    return (
        not request.named
        and {*request.modes} == {*Mode}
        and usual <= {*request.ranges_s}
        and not any(is_measurable(environment, query) for query in not_measurable)
    )
