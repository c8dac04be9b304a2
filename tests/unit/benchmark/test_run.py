"""A benchmark run stores all samples, and findings only if the run is whole."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logops.benchmark.history.judged import read_judged
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.request import BenchmarkRequest
from logops.benchmark.run import CHECK, is_complete, run_benchmark
from logops.findings.kinds import QUERY_SAMPLES
from logops.findings.store import ResultsStore
from logops.queries.library import load_library
from logops.queries.model import LibraryQuery
from logops.toolchain import project_root
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

LOCAL = environment("local")
SIX_HOURS = 6 * 3600
ERRORS = load_library(project_root())["errors"]
WHOLE = BenchmarkRequest("r", datetime(2026, 1, 1, tzinfo=UTC), 20, tuple(Mode), (SIX_HOURS,), 2**40)


def test_run_with_all_queries_modes_and_ranges_is_whole() -> None:
    assert is_complete(LOCAL, replace(WHOLE, ranges_s=(SIX_HOURS, 86_400)), [])


@pytest.mark.parametrize("part", [{"modes": (Mode.COLD,)}, {"ranges_s": ()}, {"named": True}])
def test_run_with_fewer_modes_or_ranges_or_named_query_is_partial(part: dict[str, Any]) -> None:
    assert not is_complete(LOCAL, replace(WHOLE, **part), [])


def test_run_that_skips_query_of_environment_is_partial() -> None:
    assert not is_complete(LOCAL, WHOLE, [ERRORS])


def test_run_that_skips_query_of_undeclared_tenant_is_whole() -> None:
    assert is_complete(LOCAL, WHOLE, [ERRORS.model_copy(update={"tenant": "nobody"})])


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


@pytest.fixture
def run(store: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[BenchmarkRequest], object]:
    """Run one query that answers and is over its objective."""

    def measure_in_turns(
        _: object, library: Mapping[str, LibraryQuery], asked: BenchmarkRequest, __: object
    ) -> list[list[Sample]]:
        one = Sample("r", "local", "c", "errors", "t", "main", "application", "warm", 3600, 1, 1, Ending.ANSWERED, 60.0)
        return [[replace(one, round=at) for at in range(1, 11)]]

    monkeypatch.setattr("logops.benchmark.run.measure_in_turns", measure_in_turns)
    here = MemoryPlatform(LOCAL, {})
    return lambda asked: run_benchmark([here], {"errors": ERRORS}, asked, lambda _: store, lambda _: None)


def test_whole_run_stores_findings(store: ResultsStore, run: Callable[[BenchmarkRequest], object]) -> None:
    run(WHOLE)
    ((_, findings),) = store.runs("local", CHECK, WHOLE.as_of)

    assert [one.cls.name for one in findings] == ["query-over-objective"]


def test_partial_run_stores_samples_without_findings(
    store: ResultsStore, run: Callable[[BenchmarkRequest], object]
) -> None:
    run(replace(WHOLE, named=True))

    assert list(store.runs("local", CHECK, WHOLE.as_of)) == []
    assert store.query(QUERY_SAMPLES, f'FROM "{QUERY_SAMPLES}"').num_rows == 10


def test_samples_are_stored_even_if_judging_raises(
    store: ResultsStore, run: Callable[[BenchmarkRequest], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logops.benchmark.run.verdicts", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(WHOLE)

    assert store.query(QUERY_SAMPLES, f'FROM "{QUERY_SAMPLES}"').num_rows == 10


def test_run_stores_the_verdict_of_its_night(store: ResultsStore, run: Callable[[BenchmarkRequest], object]) -> None:
    run(WHOLE)

    (case,) = read_judged(store, "local", WHOLE.as_of)

    assert (case.case, case.cluster) == (Case("errors", 3600, Mode.WARM), "main")
    assert case.missed == ("p95 is 60.0 s, promised 2.00 s",)
    assert [(night.p95_s, night.objective_s) for night in case.nights] == [(60.0, 2.0)]


def test_judged_nights_are_one_a_day_oldest_first(
    store: ResultsStore, run: Callable[[BenchmarkRequest], object]
) -> None:
    for number, hours in enumerate((30, 2, 0)):
        run(replace(WHOLE, run=f"r{number}", as_of=WHOLE.as_of + timedelta(hours=hours)))

    (case,) = read_judged(store, "local", WHOLE.as_of + timedelta(days=9))

    assert len(case.nights) == 2


def test_nights_after_a_moment_are_not_judged_at_it(
    store: ResultsStore, run: Callable[[BenchmarkRequest], object]
) -> None:
    run(WHOLE)

    assert read_judged(store, "local", WHOLE.as_of - timedelta(seconds=1)) == []
