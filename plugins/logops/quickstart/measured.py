"""The DAG query_benchmark, run through Airflow's API and shown; what it measured."""

from dataclasses import dataclass
from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.show import Board
from logops.quickstart.watch import summary_of

DAG = "query_benchmark"
ROUNDS = 6
"""Enough to judge the objectives, and soon over: a person waits."""
_USUAL_SECONDS = {"measure": 20.0}


@dataclass(frozen=True)
class Measured:
    """What a benchmark measured."""

    headline: str
    findings: tuple[str, ...]
    queries: tuple[tuple[str, ...], ...]
    """Names of columns, then a row a query."""


def measure(api: AirflowApi, environment: str, board: Board) -> Measured:
    """Trigger a benchmark of an environment and show it until it ends. A finding is a result, no error.

    Raises NoResultError where it ends without one.
    """
    run = run_id(environment, datetime.now(UTC))
    api.trigger(DAG, run, {"environment": environment, "rounds": ROUNDS, "most_rounds": ROUNDS, "ranges": []})
    summary = summary_of(api, DAG, run, "measure", board, _USUAL_SECONDS)
    return Measured(
        str(summary["headline"]),
        tuple(map(str, summary["findings"])),
        tuple(tuple(map(str, row)) for row in summary["queries"]),
    )
