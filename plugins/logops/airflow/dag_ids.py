"""The ids of the DAGs. Airflow reads this module whenever it parses a DAG file: no imports."""

ROLLOUT = "rollout"
NIGHTLY = ("storage_lifecycle", "compaction_audit", "retention_audit", "content_audit", "query_benchmark")
"""DAGs that run every night, once the first rollout has succeeded."""
QUALITY = "ingestion_quality"
DRIFT = "drift_watch"
ALERTS = "alert_delivery"
SCHEDULED = (*NIGHTLY, QUALITY, DRIFT, ALERTS)
"""DAGs that Airflow starts by itself, once the first rollout has succeeded."""
CHECKS = {
    "compaction_audit": ("compaction-audit",),
    "retention_audit": ("retention-audit", "tiering-audit"),
    "content_audit": ("content-audit",),
    "query_benchmark": ("queries",),
    QUALITY: ("ingestion-quality",),
    DRIFT: ("drift", "airflow-files"),
}
"""The checks that a DAG runs."""
