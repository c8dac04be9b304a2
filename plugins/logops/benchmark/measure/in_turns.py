"""Measure live clusters, round after round, with limited concurrency."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from logops.benchmark.measure.attempt_runner import AttemptRunner, Measure
from logops.benchmark.measure.cases import Attempt, Case, one_round
from logops.benchmark.measure.prepare import Side, prepare_queries
from logops.benchmark.measure.sample import Ending, Sample, by_case
from logops.benchmark.measure.send import measure_attempt
from logops.benchmark.measure.typical_time import standard_error
from logops.benchmark.request import BenchmarkRequest
from logops.number_text import count_text
from logops.platforms.platform import ReadablePlatform
from logops.queries.model import LibraryQuery

PRECISE = 0.02
"""A relative standard error that is small enough."""
LONGEST_S = 30.0
"""Total time of all answers; beyond it there are no more rounds. Slow queries vary less."""


def measure_in_turns(
    platforms: Sequence[ReadablePlatform],
    library: Mapping[str, LibraryQuery],
    request: BenchmarkRequest,
    report_progress: Callable[[str], None],
) -> list[list[Sample]]:
    """Return one sample per attempt for each platform. Two platforms take turns; the order alternates between rounds.

    Raises LokiError if a cluster does not report its configuration.
    """
    with ExitStack() as clients:
        sides = [prepare_queries(platform, library, clients) for platform in platforms]
        return measure_sides(sides, library, request, report_progress)


def measure_sides(
    sides: Sequence[Side],
    library: Mapping[str, LibraryQuery],
    request: BenchmarkRequest,
    report_progress: Callable[[str], None],
    measure: Measure = measure_attempt,
) -> list[list[Sample]]:
    """Return one sample per attempt for each side."""
    runner = AttemptRunner(request, report_progress, measure)
    samples_by_side: list[list[Sample]] = [[] for _ in sides]
    with ThreadPoolExecutor(request.concurrency) as pool:

        def run_round(attempts: Sequence[Attempt]) -> None:
            turns = [
                (attempt, side_number)
                for attempt in attempts
                for side_number in (range(len(sides)) if attempt.round % 2 == 0 else reversed(range(len(sides))))
            ]
            # A round ends before the next starts: it warms the caches, and no query runs beside itself.
            samples = pool.map(lambda turn: runner.run(turn[0], sides[turn[1]]), turns)
            for (_, side_number), sample in zip(turns, samples, strict=True):
                samples_by_side[side_number].append(sample)

        all_cases = [*cases(library, request)]
        report_progress(f"warming the caches with {count_text(len(all_cases) * len(sides), 'query')}")
        runner.expect(len(all_cases) * len(sides) * request.rounds)
        for number in range(request.rounds + 1):
            run_round(one_round(all_cases, number))
        for number in range(request.rounds + 1, request.most_rounds + 1):
            imprecise = {case for samples in samples_by_side for case in imprecise_cases(samples)}
            if not imprecise or runner.ended:
                break
            runner.expect(len(imprecise) * len(sides))
            run_round(one_round([case for case in all_cases if case in imprecise], number))
    # Additional rounds that did not fit are not missed.
    return [
        [sample for sample in samples if sample.round <= request.rounds or sample.ending != Ending.NOT_ASKED]
        for samples in samples_by_side
    ]


def imprecise_cases(samples: Iterable[Sample]) -> Iterator[Case]:
    """Yield the cases whose typical time is not precise yet, without those that take long."""
    for case, case_samples in by_case(sample for sample in samples if sample.judged).items():
        seconds = [answer.seconds for answer in case_samples]
        if sum(seconds) < LONGEST_S and standard_error(seconds) > PRECISE:
            yield case


def cases(library: Mapping[str, LibraryQuery], request: BenchmarkRequest) -> Iterator[Case]:
    for name, query in library.items():
        for range_s in dict.fromkeys((query.range.value // 1000, *request.ranges_s)):
            for mode in request.modes:
                yield Case(name, range_s, mode)
