"""Where the run of a check is in Airflow. Pure."""

from urllib.parse import quote

from logops.findings import Run

_DAGS = {
    "tiering-audit": "retention_audit",
    "queries": "query_benchmark",
    "alerts": "alert_delivery",
    "drift": "drift_watch",
    "airflow-files": "drift_watch",
}
"""DAGs with another name than their check."""
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
