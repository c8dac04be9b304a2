"""QueryBenchmarkOperator: its parameters, its failures and its summary."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.operators.benchmark import QueryBenchmarkOperator
from logops.benchmark.findings import query_findings
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.request import BenchmarkRequest
from logops.benchmark.run import BenchmarkResult
from logops.benchmark.verdict import verdicts
from logops.queries.library import load_library
from logops.queries.model import LibraryQuery
from logops.toolchain import project_root
from tests.support.fakes.memory_platform import MemoryPlatform

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def requests(platform: MemoryPlatform, monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], BenchmarkRequest]]:
    """The requests to the benchmark, which is a fake: the query `trace` fails, any other query is answered."""
    requests: list[tuple[list[str], BenchmarkRequest]] = []

    def run(
        platforms: object,
        library: Mapping[str, LibraryQuery],
        request: BenchmarkRequest,
        store: object,
        progress: object,
    ) -> list[BenchmarkResult]:
        requests.append((sorted(library), request))
        name, query = next(iter(library.items()))
        ending = Ending.FAILED if name == "trace" else Ending.ANSWERED
        message = "running {}: Loki answered 400: too long" if ending is Ending.FAILED else ""
        samples = [
            Sample(request.run, "local", "c", name, "t", query.cluster, query.tenant, mode, 3600, at, at, ending, 0.1,
                   message=message)
            for at in range(request.rounds + 1) for mode in request.modes
        ]  # fmt: skip
        judged = verdicts(samples, library, {})
        return [BenchmarkResult(tuple(samples), tuple(judged), tuple(query_findings("local", judged, request.as_of)))]

    monkeypatch.setattr("logops.benchmark.run.run_benchmark", run)
    return requests


def operator(**given: Any) -> QueryBenchmarkOperator:
    return QueryBenchmarkOperator(task_id="measure", environment="local", **given)


def test_run_without_parameters_uses_library_and_run_date(
    requests: list[tuple[list[str], BenchmarkRequest]], context: Any
) -> None:
    operator().execute(context)
    ((queries, request),) = requests

    assert set(queries) == set(load_library(project_root()))
    assert (request.as_of, request.named, request.rounds, request.concurrency) == (NOON, False, 20, 1)


def test_operator_parameters_are_passed_to_benchmark(
    requests: list[tuple[list[str], BenchmarkRequest]], context: Any
) -> None:
    given = {"rounds": "7", "ranges": ["24h"], "budget": "1MiB", "minutes": "9", "concurrency": "3"}
    operator(queries=["errors"], **given).execute(context)
    ((queries, request),) = requests

    assert queries == ["errors"]
    assert (request.rounds, request.ranges_s, request.budget_bytes, request.concurrency) == (7, (86_400,), 2**20, 3)
    assert (request.minutes, request.named) == (9, True)


def test_parameters_that_are_not_given_come_from_environment(
    requests: list[tuple[list[str], BenchmarkRequest]], context: Any
) -> None:
    operator(ranges=None, budget=None, minutes=None).execute(context)
    ((_, request),) = requests

    assert (request.ranges_s, request.budget_bytes, request.minutes) == ((6 * 3600,), 20 * 2**30, 45)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ranges": ["24x"]}, "'24x' is not a duration"),
        ({"ranges": ["500ms"]}, "500ms is too short"),
        ({"budget": "much"}, "'much' is not a size"),
    ],
)
def test_invalid_parameter_fails_without_retry(
    given: dict[str, Any], message: str, requests: list[tuple[list[str], BenchmarkRequest]], context: Any
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        operator(**given).execute(context)


def test_empty_ranges_override_ranges_of_environment(
    requests: list[tuple[list[str], BenchmarkRequest]], context: Any
) -> None:
    operator(ranges=[]).execute(context)
    ((_, request),) = requests

    assert request.ranges_s == ()


def test_unknown_query_fails_with_names_of_known_queries(
    requests: list[tuple[list[str], BenchmarkRequest]], context: Any
) -> None:
    with pytest.raises(AirflowFailException, match=r"No query erors in include/logql/. There are: .*errors"):
        operator(queries=["erors"]).execute(context)
    assert requests == []


def test_as_of_without_time_zone_is_refused(requests: list[tuple[list[str], BenchmarkRequest]], context: Any) -> None:
    with pytest.raises(AirflowFailException, match="has no time zone"):
        operator(as_of="2026-01-01T12:00:00").execute(context)


def test_failing_query_fails_the_task_and_leaves_a_summary(
    requests: list[tuple[list[str], BenchmarkRequest]], context: Any, ti: Any
) -> None:
    with pytest.raises(AirflowFailException, match="1 of 1 queries failed or could not be measured"):
        operator(queries=["trace"]).execute(context)

    summary = ti.pushed["summary"]
    assert summary["findings"][0] == "query-failing trace: running {}: Loki answered 400: too long"
    assert summary["queries"][1][0] == "trace"


def test_answered_query_has_summary_row_with_promised_limits(
    requests: list[tuple[list[str], BenchmarkRequest]], context: Any, ti: Any
) -> None:
    operator(queries=["errors"]).execute(context)

    assert ti.pushed["summary"]["headline"] == "1 query, 40 answers: no findings"
    assert ti.pushed["summary"]["queries"][1] == [
        "errors", "1h", "100 ms", "2.00 s", "100 ms", "0 B", "64.0 MiB", "",
    ]  # fmt: skip
    assert json.loads(json.dumps(ti.pushed["summary"])) == ti.pushed["summary"]
