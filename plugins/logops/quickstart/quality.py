"""Run the DAG ingestion_quality through Airflow's API, and show its result."""

from dataclasses import dataclass
from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import summary_of
from logops.toolchain.progress_board import Board

DAG = "ingestion_quality"
_USUAL_SECONDS = {"check": 15.0}


@dataclass(frozen=True)
class QualitySummary:
    """The result of a quality run."""

    headline: str
    has_findings: bool
    sources: tuple[tuple[str, ...], ...]
    """Column names, then one row per source."""


def check_quality(api: AirflowApi, environment: str, board: Board) -> QualitySummary:
    """Trigger a quality run and show it until it ends. Findings are a result, not an error.

    Raises NoResultError if it ends without a result.
    """
    run = run_id(environment, datetime.now(UTC))
    api.trigger(DAG, run, {"environment": environment})
    summary = summary_of(api, DAG, run, "check", board, _USUAL_SECONDS)
    return QualitySummary(
        str(summary["headline"]),
        bool(summary["findings"]),
        tuple(tuple(map(str, row)) for row in summary["sources"]),
    )
