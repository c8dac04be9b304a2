"""Run the DAG drift_watch through Airflow's API, and show its result."""

from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import headline_of
from logops.toolchain.progress_board import Board

DAG = "drift_watch"
_USUAL_SECONDS = {"compare": 8.0}


def compare(api: AirflowApi, environment: str, board: Board, command: str = "make-up") -> str:
    """Trigger a comparison and show it until it ends. Return its result in one line: a difference is a result as well.

    command   begins the id of the run

    Raises NoResultError if it ends without a result.
    """
    run = run_id(environment, datetime.now(UTC), command)
    api.trigger(DAG, run, {"environment": environment})
    return headline_of(api, DAG, run, "compare", board, _USUAL_SECONDS)
