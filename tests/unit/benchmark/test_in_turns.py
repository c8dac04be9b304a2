"""Which queries are run: those with a cluster, within the budget, and without repeated failures."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from logops.benchmark.measure.attempt_runner import Measure
from logops.benchmark.measure.cases import Attempt, Mode
from logops.benchmark.measure.in_turns import measure_sides
from logops.benchmark.measure.measurable import NotMeasurableError, measurable
from logops.benchmark.measure.prepare import PreparedQuery, Side
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.request import BenchmarkRequest
from logops.clients.loki import LokiClient
from logops.logql.parse import parse
from logops.platforms.platform import ReadablePlatform
from logops.queries.library import load_library
from logops.toolchain import project_root
from tests.support.environments import environment
from tests.support.local_platforms import security_only

LIBRARY = load_library(project_root())
ERRORS = {"errors": LIBRARY["errors"]}
PROMISED = LIBRARY["errors"].objective.bytes.value
HERE = cast(ReadablePlatform, SimpleNamespace(environment=environment("local")))
WITHOUT_MAIN = cast(ReadablePlatform, SimpleNamespace(environment=security_only("audit")))


def asked(budget_bytes: int = 2**40, rounds: int = 5, ranges_s: tuple[int, ...] = ()) -> BenchmarkRequest:
    return BenchmarkRequest("a-test", datetime(2026, 1, 1, tzinfo=UTC), rounds, (Mode.COLD,), ranges_s, budget_bytes)


SIDE = Side(
    "local", {"errors": PreparedQuery(LokiClient("http://127.0.0.1:1"), ERRORS["errors"], parse('{a="b"}'), "digest")}
)


def answering(ending: Ending, read_bytes: int = 0) -> Measure:
    """Return a measurement that ends as given, instead of querying Loki."""
    return lambda prepared, attempt, skipped, request: replace(skipped, ending=ending, bytes=read_bytes, seconds=0.1)


def endings(request: BenchmarkRequest, measure: Measure) -> list[str]:
    (samples,) = measure_sides([SIDE], ERRORS, request, lambda _: None, measure)
    return [sample.ending for sample in samples]


def test_query_is_skipped_if_it_may_exceed_remaining_byte_budget() -> None:
    assert (
        endings(asked(3 * PROMISED - 1), answering(Ending.ANSWERED, read_bytes=PROMISED))
        == ["answered"] * 2 + ["not-asked"] * 4
    )


def test_answered_query_is_expected_to_read_same_bytes_again() -> None:
    assert (
        endings(asked(PROMISED + PROMISED // 10 * 2), answering(Ending.ANSWERED, read_bytes=PROMISED // 10))
        == ["answered"] * 6
    )


def test_longer_range_is_expected_to_read_proportionally_more_bytes() -> None:
    # The second round runs in reverse order.
    found = endings(asked(2 * PROMISED, rounds=1, ranges_s=(6 * 3600,)), answering(Ending.ANSWERED))
    assert found == ["answered", "not-asked", "not-asked", "answered"]


def test_query_is_skipped_after_two_failures_in_a_row() -> None:
    assert endings(asked(), answering(Ending.FAILED)) == ["failed"] * 2 + ["not-asked"] * 4


def test_answer_between_failures_resets_failure_count() -> None:
    turns = iter([Ending.FAILED, Ending.ANSWERED, Ending.FAILED, Ending.ANSWERED, Ending.FAILED, Ending.FAILED])

    def measure(prepared: PreparedQuery, attempt: Attempt, skipped: Sample, request: BenchmarkRequest) -> Sample:
        return replace(skipped, ending=next(turns))

    assert "not-asked" not in endings(asked(), measure)


def test_failed_query_uses_its_expected_bytes_of_budget() -> None:
    assert endings(asked(PROMISED), answering(Ending.FAILED)) == ["failed"] + ["not-asked"] * 5


def test_throttled_query_uses_no_bytes_of_budget() -> None:
    assert endings(asked(PROMISED), answering(Ending.THROTTLED)) == ["throttled"] * 6


def test_concurrent_query_is_not_skipped_for_bytes_reserved_by_others() -> None:
    wanted = replace(asked(PROMISED + 10, rounds=1, ranges_s=(60, 120)), concurrency=3)

    assert endings(wanted, answering(Ending.ANSWERED, read_bytes=1)) == ["answered"] * 6


def test_queries_of_round_run_together_and_next_round_waits() -> None:
    running_rounds: list[int] = []
    rounds_at_once: list[set[int]] = []
    barrier = threading.Barrier(2)

    def measure(prepared: PreparedQuery, attempt: Attempt, skipped: Sample, request: BenchmarkRequest) -> Sample:
        running_rounds.append(attempt.round)
        # A round has two queries: they must run at the same time.
        barrier.wait(10)
        rounds_at_once.append({*running_rounds})
        running_rounds.remove(attempt.round)
        return replace(skipped, ending=Ending.ANSWERED, seconds=0.1)

    endings(replace(asked(rounds=3, ranges_s=(60,)), concurrency=4), measure)

    assert {len(rounds) for rounds in rounds_at_once} == {1}


def test_whole_library_skips_queries_without_cluster() -> None:
    here = measurable([HERE, WITHOUT_MAIN], LIBRARY, by_name=False)

    assert {one.cluster for one in here.values()} == {"security"}


def test_named_query_without_cluster_raises() -> None:
    with pytest.raises(
        NotMeasurableError,
        match="Measuring errors in audit: errors is for tenant application of cluster main, which is not there",
    ):
        measurable([WITHOUT_MAIN], {**ERRORS, "audit-events": LIBRARY["audit-events"]}, by_name=True)


def test_environment_without_measurable_query_raises() -> None:
    with pytest.raises(NotMeasurableError, match="errors"):
        measurable([WITHOUT_MAIN], ERRORS, by_name=False)


def test_progress_counts_the_answers_that_the_result_has() -> None:
    lines: list[str] = []
    (samples,) = measure_sides([SIDE], ERRORS, asked(), lines.append, answering(Ending.ANSWERED, read_bytes=1024))
    answers = sum(sample.judged for sample in samples)
    assert lines == ["warming the caches with 1 query", f"{answers} of {answers} answers, 6.0 KiB read"]


def test_progress_with_failed_query_counts_only_answers() -> None:
    lines: list[str] = []
    measure_sides([SIDE], ERRORS, asked(), lines.append, answering(Ending.FAILED))
    assert lines[-1].startswith("0 of 5 answers, ")
