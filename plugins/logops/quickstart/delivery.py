"""Run the DAG alert_delivery through Airflow's API, and show its result."""

from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.errors import NoResultError
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import Watch
from logops.toolchain.progress_board import Board

DAG = "alert_delivery"
_HEADLINE = "headline"
"""XCom key of the result in one line (`logops.airflow.operators.work`)."""
_USUAL_SECONDS = {"send": 6.0}


def deliver_alerts(api: AirflowApi, environment: str, board: Board, command: str = "make-up") -> str:
    """Trigger a delivery and show it until it ends. Return its result in one line.

    command   begins the id of the run

    A run that is red because an Alertmanager or a check is missing is a result as well. Raises NoResultError if it ends
    without a result.
    """
    run = run_id(environment, datetime.now(UTC), command)
    api.trigger(DAG, run, {"environment": environment})
    watch = Watch(api, DAG, run, board, _USUAL_SECONDS)
    try:
        watch.until_ended()
    except KeyboardInterrupt:
        # A delivery sends the whole state: there is nothing to roll back.
        api.fail_run(DAG, run)
        raise
    headline = api.xcom(DAG, run, "send", _HEADLINE)
    if headline is None:
        raise NoResultError(f"The run {run} of {DAG} gave no result.\n" + "\n".join(watch.failures()))
    return str(headline)
