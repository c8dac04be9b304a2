"""Run the DAG query_benchmark through Airflow's API, and show its result."""

from dataclasses import dataclass
from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import summary_of
from logops.toolchain.progress_board import Board

DAG = "query_benchmark"
ROUNDS = 6
"""Few rounds, because a person is waiting; enough to judge the objectives."""
_USUAL_SECONDS = {"measure": 20.0}


@dataclass(frozen=True)
class BenchmarkSummary:
    """The result of a benchmark."""

    headline: str
    findings: tuple[str, ...]
    queries: tuple[tuple[str, ...], ...]
    """Column names, then one row per query."""


def measure(api: AirflowApi, environment: str, board: Board) -> BenchmarkSummary:
    """Trigger a benchmark and show it until it ends. Findings are a result, not an error.

    Raises NoResultError if it ends without a result.
    """
    run = run_id(environment, datetime.now(UTC))
    api.trigger(DAG, run, {"environment": environment, "rounds": ROUNDS, "most_rounds": ROUNDS, "ranges": []})
    summary = summary_of(api, DAG, run, "measure", board, _USUAL_SECONDS)
    return BenchmarkSummary(
        str(summary["headline"]),
        tuple(map(str, summary["findings"])),
        tuple(tuple(map(str, row)) for row in summary["queries"]),
    )
