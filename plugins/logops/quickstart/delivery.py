"""Run the DAG alert_delivery through Airflow's API, and show its result."""

from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import headline_of
from logops.toolchain.progress_board import Board

DAG = "alert_delivery"
_USUAL_SECONDS = {"send": 6.0}


def deliver_alerts(api: AirflowApi, environment: str, board: Board, command: str = "make-up") -> str:
    """Trigger a delivery and show it until it ends. Return its result in one line.

    command   begins the id of the run

    A run that is red because an Alertmanager or a check is missing is a result as well. Raises NoResultError if it ends
    without a result.
    """
    run = run_id(environment, datetime.now(UTC), command)
    api.trigger(DAG, run, {"environment": environment})
    return headline_of(api, DAG, run, "send", board, _USUAL_SECONDS)
