"""The benchmark that `make up` runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from logops.benchmark.summary import COLUMNS, NO_PROMISE
from logops.quickstart.airflow_api import AirflowApi, TaskState
from logops.quickstart.measured import BenchmarkSummary, measure
from logops.toolchain.progress_board import Board

PROMISED = ("errors", "1h", "12 ms", "2.00 s", "44 ms", "0 B", "64.0 MiB", "")
NOT_PROMISED = ("errors", "6h", "70 ms", NO_PROMISE, "90 ms", "0 B", NO_PROMISE, "")


@dataclass
class FakeAirflow(AirflowApi):
    """An Airflow in which every run succeeds at once, with a result."""

    configurations: list[Mapping[str, Any]] = field(default_factory=list)

    def trigger(self, dag: str, run: str, conf: Mapping[str, Any]) -> None:
        self.configurations.append(conf)

    def run_state(self, dag: str, run: str) -> str:
        return "success"

    def tasks(self, dag: str, run: str) -> list[TaskState]:
        return []

    def xcom(self, dag: str, run: str, task: str, key: str) -> Any:
        return {"headline": "1 query", "findings": [], "queries": [COLUMNS, PROMISED, NOT_PROMISED]}


def measured(api: FakeAirflow) -> BenchmarkSummary:
    with Board(Console(quiet=True)) as board:
        return measure(api, "local", board)


def test_benchmark_of_make_up_is_recorded_because_it_measures_all_ranges() -> None:
    api = FakeAirflow()

    measured(api)

    assert api.configurations[0].keys() == {"environment", "rounds", "most_rounds"}


def test_benchmark_of_make_up_shows_each_query_over_its_promised_range() -> None:
    assert measured(FakeAirflow()).queries == (COLUMNS, PROMISED)
