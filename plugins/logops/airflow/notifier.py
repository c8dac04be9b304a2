"""A notifier for any DAG: a failure is an alert in the Alertmanager of an environment, and a success ends it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier, Context

if TYPE_CHECKING:
    from logops.alerts.dag_alert import DagWork
    from logops.environment.alerts import Severity
    from logops.environment.cluster import Data

_RETRY_FOR_S = 10.0


class LogopsNotifier(BaseNotifier):
    """Tell Alertmanager that a task or a run failed, or that it succeeded again.

    Set it twice, with the same values, in a DAG or in `default_args`::

        with DAG(
            ...,
            on_failure_callback=LogopsNotifier(environment="production", team="shop"),
            on_success_callback=LogopsNotifier(environment="production", team="shop", resolves=True),
        ):

    In a DAG, a run that fails is one alert `dag-failed`. In a task, it is `task-failed`, one alert for each task.

    :param environment: name of a file in include/environments; its `alerts` names the Alertmanagers (templated).
    :param team: who must act; routes select by it. Default: `alerts.team` of the environment (templated).
    :param severity: warning, error or critical; routes select by it.
    :param message: what failed, for people (templated). Default: DAG, task and run.
    :param runbook: address of the document that says what to do (templated).
    :param security: send to the Alertmanager of the security clusters instead.
    :param resolves: end the alert: for success callbacks.
    :param lasts: the alert ends by itself after this time, if no success ends it.
    """

    template_fields: Sequence[str] = ("environment", "team", "message", "runbook")

    def __init__(
        self,
        *,
        environment: str,
        team: str = "",
        severity: "Severity" = "error",
        message: str = "",
        runbook: str = "",
        security: bool = False,
        resolves: bool = False,
        lasts: timedelta = timedelta(days=7),
    ) -> None:
        super().__init__()
        if severity not in ("warning", "error", "critical"):
            raise ValueError(f"LogopsNotifier: severity {severity!r} is not one of: warning, error, critical")
        self.environment = environment
        self.team = team
        self.severity = severity
        self.message = message
        self.runbook = runbook
        self.resolves = resolves
        self.lasts = lasts
        self._audience: Data = "security" if security else "standard"

    def notify(self, context: Context) -> None:
        """Send the alert, or its end, to every Alertmanager. Airflow logs an error if none accepts it."""
        from logops.airflow.operators.work import open_to_read, read_environment
        from logops.alerts.dag_alert import failure_alert, success_alert
        from logops.alerts.send import send_to_all

        environment = read_environment(self.environment)
        now = datetime.now(UTC).replace(microsecond=0)
        work = _work(context)
        if self.resolves:
            alert = success_alert(work, environment, self.severity, now, team=self.team)
        else:
            alert = failure_alert(
                work,
                environment,
                self.severity,
                now,
                team=self.team,
                message=self.message,
                runbook=self.runbook,
                lasts=self.lasts,
            )
        accepted = send_to_all(open_to_read(environment), self._audience, [alert], _RETRY_FOR_S)
        self.log.info("%s: sent to %s", alert.annotations["summary"], ", ".join(accepted))


def _work(context: Context) -> "DagWork":
    """Return what the callback is about. Airflow gives a reason only to callbacks of a whole run."""
    from logops.alerts.dag_alert import DagWork

    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    ti = context.get("ti")
    if "reason" in context or ti is None:
        return DagWork(dag_id, run_id, log_url=ti.log_url if ti else "")
    return DagWork(dag_id, run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index, ti.log_url)
