"""Alerts about the DAGs of any team, for `logops.airflow.notifier`. Pure.

Their sender is `airflow`, not `logops`: a delivery of findings ends only the alerts of its own sender.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from logops.alerts.from_finding import label_text
from logops.clients.alertmanager.model import Alert, LabelSet
from logops.environment import Environment
from logops.environment.alerts import Severity


@dataclass(frozen=True, slots=True)
class DagWork:
    """A task of a DAG, or a whole run of it."""

    dag_id: str
    run_id: str
    task_id: str = ""
    """Empty: the whole run."""
    map_index: int = -1
    """Number of a mapped task; -1: the task is not mapped."""
    log_url: str = ""

    def __str__(self) -> str:
        number = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"task {self.task_id}{number} of DAG {self.dag_id}" if self.task_id else f"DAG {self.dag_id}"


def failure_alert(
    work: DagWork,
    environment: Environment,
    severity: Severity,
    now: datetime,
    *,
    team: str = "",
    message: str = "",
    runbook: str = "",
    lasts: timedelta,
) -> Alert:
    """Return the alert that a task or a run failed. The same task in another run has the same labels.

    team      who must act; empty: `alerts.team` of the environment
    message   empty: which run failed
    lasts     the alert ends by itself after this time
    """
    texts = {
        "summary": message or f"{str(work)[0].upper()}{str(work)[1:]} failed in run {work.run_id}.",
        "run": work.run_id,
        "page": work.log_url,
        "runbook": runbook,
    }
    texts = {name: text for name, text in texts.items() if text}
    return Alert(_labels(work, environment, severity, team), texts, now, now + lasts)


def success_alert(
    work: DagWork, environment: Environment, severity: Severity, now: datetime, *, team: str = ""
) -> Alert:
    """Return the end of the alert that this task or DAG failed."""
    summary = f"{str(work)[0].upper()}{str(work)[1:]} succeeded in run {work.run_id}."
    return Alert(_labels(work, environment, severity, team), {"summary": summary}, now - timedelta(seconds=1), now)


def _labels(work: DagWork, environment: Environment, severity: Severity, team: str) -> LabelSet:
    labels = {
        "alertname": "task-failed" if work.task_id else "dag-failed",
        "sender": "airflow",
        "environment": environment.name,
        "severity": severity,
        "team": team or environment.alerts.team,
        "dag_id": work.dag_id,
        "task_id": work.task_id,
        "map_index": str(work.map_index) if work.map_index >= 0 else "",
    }
    return frozenset((name, label_text(value)) for name, value in labels.items() if value)
