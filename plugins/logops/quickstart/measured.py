"""Run the DAG query_benchmark through Airflow's API, and show its result."""

from dataclasses import dataclass
from datetime import UTC, datetime

from logops.benchmark.summary import NO_PROMISE
from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import summary_of
from logops.toolchain.progress_board import Board

DAG = "query_benchmark"
ROUNDS = 6
"""Few rounds, because a person is waiting; enough to judge the objectives."""
_USUAL_SECONDS = {"measure": 40.0}
_PROMISED = 3
"""The column of the promised time."""


@dataclass(frozen=True)
class BenchmarkSummary:
    """The result of a benchmark."""

    headline: str
    findings: tuple[str, ...]
    queries: tuple[tuple[str, ...], ...]
    """Column names, then one row per query, over the range for which a time is promised."""


def measure(api: AirflowApi, environment: str, board: Board) -> BenchmarkSummary:
    """Trigger a benchmark and show it until it ends. Findings are a result, not an error.

    It measures all ranges of the environment: a run of a part of them is not recorded, and the page says "never".

    Raises NoResultError if it ends without a result.
    """
    run = run_id(environment, datetime.now(UTC))
    api.trigger(DAG, run, {"environment": environment, "rounds": ROUNDS, "most_rounds": ROUNDS})
    summary = summary_of(api, DAG, run, "measure", board, _USUAL_SECONDS)
    return BenchmarkSummary(
        str(summary["headline"]),
        tuple(map(str, summary["findings"])),
        tuple(tuple(map(str, row)) for row in summary["queries"] if row[_PROMISED] != NO_PROMISE),
    )
