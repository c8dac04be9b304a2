"""What is kept: every sample, and the findings of a run that measured all there is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logops.benchmark.asked import Asked
from logops.benchmark.run import CHECK, is_whole, run_benchmark
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Mode
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
WHOLE = Asked("r", datetime(2026, 1, 1, tzinfo=UTC), 20, tuple(Mode), (SIX_HOURS,), 2**40)


def test_all_of_the_library_in_both_modes_over_all_its_ranges_is_whole() -> None:
    assert is_whole(LOCAL, replace(WHOLE, ranges_s=(SIX_HOURS, 86_400)), [])


@pytest.mark.parametrize("part", [{"modes": (Mode.COLD,)}, {"ranges_s": ()}, {"named": True}])
def test_a_mode_a_range_or_a_query_by_its_name_is_a_part(part: dict[str, Any]) -> None:
    assert not is_whole(LOCAL, replace(WHOLE, **part), [])


def test_without_a_query_that_another_environment_does_not_have_it_is_a_part() -> None:
    assert not is_whole(LOCAL, WHOLE, [ERRORS])


def test_without_a_query_that_it_does_not_have_itself_it_is_whole() -> None:
    assert is_whole(LOCAL, WHOLE, [ERRORS.model_copy(update={"tenant": "nobody"})])


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


@pytest.fixture
def run(store: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[Asked], object]:
    """A run of one query, which answers and is over its objective."""

    def measured(_: object, library: Mapping[str, LibraryQuery], asked: Asked, __: object) -> list[list[Sample]]:
        one = Sample("r", "local", "c", "errors", "t", "main", "application", "warm", 3600, 1, 1, Ending.ANSWERED, 60.0)
        return [[replace(one, round=at) for at in range(1, 11)]]

    monkeypatch.setattr("logops.benchmark.run.measured", measured)
    here = MemoryPlatform(LOCAL, {})
    return lambda asked: run_benchmark([here], {"errors": ERRORS}, asked, lambda _: store, lambda _: None)


def test_of_a_whole_run_the_findings_are_kept(store: ResultsStore, run: Callable[[Asked], object]) -> None:
    run(WHOLE)
    ((_, findings),) = store.runs("local", CHECK, WHOLE.as_of)

    assert [one.cls.name for one in findings] == ["query-over-objective"]


def test_of_a_part_the_samples_are_kept_and_no_findings(store: ResultsStore, run: Callable[[Asked], object]) -> None:
    run(replace(WHOLE, named=True))

    assert list(store.runs("local", CHECK, WHOLE.as_of)) == []
    assert store.query(QUERY_SAMPLES, f'FROM "{QUERY_SAMPLES}"').num_rows == 10


def test_samples_are_kept_though_nothing_can_be_made_of_them(
    store: ResultsStore, run: Callable[[Asked], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logops.benchmark.run.verdicts", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(WHOLE)

    assert store.query(QUERY_SAMPLES, f'FROM "{QUERY_SAMPLES}"').num_rows == 10
