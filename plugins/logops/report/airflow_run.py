"""Where the run of a check, its log and the form of a rollout are in Airflow. Pure."""

from urllib.parse import quote

from logops.findings import Finding, Run

_DAGS = {
    "tiering-audit": "retention_audit",
    "queries": "query_benchmark",
    "alerts": "alert_delivery",
    "drift": "drift_watch",
    "airflow-files": "drift_watch",
}
"""DAGs with another name than their check."""
_TASKS = {
    "compaction_audit": "reduce",
    "retention_audit": "reduce",
    "content_audit": "reduce",
    "query_benchmark": "measure",
    "ingestion_quality": "check",
    "drift_watch": "compare",
    "rollout": "summary",
}
"""The task of a DAG whose log has the findings."""
_FORM = "logops-rollout/?"
"""Beginning of the address of the filled form. Evidence is data: no other address becomes a link."""
_AIRFLOW = ("scheduled__", "manual__", "asset_triggered__", "backfill__", "make-up-")
"""How the ids of runs begin that Airflow, a person in Airflow, or `make up` started."""


def dag_of(check: str) -> str:
    """Return the DAG of a check.

    >>> dag_of("compaction-audit"), dag_of("tiering-audit")
    ('compaction_audit', 'retention_audit')
    """
    return _DAGS.get(check, check.replace("-", "_"))


def run_path(run: Run) -> str:
    """Return the path of a run below Airflow's address; empty if it was not run in Airflow."""
    return f"dags/{dag_of(run.check)}/runs/{quote(run.id, safe='')}" if run.id.startswith(_AIRFLOW) else ""


def log_path(run: Run) -> str:
    """Return the path of the log that has the findings of a run; empty if it was not run in Airflow."""
    task = _TASKS.get(dag_of(run.check))
    return f"{run_path(run)}/tasks/{task}" if run_path(run) and task else ""


def form_path(finding: Finding) -> str:
    """Return the path of the form for the rollout that corrects a finding; empty: no rollout corrects it."""
    form = str(finding.evidence.get("rollout_form", ""))
    return form if form.startswith(_FORM) else ""
